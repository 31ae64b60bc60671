/** What is shown of drift and of exceptions. */
import type { Thing } from '../domain/exception.ts'
import type { Db } from './database.ts'
import type { DriftTrace } from './drift-trace.ts'
import { inside, pageOf, readCursor, type PageOf } from './paging.ts'

export interface DriftShown {
  id: string
  systemId: string
  jobId: string
  personId: string
  personName: string | null
  accountId: string
  account: string
  kind: 'changed' | 'extra' | 'gone'
  thing: Thing
  attribute: string | null
  entitlementId: string | null
  entitlement: string | null
  was: unknown
  isNow: unknown
  lastRightAt: string | null
  firstSeenAt: string
  lastSeenAt: string
  trace: DriftTrace | null
  settledAt: string | null
  settledHow: string | null
  settledBy: string | null
  planId: string | null
  planNumber: number | null
}

export interface DriftFilter {
  settled: boolean
  system?: string | undefined
  kind?: DriftShown['kind'] | undefined
  search?: string | undefined
}

const matches = `(d.settled_at is not null) = $1 and ($2::text is null or d.system_id = $2) and ($3::text is null or d.kind = $3)
  and ($4::text is null or lower(a.name) like $4 or lower(d.attribute) like $4 or lower(e.name) like $4 or lower(p.attributes ->> 'displayName') like $4)`
const from = `drift d join account a on a.id = d.account_id join person p on p.id = d.person_id left join entitlement e on e.id = d.entitlement_id`
const values = (wanted: DriftFilter): unknown[] => [wanted.settled, wanted.system ?? null, wanted.kind ?? null, wanted.search ? inside(wanted.search) : null]

/** Newest first. */
export async function searchDrift(db: Db, wanted: DriftFilter & { after?: string | undefined; limit: number }): Promise<PageOf<DriftShown>> {
  const key = readCursor(wanted.after, 1)
  const { rows } = await db.query<DriftShown>(
    `select d.id, d.system_id as "systemId", d.job_id as "jobId", d.person_id as "personId", coalesce(p.attributes ->> 'displayName', p.attributes ->> 'employeeId') as "personName",
            d.account_id as "accountId", a.name as account, d.kind, d.thing, d.attribute, d.entitlement_id as "entitlementId", e.name as entitlement,
            d.was, d.is_now as "isNow", d.last_right_at as "lastRightAt", d.first_seen_at as "firstSeenAt", d.last_seen_at as "lastSeenAt",
            d.trace, d.settled_at as "settledAt", d.settled_how as "settledHow", d.settled_by as "settledBy", d.plan_id as "planId", pl.number::int as "planNumber"
       from ${from} left join plan pl on pl.id = d.plan_id
      where ${matches} and ($5::bigint is null or d.id < $5) order by d.id desc limit $6`, [...values(wanted), key?.[0] ?? null, wanted.limit + 1])
  return pageOf(rows, wanted.limit, (r) => [r.id], (r) => r)
}

export async function countDrift(db: Db, wanted: DriftFilter): Promise<number> {
  const { rows } = await db.query<{ n: number }>(`select count(*)::int as n from ${from} where ${matches}`, values(wanted))
  return rows[0]!.n
}

export interface ExceptionShown {
  id: string
  systemId: string
  personId: string
  personName: string | null
  account: string | null
  thing: Thing
  attribute: string | null
  entitlement: string | null
  keepsAccess: boolean
  from: string
  until: string | null
  note: string
  by: string
  planId: string | null
  planNumber: number | null
}

/** Those that live at an instant, the next to end first. */
export async function listExceptions(
  db: Db, wanted: { now: string; system?: string | undefined; person?: string | undefined; after?: string | undefined; limit: number },
): Promise<PageOf<ExceptionShown>> {
  const key = readCursor(wanted.after, 2)
  const { rows } = await db.query<ExceptionShown & { sortKey: string }>(
    `select x.id, x.system_id as "systemId", x.person_id as "personId", coalesce(p.attributes ->> 'displayName', p.attributes ->> 'employeeId') as "personName",
            a.name as account, x.thing, x.attribute, e.name as entitlement, x.keeps_access as "keepsAccess", x.valid_from as "from",
            x.valid_until as until, x.note, x.made_by as by, x.plan_id as "planId", pl.number::int as "planNumber", coalesce(x.valid_until, 'infinity')::text as "sortKey"
       from exception x join person p on p.id = x.person_id left join account a on a.id = x.account_id
       left join entitlement e on e.id = x.entitlement_id left join plan pl on pl.id = x.plan_id
      where x.ended_at is null and x.valid_from <= $1 and (x.valid_until is null or x.valid_until > $1)
        and ($2::text is null or x.system_id = $2) and ($3::uuid is null or x.person_id = $3)
        and ($4::text is null or (coalesce(x.valid_until, 'infinity'), x.id) > ($4::timestamptz, $5::bigint))
      order by coalesce(x.valid_until, 'infinity'), x.id limit $6`,
    [wanted.now, wanted.system ?? null, wanted.person ?? null, key?.[0] ?? null, key?.[1] ?? null, wanted.limit + 1])
  return pageOf(rows, wanted.limit, (r) => [r.sortKey, r.id], (r) => r)
}
