/** All routes, by noun. */
import type { FastifyInstance } from 'fastify'
import { auditRoutes } from './audit.ts'
import type { Door } from './door.ts'
import { driftRoutes } from './drift.ts'
import { findingRoutes } from './finding.ts'
import { jobRoutes } from './job.ts'
import { leaverRoutes } from './leaver.ts'
import { metricRoutes } from './metrics.ts'
import { overviewRoutes } from './overview.ts'
import { personRoutes } from './person.ts'
import { planRoutes } from './plan.ts'
import { policyRoutes } from './policy.ts'
import { secretRoutes } from './secret.ts'
import { sessionRoutes } from './session.ts'
import { systemRoutes } from './system.ts'

export function registerRoutes(app: FastifyInstance, door: Door): void {
  const all = [
    sessionRoutes, metricRoutes, overviewRoutes, personRoutes, leaverRoutes, systemRoutes, jobRoutes, planRoutes, driftRoutes, policyRoutes, findingRoutes,
    secretRoutes, auditRoutes,
  ]
  for (const routes of all) routes(app, door)
}
