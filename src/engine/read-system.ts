/** Reads a destination fully and settles what was seen. Nothing is ever decided from a read that did not end well. */
import { UsherError, type ErrorCode } from '../domain/errors.ts'
import { accountJobs, type System } from '../domain/policy.ts'
import { connected, withTransaction } from '../store/database.ts'
import { keepHidden } from '../store/contract.ts'
import { beginObservation, closeStaging, countLinked, endObservation, openStaging, settleStaging, stagePage } from '../store/observation.ts'
import { connectorOf, configOf, openReader, type Context, type Revision } from './context.ts'
import { judgeSystem, systemCounter } from './system-contract.ts'
import type { KnownAccounts, Page, ReadEnd, ReadScope } from '../connectors/connector.ts'

/** More accounts than these do not vanish all at once. */
const emptyMin = 5

export interface ReadResult {
  observationId: string
  complete: boolean
  accounts: number
  entitlements: number
  memberships: number
  code: ErrorCode | null
  because: string | null
  /** Of the ways in which the read is out of contract; who releases it says that it is right. */
  contractHash?: string
}

export async function readSystem(context: Context, revision: Revision, system: System, signal: AbortSignal): Promise<ReadResult> {
  const observationId = context.newId()
  const readAt = context.now()
  await beginObservation(context.pool, observationId, system.id, readAt)
  const finish = async (result: Omit<ReadResult, 'observationId'>): Promise<ReadResult> => {
    const { complete, contractHash: _, ...rest } = result
    await endObservation(context.pool, observationId, { ...rest, state: complete ? 'complete' : 'incomplete' })
    return { observationId, ...result }
  }
  let reader
  try {
    reader = openReader(context, system)
    const scope = scopeOf(context, revision, system)
    const capabilities = connectorOf(context, system).describe(configOf(context, system))
    const older = new Date(Date.parse(readAt) - capabilities.limits.settleMs).toISOString()
    const kinds = new Map(capabilities.objectTypes.map((t) => [t.name, t.kind]))
    const opened = reader
    const isProtected = protectedBy(system)
    const { counts, end, contractHash } = await connected(context.pool, async (client) => {
      const staging = await openStaging(client, system.id)
      const counting = systemCounter(scope, kinds, staging)
      const known: KnownAccounts = {
        pass: (objectType, id, shown) => staging.known.pass(objectType, id, shown), ...(system.protected.length === 0 ? {} : { isProtected }),
      }
      const read = await stageAll(opened.read({ ...scope, known }, signal), (page) => {
        counting.add(page)
        return stagePage(client, staging, page, kinds, isProtected)
      })
      const { end, contractHash, hidden } = await judgeSystem(client, { system, observationId, readAt, counted: counting.result(), end: read })
      const counts = await withTransaction(client, async () => {
        const before = read.complete && staging.accounts === 0 ? await countLinked(client, system.id) : 0
        if (before > emptyMin) {
          throw new UsherError('SYSTEM_EMPTY', `It shows no account at all, where ${before} of people were. Check where it is told to look.`)
        }
        if (hidden !== undefined && hidden.length > 0) await keepHidden(client, system.id, hidden)
        return await settleStaging(client, staging, system.id, { now: readAt, older, complete: end.complete })
      })
      await closeStaging(client)
      return { counts, end, contractHash }
    })
    return await finish({ ...counts, complete: end.complete, code: end.complete ? null : end.code, because: end.complete ? null : end.because, ...(contractHash === undefined ? {} : { contractHash }) })
  } catch (error) {
    const known = error instanceof UsherError ? error : null
    if (known === null) context.log.error({ system: system.id, err: error }, 'reading a system failed')
    return await finish({
      complete: false, accounts: 0, entitlements: 0, memberships: 0,
      code: known?.code ?? 'SYSTEM_READ_INCOMPLETE', because: known?.message ?? `Reading ${system.name} failed unexpectedly.`,
    })
  } finally {
    await reader?.close().catch(() => {})
  }
}

/** Each page is settled while the next one is on its way. */
async function stageAll(pages: AsyncGenerator<Page, ReadEnd>, stage: (page: Page) => Promise<void>): Promise<ReadEnd> {
  let staged = Promise.resolve()
  try {
    for (;;) {
      const next = await pages.next()
      await staged
      if (next.done === true) return next.value
      staged = stage(next.value)
      // Looked at with the next page; until then it may fail unseen.
      staged.catch(() => {})
    }
  } finally {
    await staged.catch(() => {})
    await pages.return({ complete: false, count: 0, code: 'SYSTEM_READ_INCOMPLETE', because: 'The read was stopped.' })
  }
}

/** Only what some job maps, matches by or grants is asked for: least data, and less work. */
export function scopeOf(context: Context, revision: Revision, system: System): ReadScope {
  const capabilities = connectorOf(context, system).describe(configOf(context, system))
  const jobs = accountJobs(revision.policy).filter((j) => j.destination === system.id)
  const attributes: Record<string, string[]> = {}
  for (const type of capabilities.objectTypes.filter((t) => t.kind === 'account')) {
    const own = jobs.filter((j) => j.objectType === type.name)
    if (own.length === 0) continue
    const naming = type.attributes.filter((a) => a.naming === true).map((a) => a.name)
    const demanded = Object.keys(system.completeness?.attributes ?? {})
    attributes[type.name] = [...new Set([...naming, ...demanded, ...own.flatMap((j) => [...Object.keys(j.mapping), ...j.match])])].filter((a) => {
      const description = type.attributes.find((d) => d.name === a)
      return description?.secret !== true && (a !== 'name' || description !== undefined)
    })
  }
  return { objectTypes: [], attributes }
}

/** A page in which what the configuration protects is protected. */
export function withProtected(system: System, page: Page): Page {
  const isProtected = protectedBy(system)
  return { ...page, records: page.records.map((r) => (isProtected(r.id, r.name) ? { ...r, protected: true } : r)) }
}

/** Whether a record is one that the system's configuration protects. */
export function protectedBy(system: System): (id: string, name: string) => boolean {
  if (system.protected.length === 0) return () => false
  const patterns = system.protected.map((p) =>
    new RegExp(`^${p.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`, 'i'))
  return (id, name) => patterns.some((p) => p.test(id) || p.test(name))
}
