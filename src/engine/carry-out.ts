/**
 * Carries out one batch of approved changes of one system and wave:
 * look, recompute, write, look again, record. A change is done when it was seen, not when it was sent.
 */
import type { Outcome, Page, Reader, ReadScope, SystemChange, Wanted, Writer } from '../connectors/connector.ts'
import { decide, sameAttribute, type AccountFacts, type DecidedChange } from '../domain/decide.ts'
import { UsherError } from '../domain/errors.ts'
import type { System } from '../domain/policy.ts'
import type { Attributes, Value } from '../domain/value.ts'
import { transaction } from '../store/database.ts'
import { loadFacts, pairKey } from '../store/facts.ts'
import { keepNames } from '../store/name.ts'
import { foundReasons, linkAccounts, markGranted, settleLookup } from '../store/observed.ts'
import { endChanges, type ChangeEnd, type ChangeRow, type PlanRow } from '../store/plan.ts'
import { auditChanges } from './audit-changes.ts'
import type { Context, Revision } from './context.ts'
import { factsOf, hashChange, type Deciding } from './facts.ts'
import { firstPasswords } from './handover.ts'
import { protectedBy } from './read-system.ts'
import type { PreparedJob } from './evaluate-people.ts'

export interface Hands {
  context: Context
  plan: PlanRow
  revision: Revision
  system: System
  deciding: Deciding
  holders: { systemId: string; jobId: string }[]
  reader: Reader
  writer: Writer
  scope: ReadScope
  parallel: number
  settleMs: number
  canEndSessions: boolean
  signal: AbortSignal
}

/** What became of one change, before and after the system was asked. */
interface Attempt {
  change: ChangeRow
  decided: DecidedChange | null
  facts: AccountFacts | null
  outcome: Outcome | null
  end: ChangeEnd | null
}

/** Returns whether the system answered at all; if not, the caller pauses. */
export async function carryOut(hands: Hands, changes: ChangeRow[]): Promise<{ reachable: boolean }> {
  const { context, system, plan } = hands
  try {
    await look(hands, await wantedBefore(hands, changes))
  } catch (error) {
    return await giveBack(hands, changes, error)
  }
  const attempts = await recompute(hands, changes)
  await markAchieved(hands, attempts)
  const secrets = await firstPasswords(context, attempts.filter((a) => a.decided?.kind === 'create').map((a) => a.change), hands.deciding.jobs)
  await inParallel(attempts.filter((a) => a.decided !== null && a.end === null), hands.parallel, async (attempt) => {
    attempt.outcome = await perform(hands, attempt, secrets.get(`${attempt.change.personId} ${attempt.change.jobId}`))
  })
  await adoptExisting(hands, attempts)
  const written = attempts.filter((a) => a.outcome?.outcome === 'done' || a.outcome?.outcome === 'already')
  try {
    const asked = written.flatMap((a) => (a.outcome !== null && 'id' in a.outcome ? [{ objectType: a.change.objectType!, id: a.outcome.id }] : []))
    if (asked.length > 0) await settle(hands, asked)
    await linkCreated(hands, written)
  } catch (error) {
    // It was written and could not be seen: looked at again later; writing twice does no harm.
    if (!(error instanceof UsherError)) throw error
    for (const attempt of written) attempt.end = again(context, attempt.change, error.code, error.message)
  }
  await confirm(hands, attempts)
  const ends = attempts.map((a) => a.end ?? failedEnd(context, a))
  const now = context.now()
  await transaction(context.pool, async (client) => {
    await endChanges(client, plan.id, ends, now)
    await auditChanges(client, hands, attempts.map((a, i) => ({ change: a.change, end: ends[i]! })), now)
  })
  const failures = attempts.filter((a) => a.outcome?.outcome === 'failed')
  const unreachable = failures.filter((a) => a.outcome?.outcome === 'failed' && a.outcome.code === 'SYSTEM_UNREACHABLE')
  return { reachable: unreachable.length === 0 || unreachable.length < attempts.length / 2 }
}

