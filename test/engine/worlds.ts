/** The worlds of one test file, all on one PostgreSQL and closed after it, and the people who live in most of them. */
import { after, before } from 'node:test'
import type { Policy } from '../../src/domain/policy.ts'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'
import { openWorld, type World } from './plan-fixture.ts'

/** To be called once, at the top of a file. */
export function openWorlds(): (edit?: (policy: Policy) => void) => Promise<World> {
  let server: TestPostgres
  const worlds: World[] = []
  before(async () => { server = await startPostgres() })
  after(async () => {
    await Promise.all(worlds.map((w) => w.close()))
    await server.stop()
  })
  return async (edit) => {
    const world = await openWorld(server, edit)
    worlds.push(world)
    return world
  }
}

export const anna = { id: '1', first: 'Anna', last: 'Nowak' }
export const bo = { id: '2', first: 'Bo', last: 'Ek', department: 'Data' }
export const cy = { id: '3', first: 'Cy', last: 'Lee' }
