/** Prometheus metrics: this process's requests, and the state of the whole from the database. */
import type { FastifyInstance } from 'fastify'
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { changeFigures, findingFigures, peopleFigures, planFigures, readFigures, unsealedFigure } from '../store/metric-views.ts'
import type { Figure } from '../store/metric-views.ts'
import { session } from './contract/index.ts'
import type { Door } from './door.ts'
import { serve } from './serve.ts'

export function metricRoutes(app: FastifyInstance, door: Door): void {
  const { pool } = door.context
  const registers = [new Registry()]
  const [register] = registers as [Registry]
  collectDefaultMetrics({ register })

  const requests = new Histogram({
    name: 'usher_http_request_seconds', help: 'Time that requests took, by route', labelNames: ['method', 'route', 'status'], registers,
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
  })
  app.addHook('onResponse', async (request, reply) => {
    requests.observe({ method: request.method, route: request.routeOptions.url ?? 'none', status: reply.statusCode }, reply.elapsedTime / 1000)
  })

  const gauge = (name: string, help: string, labelNames: string[], figures: (db: typeof pool) => Promise<Figure[]>): void => {
    new Gauge({
      name, help, labelNames, registers,
      async collect() {
        this.reset()
        for (const { labels, value } of await figures(pool)) this.set(labels, value)
      },
    })
  }
  gauge('usher_plans', 'Plans, by state', ['state'], planFigures)
  gauge('usher_changes', 'Changes of plans that are not over, by system and state', ['system', 'state'], changeFigures)
  gauge('usher_people', 'People, by state', ['state'], peopleFigures)
  gauge('usher_findings', 'Open findings', ['code', 'severity'], findingFigures)
  gauge('usher_last_complete_read_timestamp_seconds', 'When a system was last read to the end', ['system'], readFigures)
  gauge('usher_audit_unsealed', 'Audit rows that are not in the chain yet', [], unsealedFigure)

  serve(app, session.metrics, async () => await register.metrics())
}