/** Linking and everything else that only Usher's own rows change by. */
export async function carryOutLinks(hands: Hands, changes: ChangeRow[]): Promise<void> {
  const { context, system, plan, revision } = hands
  const now = context.now()
  await transaction(context.pool, async (client) => {
    const { rows } = await client.query<{ id: string; objectType: string; nativeId: string; name: string; free: boolean }>(
      `select id, object_type as "objectType", native_id as "nativeId", name, person_id is null and gone_at is null and not protected as free
         from account where id = any($1::bigint[]) for update`, [changes.map((c) => c.accountId)])
    const accounts = new Map(rows.map((row) => [row.id, row]))
    const ends: ChangeEnd[] = []
    const links: { objectType: string; nativeId: string; personId: string; jobId: string }[] = []
    for (const change of changes) {
      const account = accounts.get(change.accountId!)
      if (account?.free !== true || account.name !== change.after?.['name']) {
        ends.push({ id: change.id, state: 'refused', code: 'CHANGE_DIFFERS', words: 'The record is gone, renamed, or belongs to somebody by now.' })
        continue
      }
      links.push({ objectType: account.objectType, nativeId: account.nativeId, personId: change.personId!, jobId: change.jobId! })
      ends.push({ id: change.id, state: 'done', accountId: account.id })
    }
    await linkAccounts(client, system.id, links, plan.approvedBy ?? plan.madeBy, now)
    await foundReasons(client, system.id, links, { planId: plan.id, revision: revision.revision, actor: 'usher', now })
    await endChanges(client, plan.id, ends, now)
    await auditChanges(client, hands, changes.map((change, i) => ({ change, end: ends[i]! })), now)
  })
}

/* ------------------------------------------------------------------ looking */

async function wantedBefore(hands: Hands, changes: ChangeRow[]): Promise<Wanted[]> {
  const { rows } = await hands.context.pool.query<{ personId: string; jobId: string; objectType: string; nativeId: string }>(
    `select a.person_id as "personId", a.job_id as "jobId", a.object_type as "objectType", a.native_id as "nativeId"
       from unnest($1::uuid[], $2::text[]) as u (person_id, job_id)
       join lateral (select * from account a where a.person_id = u.person_id and a.job_id = u.job_id and a.gone_at is null offset 0) a on true`,
    [changes.map((c) => c.personId), changes.map((c) => c.jobId)])
  const linked = new Set(rows.map((r) => `${r.personId} ${r.jobId}`))
  return [
    ...new Map(rows.map((r) => [r.nativeId, { objectType: r.objectType, id: r.nativeId }])).values(),
    ...changes.filter((c) => c.kind === 'create' && !linked.has(`${c.personId} ${c.jobId}`)).map((c) => ({ objectType: c.objectType!, name: c.subject })),
  ]
}

async function look(hands: Hands, wanted: Wanted[]): Promise<Page> {
  const found: Page = wanted.length === 0 ? { records: [], memberships: [], rejected: [] } : await hands.reader.lookup!(wanted, hands.scope, hands.signal)
  const isProtected = protectedBy(hands.system)
  const page = { ...found, records: found.records.map((r) => (isProtected(r.id, r.name) ? { ...r, protected: true } : r)) }
  const asked = wanted.flatMap((w) => ('id' in w ? [{ objectType: w.objectType, id: w.id }] : []))
  await settleLookup(hands.context.pool, hands.system.id, page, asked, hands.context.now())
  return page
}

async function settle(hands: Hands, asked: { objectType: string; id: string }[]): Promise<void> {
  const different = [...new Map(asked.map((a) => [a.id, a])).values()]
  await look(hands, different)
}

/* ------------------------------------------------------------------ recomputing */

