/** All routes, by noun. */
import type { FastifyInstance } from 'fastify'
import type { Door } from './door.ts'
import { findingRoutes } from './finding.ts'
import { jobRoutes } from './job.ts'
import { overviewRoutes } from './overview.ts'
import { personRoutes } from './person.ts'
import { planRoutes } from './plan.ts'
import { policyRoutes } from './policy.ts'
import { sessionRoutes } from './session.ts'
import { systemRoutes } from './system.ts'

export function registerRoutes(app: FastifyInstance, door: Door): void {
  for (const routes of [sessionRoutes, overviewRoutes, personRoutes, systemRoutes, jobRoutes, planRoutes, policyRoutes, findingRoutes]) routes(app, door)
}
