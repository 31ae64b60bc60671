/** Prometheus metrics: this process's requests, and the state of the whole from the database. */
import type { FastifyInstance } from 'fastify'
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { countLeavers, timesToZero } from '../store/leaver-views.ts'
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
  const toZero = new Histogram({
    name: 'time_to_zero_seconds', help: 'From the start of a leaver\'s clock until they were seen gone, by system and in total', labelNames: ['system'], registers,
    buckets: [0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 300, 3600, 86_400],
    async collect() { await observeNewZeros() },
  })
  // Each leaver is counted once; those of the last minutes are asked for again, as their rows may have come in any order.
  let since: string | null = null
  let counted = new Set<string>()
  async function observeNewZeros(): Promise<void> {
    const found = await timesToZero(pool, since)
    for (const { key, system, seconds } of found) {
      if (!counted.has(key)) toZero.observe({ system: system ?? 'total' }, seconds)
    }
    counted = new Set(found.map((f) => f.key))
    const last = found.reduce((latest, f) => (f.goneAt > latest ? f.goneAt : latest), since ?? '')
    if (last !== '') since = Temporal.Instant.from(last).subtract({ minutes: 5 }).toString()
  }

  gauge('usher_leavers_running', 'People who left and are not gone everywhere', [], async (db) => [{ labels: {}, value: (await countLeavers(db)).running }])
  gauge('usher_plans', 'Plans, by state', ['state'], planFigures)
  gauge('usher_changes', 'Changes of plans that are not over, by system and state', ['system', 'state'], changeFigures)
  gauge('usher_people', 'People, by state', ['state'], peopleFigures)
  gauge('usher_findings', 'Open findings', ['code', 'severity'], findingFigures)
  gauge('usher_last_complete_read_timestamp_seconds', 'When a system was last read to the end', ['system'], readFigures)
  gauge('usher_audit_unsealed', 'Audit rows that are not in the chain yet', [], unsealedFigure)

  serve(app, session.metrics, async () => await register.metrics())
}