async function recompute(hands: Hands, changes: ChangeRow[]): Promise<Attempt[]> {
  const pairs = [...new Map(changes.map((c) => [`${c.personId} ${c.jobId}`, { personId: c.personId!, jobId: c.jobId! }])).values()]
  const loaded = await loadFacts(hands.context.pool, 'stored', hands.context.now(), pairs, hands.holders)
  return changes.map((change) => {
    const facts = factsOf(loaded, { personId: change.personId!, jobId: change.jobId! }, { ...hands.deciding, asOf: hands.context.now() })
    const decided = facts === null ? undefined : decide(asPlanned(facts, change)).find((d) => d.kind === change.kind && d.entitlementId === change.entitlementId)
    const attempt: Attempt = { change, decided: decided ?? null, facts, outcome: null, end: null }
    if (facts !== null && facts.account === null && change.kind !== 'create' && !achieved(change, facts)) {
      return { ...attempt, decided: null, end: { id: change.id, state: 'refused', code: 'CHANGE_DIFFERS', words: 'The account is not there, or is not this person\'s any more.' } }
    }
    if (facts !== null && refersToNobody(change, facts)) return { ...attempt, decided: null, end: waitForReference(hands.context, change) }
    if (decided !== undefined && hashChange(decided).equals(change.hash)) return attempt
    if (decided === undefined && facts !== null && achieved(change, facts)) return { ...attempt, end: { id: change.id, state: 'done', accountId: facts.account?.id ?? null } }
    if (facts !== null && (change.code === 'CHANGE_CONTRADICTED' || (change.kind === 'create' && facts.account !== null && change.attempts > 1))) {
      return { ...attempt, decided: null, end: contradicted(hands, change, seenAsPlanned(change, facts)) }
    }
    return { ...attempt, decided: null, end: { id: change.id, state: 'refused', code: 'CHANGE_DIFFERS', words: differs(change, decided) } }
  })
}

/** Whether what the change was for is so already. */
function achieved(change: ChangeRow, facts: AccountFacts): boolean {
  const account = facts.account
  switch (change.kind) {
    case 'create': return seenAsPlanned(change, facts) === true
    case 'enable': return account?.enabled === true && facts.wanted === 'enabled'
    case 'disable': return account?.enabled === false && facts.wanted !== 'enabled'
    case 'delete': return account === null && facts.wanted === 'none'
    case 'grant': return facts.held.some((h) => h.id === change.entitlementId) && facts.desired.some((d) => d.id === change.entitlementId)
    case 'revoke': return account !== null && !facts.held.some((h) => h.id === change.entitlementId) && !facts.desired.some((d) => d.id === change.entitlementId)
    default: return account !== null && holds(account.attributes, change, facts)
  }
}

/** Whether a record shows what an update or rename set and no longer shows what it cleared. */
function holds(attributes: Attributes, change: ChangeRow, facts: AccountFacts): boolean {
  const description = (name: string) => facts.descriptions.find((d) => d.name === name)
  const set = Object.entries(change.after ?? {}).every(([name, value]) => sameAttribute(description(name), attributes[name], value))
  return set && Object.keys(change.before ?? {}).every((name) => change.after?.[name] !== undefined || attributes[name] === undefined)
}

/** A creation leaves out the references that were still to come when it was planned, also if they came meanwhile. */
function asPlanned(facts: AccountFacts, change: ChangeRow): AccountFacts {
  if (change.kind !== 'create') return facts
  const references = Object.entries(facts.references).map(([name, r]) => [name, r === null ? null : { ...r, there: r.there && change.after?.[name] !== undefined }] as const)
  return { ...facts, references: Object.fromEntries(references) }
}

/** Whether an update would point to an account that was to be created and is not there. */
function refersToNobody(change: ChangeRow, facts: AccountFacts): boolean {
  return change.kind === 'update' && Object.keys(change.after ?? {}).some((name) => facts.references[name]?.there === false)
}

