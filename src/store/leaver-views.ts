/** What is shown of leavers and their clocks. */
import type { ChangeKind, ChangeState } from '../domain/plan.ts'
import type { LeaverSystemState } from '../domain/leaver.ts'
import type { AuditRow } from '../domain/audit-chain.ts'
import type { Db } from './database.ts'
import type { LeaverCause } from './leaver.ts'
import { pageOf, readCursor, words, type PageOf } from './paging.ts'

export interface LeaverSystemShown {
  systemId: string
  state: LeaverSystemState
  accounts: { id: string; name: string }[]
  attempts: number
  firstTriedAt: string | null
  goneAt: string | null
  code: string | null
  words: string | null
  nextAttemptAt: string | null
}

export interface LeaverShown {
  id: string
  personId: string
  personName: string
  employeeId: string | null
  cause: LeaverCause
  actor: string
  note: string | null
  effectiveAt: string
  receivedAt: string
  startedAt: string
  goneAt: string | null
  returnedAt: string | null
  planId: string | null
  planNumber: string | null
  systems: LeaverSystemShown[]
}

const leaverColumns = `l.id, l.person_id as "personId", coalesce(p.attributes ->> 'displayName', p.attributes ->> 'employeeId', p.id::text) as "personName",
  p.attributes ->> 'employeeId' as "employeeId", l.cause, l.actor, e.note, l.effective_at as "effectiveAt", l.received_at as "receivedAt",
  l.started_at as "startedAt", l.gone_at as "goneAt", l.returned_at as "returnedAt", l.plan_id as "planId", plan.number as "planNumber"`

const filters = {
  all: 'true',
  running: 'l.gone_at is null and l.returned_at is null',
  gone: 'l.gone_at is not null',
}
export type LeaverFilter = keyof typeof filters

/** Newest first. */
export async function searchLeavers(
  db: Db, wanted: { filter: LeaverFilter; search?: string; person?: string; after?: string; limit: number },
): Promise<PageOf<LeaverShown>> {
  const key = readCursor(wanted.after, 2)
  const { rows } = await db.query<Omit<LeaverShown, 'systems'>>(
    `select ${leaverColumns}
       from leaver l join person p on p.id = l.person_id left join person_end e on e.id = l.end_id left join plan on plan.id = l.plan_id
      where ${filters[wanted.filter]} and ($1::uuid is null or l.person_id = $1)
        and lower(coalesce(p.attributes ->> 'displayName', '') || ' ' || coalesce(p.attributes ->> 'employeeId', '') || ' ' || coalesce(p.attributes ->> 'email', '')) like all ($2::text[])
        and ($3::timestamptz is null or (l.started_at, l.id) < ($3, $4::uuid))
      order by l.started_at desc, l.id desc limit $5`,
    [wanted.person ?? null, words(wanted.search), key?.[0] ?? null, key?.[1] ?? null, wanted.limit + 1])
  const page = pageOf(rows, wanted.limit, (r) => [r.startedAt, r.id], (r) => r)
  const systems = await systemsOfLeavers(db, page.items.map((l) => l.id))
  return { next: page.next, items: page.items.map((l) => ({ ...l, systems: systems.get(l.id) ?? [] })) }
}

export async function findLeaver(db: Db, id: string): Promise<LeaverShown | undefined> {
  const { rows: [row] } = await db.query<Omit<LeaverShown, 'systems'>>(
    `select ${leaverColumns}
       from leaver l join person p on p.id = l.person_id left join person_end e on e.id = l.end_id left join plan on plan.id = l.plan_id where l.id = $1`, [id])
  return row === undefined ? undefined : { ...row, systems: (await systemsOfLeavers(db, [id])).get(id) ?? [] }
}

async function systemsOfLeavers(db: Db, leavers: string[]): Promise<Map<string, LeaverSystemShown[]>> {
  if (leavers.length === 0) return new Map()
  const { rows } = await db.query<LeaverSystemShown & { leaverId: string }>(
    `select leaver_id as "leaverId", system_id as "systemId", state, accounts, attempts, first_tried_at as "firstTriedAt", gone_at as "goneAt",
            code, words, next_attempt_at as "nextAttemptAt"
       from leaver_system where leaver_id = any ($1) order by system_id`, [leavers])
  return Map.groupBy(rows, (r) => r.leaverId)
}

export interface LeaverChange {
  systemId: string
  kind: ChangeKind
  subject: string
  entitlement: string | null
  state: ChangeState
  doneAt: string | null
  code: string | null
  words: string | null
}

/** What was, or is to be, taken away from a leaver in the plans of their leaving. */
export async function changesOfLeaver(db: Db, leaver: Pick<LeaverShown, 'personId' | 'startedAt' | 'returnedAt'>): Promise<LeaverChange[]> {
  const { rows } = await db.query<LeaverChange>(
    `select c.system_id as "systemId", c.kind, c.subject, c.before ->> 'entitlement' as entitlement, c.state, c.done_at as "doneAt", c.code, c.words
       from plan_change c join plan p on p.id = c.plan_id
      where c.person_id = $1 and c.stage = 2 and p.cause = 'leaver' and p.made_at >= $2 and ($3::timestamptz is null or p.made_at < $3)
        and c.state not in ('skipped', 'refused')
      order by c.system_id, p.number, c.wave, c.id`, [leaver.personId, leaver.startedAt, leaver.returnedAt])
  return rows
}

/** The sealed audit rows about a person's leaving, each with the hash of the row before it in the chain. */
export async function auditOfLeaver(db: Db, leaver: Pick<LeaverShown, 'personId' | 'receivedAt' | 'goneAt' | 'returnedAt'>, until: string): Promise<(AuditRow & { previous: string | null })[]> {
  const { rows } = await db.query<Omit<AuditRow, 'position'> & { position: string; previous: string | null }>(
    `select a.id, a.position, a.at, a.actor, a.action, a.subject, a.detail, encode(a.hash, 'hex') as hash,
            (select encode(b.hash, 'hex') from audit b where b.position = a.position - 1) as previous
       from audit a
      where a.subject = 'person:' || $1::text and a.position is not null and a.at >= $2 and a.at <= $3
      order by a.position limit 2000`, [leaver.personId, leaver.receivedAt, until])
  return rows.map((row) => ({ ...row, position: Number(row.position) }))
}

/** Leavers who reached zero since an instant: how long it took in each system, and altogether (`system` null). */
export async function timesToZero(db: Db, since: string | null): Promise<{ key: string; system: string | null; seconds: number; goneAt: string }[]> {
  const { rows } = await db.query<{ key: string; system: string | null; seconds: number; goneAt: string }>(
    `select l.id::text as key, null as system, extract(epoch from l.gone_at - l.started_at)::float8 as seconds, l.gone_at as "goneAt"
       from leaver l where l.gone_at is not null and ($1::timestamptz is null or l.gone_at > $1)
     union all
     select s.leaver_id || ' ' || s.system_id, s.system_id, extract(epoch from s.gone_at - l.started_at)::float8, s.gone_at
       from leaver_system s join leaver l on l.id = s.leaver_id where s.gone_at is not null and ($1::timestamptz is null or s.gone_at > $1)`, [since])
  return rows
}

export async function countLeavers(db: Db): Promise<{ running: number }> {
  const { rows } = await db.query<{ running: number }>('select count(*)::int as running from leaver where gone_at is null and returned_at is null')
  return rows[0]!
}
