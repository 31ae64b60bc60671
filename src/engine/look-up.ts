/** Looking at single records, for whoever settles what was seen: `store/observed.ts`. */
import type { Reader, ReadScope, Wanted } from '../connectors/connector.ts'
import type { System } from '../domain/policy.ts'
import { beginLook, type Asked, type Seen } from '../store/observed.ts'
import { configOf, connectorOf, type Context } from './context.ts'
import { withProtected } from './read-system.ts'

export interface Looking {
  system: System
  reader: Reader
  scope: ReadScope
  /** Milliseconds for which a mirror of the system may be behind. */
  settleMs: number
  signal: AbortSignal
}

export async function lookUp(context: Context, { system, reader, scope, settleMs, signal }: Looking, wanted: Wanted[], asked: Asked[]): Promise<Seen> {
  const look = await beginLook(context.pool)
  const older = new Date(Date.parse(context.now()) - settleMs).toISOString()
  const found = wanted.length === 0 ? { records: [], memberships: [], rejected: [] } : await reader.lookup!(wanted, scope, signal)
  return { page: withProtected(system, found), asked, look, older }
}

export const settleMsOf = (context: Context, system: System): number => connectorOf(context, system).describe(configOf(context, system)).limits.settleMs