/** The account referred to is not there: its creation comes again later, or will never come. */
function waitForReference(context: Context, change: ChangeRow): ChangeEnd {
  if (change.attempts < 3) return again(context, change, 'TARGET_GONE', 'The account that this refers to is not there yet.')
  return { id: change.id, state: 'skipped', code: 'TARGET_GONE', words: 'The account that this refers to was not created.' }
}

function differs(planned: ChangeRow, now: DecidedChange | undefined): string {
  if (now === undefined) return 'Nothing of this kind is to be done any more.'
  const names = new Set([...Object.keys(planned.before ?? {}), ...Object.keys(planned.after ?? {}), ...Object.keys(now.before ?? {}), ...Object.keys(now.after ?? {})])
  const changed = [...names].filter((n) => !sameAttribute(undefined, planned.before?.[n], now.before?.[n]) || !sameAttribute(undefined, planned.after?.[n], now.after?.[n]))
  return `Since the plan was made, ${changed.length === 0 ? 'something' : changed.join(', ')} changed.`
}

/* ------------------------------------------------------------------ writing */

async function perform(hands: Hands, attempt: Attempt, secret: string | undefined): Promise<Outcome> {
  const outcome = await hands.writer.apply(systemChange(attempt, hands.deciding.jobs, secret), hands.signal)
  if (attempt.change.kind !== 'disable' || !hands.canEndSessions || outcome.outcome === 'failed') return outcome
  const account = attempt.facts!.account!
  const ended = await hands.writer.endSessions!({ objectType: attempt.change.objectType!, id: account.nativeId, name: account.name }, hands.signal)
  return ended.outcome === 'failed' ? ended : outcome
}

function systemChange({ change, facts, decided }: Attempt, jobs: Map<string, PreparedJob>, secret: string | undefined): SystemChange {
  const objectType = change.objectType!
  const account = facts!.account
  const target = { objectType, id: account?.nativeId ?? '', name: account?.name ?? facts!.name }
  const after = decided!.after ?? {}
  switch (change.kind) {
    case 'create': {
      const { enabled, ...attributes } = after
      return { kind: 'create', objectType, name: facts!.name, attributes, enabled: enabled === true, ...(secret === undefined ? {} : { secret }) }
    }
    case 'update': return { kind: 'update', ...target, set: after, clear: Object.keys(decided!.before ?? {}).filter((name) => after[name] === undefined) }
    case 'rename': return { kind: 'rename', ...target, newName: jobs.get(change.jobId!)!.nameOf({ ...account!.attributes, ...after }), set: after }
    case 'grant':
    case 'revoke': {
      const known = [...facts!.desired, ...facts!.held].find((e) => e.id === change.entitlementId)!
      return { kind: change.kind, ...target, entitlement: { objectType: known.objectType, id: known.nativeId, name: known.name } }
    }
    case 'link': throw new UsherError('INTERNAL', 'Linking is not written to a system.')
    default: return { kind: change.kind, ...target }
  }
}

/** "Exists already": ours if a match rule says so, or if it is exactly what we were about to make. Otherwise somebody else's. */
async function adoptExisting(hands: Hands, attempts: Attempt[]): Promise<void> {
  const existing = attempts.filter((a) => a.change.kind === 'create' && a.outcome?.outcome === 'failed' && a.outcome.code === 'ALREADY_EXISTS')
  if (existing.length === 0) return
  let page: Page
  try {
    page = await look(hands, existing.map((a) => ({ objectType: a.change.objectType!, name: a.change.subject })))
  } catch (error) {
    // Whether it is ours cannot be seen now; it can later.
    if (!(error instanceof UsherError)) throw error
    for (const attempt of existing) attempt.outcome = { outcome: 'failed', retryable: true, code: error.code, words: error.message }
    return
  }
  for (const attempt of existing) {
    const record = page.records.find((r) => r.objectType === attempt.change.objectType && sameAttribute({ compare: 'dn' }, r.name, attempt.change.subject))
    if (record === undefined || record.protected === true) continue
    const { job, type } = hands.deciding.jobs.get(attempt.change.jobId!)!
    const set: Attributes = attempt.decided?.after ?? {}
    const same = (name: string): boolean => sameAttribute(type.attributes.find((d) => d.name === name), record.attributes[name], set[name])
    // A name alone proves nothing: it may be a namesake's.
    const claims = job.match.filter((name) => name !== 'name' && type.attributes.find((d) => d.name === name)?.naming !== true && set[name] !== undefined)
    if (claims.some(same)) attempt.outcome = { outcome: 'already', id: record.id }
  }
}

