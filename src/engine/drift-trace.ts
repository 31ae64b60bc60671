/** Asks systems who did what was just found to have drifted. What they do not say stays unknown; nothing waits for it. */
import { tells } from '../domain/drift-words.ts'
import { UsherError } from '../domain/errors.ts'
import type { Reader, Traced } from '../connectors/connector.ts'
import { setDriftTraces, untracedDrift, type Untraced } from '../store/drift-trace.ts'
import { openReader, systemOf, type Context, type Revision } from './context.ts'

/** More than these at once were hardly done by hand. */
const askedMax = 500
const waitMsMax = 10_000

export async function traceDrift(context: Context, revision: Revision, firstSeenAt: string, signal: AbortSignal): Promise<void> {
  const rows = await untracedDrift(context.pool, firstSeenAt, askedMax).catch(() => [])
  await Promise.all([...Map.groupBy(rows, (row) => row.systemId)].map(async ([systemId, own]) => {
    try {
      await traceIn(context, openReader(context, systemOf(revision.policy, systemId)), own, AbortSignal.any([signal, AbortSignal.timeout(waitMsMax)]))
    } catch (error) {
      context.log.warn({ system: systemId, code: error instanceof UsherError ? error.code : 'INTERNAL' }, 'who changed something by hand could not be asked')
    }
  }))
}

async function traceIn(context: Context, reader: Reader, rows: Untraced[], signal: AbortSignal): Promise<void> {
  try {
    const traces = await reader.trace?.(rows.map(asked), signal) ?? []
    await setDriftTraces(context.pool, rows.flatMap(({ id, lastRightAt }, i) => {
      const trace = traces[i] ?? null
      return trace !== null && tells(trace, lastRightAt) ? [{ id, trace }] : []
    }))
  } finally {
    await reader.close()
  }
}

function asked({ objectType, nativeId, entitlementType, entitlementNativeId }: Untraced): Traced {
  const account = { objectType, id: nativeId }
  return entitlementType === null || entitlementNativeId === null ? account : { ...account, entitlement: { objectType: entitlementType, id: entitlementNativeId } }
}
