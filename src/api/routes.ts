/** All routes, by noun. */
import type { FastifyInstance } from 'fastify'
import type { Door } from './door.ts'
import { sessionRoutes } from './session.ts'

export function registerRoutes(app: FastifyInstance, door: Door): void {
  for (const routes of [sessionRoutes]) routes(app, door)
}