async function linkCreated(hands: Hands, written: Attempt[]): Promise<void> {
  const created = written.filter((a) => a.change.kind === 'create')
  const links = created.flatMap((a) => (a.outcome !== null && 'id' in a.outcome
    ? [{ objectType: a.change.objectType!, nativeId: a.outcome.id, personId: a.change.personId!, jobId: a.change.jobId! }] : []))
  const now = hands.context.now()
  await linkAccounts(hands.context.pool, hands.system.id, links, hands.plan.approvedBy ?? hands.plan.madeBy, now)
  // One that was there already is linked like any other: what it holds becomes a reason.
  const adopted = links.filter((l) => created.some((a) => a.outcome?.outcome === 'already' && a.outcome.id === l.nativeId))
  await foundReasons(hands.context.pool, hands.system.id, adopted, { planId: hands.plan.id, revision: hands.revision.revision, actor: 'usher', now })
  await keepNames(hands.context.pool, hands.plan.id, links)
}

/* ------------------------------------------------------------------ seeing */

/** Decides again from what is there now: a written change is done when nothing of it is left to do. */
async function confirm(hands: Hands, attempts: Attempt[]): Promise<void> {
  const written = attempts.filter((a) => a.end === null && (a.outcome?.outcome === 'done' || a.outcome?.outcome === 'already'))
  if (written.length === 0) return
  const pairs = [...new Map(written.map((a) => [`${a.change.personId} ${a.change.jobId}`, { personId: a.change.personId!, jobId: a.change.jobId! }])).values()]
  const loaded = await loadFacts(hands.context.pool, 'stored', hands.context.now(), pairs, hands.holders)
  const granted: { accountId: string; entitlementId: string }[] = []
  for (const attempt of written) {
    const { change } = attempt
    const pair = { personId: change.personId!, jobId: change.jobId! }
    const facts = factsOf(loaded, pair, hands.deciding)
    const account = loaded.accounts.get(pairKey(pair))
    const seen = facts !== null && seenAsPlanned(change, facts)
    if (seen === true) {
      attempt.end = { id: change.id, state: 'done', accountId: account?.id ?? change.accountId }
      if (change.kind === 'grant' && account !== undefined) granted.push({ accountId: account.id, entitlementId: change.entitlementId! })
    } else {
      attempt.end = { ...contradicted(hands, change, seen), accountId: account?.id ?? change.accountId }
    }
  }
  await markGranted(hands.context.pool, granted)
}

/** Given before, by an attempt whose answer was lost, or meanwhile by somebody else: it is ours to take away. */
async function markAchieved({ context }: Hands, attempts: Attempt[]): Promise<void> {
  await markGranted(context.pool, attempts.flatMap(({ change, end, facts }) =>
    (change.kind === 'grant' && end?.state === 'done' && facts?.account ? [{ accountId: facts.account.id, entitlementId: change.entitlementId! }] : [])))
}

/** Read back, it is not what was planned: a slow mirror may still come round, any other system will not. */
function contradicted(hands: Hands, change: ChangeRow, seen: boolean | string): ChangeEnd {
  const words = typeof seen === 'string' ? seen : 'The system answered that it was done, and does not show it.'
  if (hands.settleMs > 0 && change.attempts < 4) return again(hands.context, change, 'CHANGE_CONTRADICTED', words, hands.settleMs)
  return { id: change.id, state: 'stuck', code: 'CHANGE_CONTRADICTED', words }
}

