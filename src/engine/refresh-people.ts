/** Looks at some people's accounts in their systems now, without reading the systems whole. */
import { UsherError } from '../domain/errors.ts'
import { settleLookup, type LinkedAccount } from '../store/observed.ts'
import { openReader, systemOf, type Context, type Revision } from './context.ts'
import { lookUp, settleMsOf } from './look-up.ts'
import { scopeOf } from './read-system.ts'

export async function refreshPeople(context: Context, revision: Revision, accounts: LinkedAccount[], signal: AbortSignal): Promise<void> {
  await Promise.all([...Map.groupBy(accounts, (a) => a.systemId)].map(async ([systemId, own]) => {
    const system = systemOf(revision.policy, systemId)
    const reader = openReader(context, system)
    try {
      if (reader.lookup === undefined) return
      const asked = own.map((a) => ({ objectType: a.objectType, id: a.nativeId }))
      const seen = await lookUp(context, { system, reader, scope: scopeOf(context, revision, system), settleMs: settleMsOf(context, system), signal }, asked, asked)
      await settleLookup(context.pool, systemId, seen, context.now())
    } catch (error) {
      // The plan goes on with what was last seen; applying looks again before it writes.
      context.log.warn({ system: systemId, code: error instanceof UsherError ? error.code : 'INTERNAL' }, 'an account could not be looked at')
    } finally {
      await reader.close()
    }
  }))
}