/** True, or what differs, in words without values. */
function seenAsPlanned(change: ChangeRow, facts: AccountFacts): boolean | string {
  const account = facts.account
  switch (change.kind) {
    case 'create': {
      if (account === null) return false
      const { enabled, ...attributes } = (change.after ?? {}) as Record<string, Value>
      const wrong = Object.entries(attributes).filter(([name, value]) => {
        const description = facts.descriptions.find((d) => d.name === name)
        return description?.secret !== true && !sameAttribute(description, account.attributes[name], value)
      }).map(([name]) => name)
      if (account.enabled !== (enabled === true)) wrong.push('enabled')
      return wrong.length === 0 ? true : `Read back, it shows another ${wrong.join(', ')} than planned.`
    }
    case 'enable': return account?.enabled === true
    case 'disable': return account?.enabled === false
    case 'delete': return account === null
    case 'grant': return facts.held.some((h) => h.id === change.entitlementId)
    case 'revoke': return !facts.held.some((h) => h.id === change.entitlementId)
    default: return account !== null && holds(account.attributes, change, facts) ? true : 'Read back, it shows other values than planned.'
  }
}

/* ------------------------------------------------------------------ failing */

const backOffSeconds = [2, 5, 15, 60, 300, 1800, 3600, 3600, 3600, 3600]
/** A system that is away is looked for this often. */
const awaySecondsMax = 30

function again(context: Context, change: ChangeRow, code: string, words: string, leastMs = 0): ChangeEnd {
  const delay = Math.max(leastMs, 1000 * backOffSeconds[Math.min(change.attempts - 1, backOffSeconds.length - 1)]!)
  return { id: change.id, state: 'again', code, words, nextAttemptAt: new Date(Date.parse(context.now()) + delay).toISOString(), accountId: change.accountId }
}

function failedEnd(context: Context, { change, outcome }: Attempt): ChangeEnd {
  if (outcome?.outcome === 'pending') return { id: change.id, state: 'again', nextAttemptAt: outcome.until, words: 'The system will show it later.' }
  if (outcome?.outcome !== 'failed') return again(context, change, 'INTERNAL', 'The change was not attempted.')
  if (outcome.retryable && change.attempts < backOffSeconds.length) return again(context, change, outcome.code, outcome.words)
  return { id: change.id, state: 'stuck', code: outcome.code, words: outcome.words }
}

/** The system could not even be looked at: nothing was tried. */
async function giveBack(hands: Hands, changes: ChangeRow[], error: unknown): Promise<{ reachable: boolean }> {
  if (!(error instanceof UsherError)) throw error
  const reachable = error.code !== 'SYSTEM_UNREACHABLE'
  const soon = new Date(Date.parse(hands.context.now()) + 1000 * awaySecondsMax).toISOString()
  const ends = changes.map((change): ChangeEnd => {
    if (reachable && change.attempts >= backOffSeconds.length) return { id: change.id, state: 'stuck', code: error.code, words: error.message }
    const later = again(hands.context, change, error.code, error.message)
    return reachable || later.nextAttemptAt! < soon ? later : { ...later, nextAttemptAt: soon }
  })
  await transaction(hands.context.pool, (client) => endChanges(client, hands.plan.id, ends, hands.context.now()))
  return { reachable: false }
}

/** A fault of ours: tried a few times more, then a person must look. */
export async function giveUp({ context, plan }: Hands, change: ChangeRow): Promise<void> {
  const words = 'A fault in Usher; its log says more.'
  const end: ChangeEnd = change.attempts < 4 ? again(context, change, 'INTERNAL', words) : { id: change.id, state: 'stuck', code: 'INTERNAL', words }
  await transaction(context.pool, (client) => endChanges(client, plan.id, [end], context.now()))
}

async function inParallel<T>(items: T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
  let next = 0
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, async () => {
    while (next < items.length) await work(items[next++]!)
  }))
}
