/** What is on record of a person's accounts: those of now and of then, and every change that was carried out. */
import type { DoneChange } from '../domain/past.ts'
import type { Attributes } from '../domain/value.ts'
import type { Db } from './database.ts'

export interface AccountChange extends DoneChange {
  jobId: string
  planId: string
  planNumber: number
  policyRevision: number
}

/** In the order in which they were done. */
export async function doneChangesOf(db: Db, personId: string): Promise<AccountChange[]> {
  const { rows } = await db.query<AccountChange>(
    `select c.kind, c.job_id as "jobId", c.before, c.after, c.entitlement_id as "entitlementId", c.done_at as "doneAt",
            p.id as "planId", p.number::int as "planNumber", p.policy_revision as "policyRevision"
       from plan_change c join plan p on p.id = c.plan_id
      where c.person_id = $1 and c.stage = 2 and c.state = 'done' and c.done_at is not null and c.job_id is not null order by c.done_at, c.plan_id, c.wave, c.id`, [personId])
  return rows
}

export interface AccountRow {
  accountId: string
  systemId: string
  jobId: string
  name: string
  enabled: boolean
  attributes: Attributes
  since: string | null
}

/** A person's accounts that were there at an instant. */
export async function accountsAt(db: Db, personId: string, at: string): Promise<AccountRow[]> {
  const { rows } = await db.query<AccountRow>(
    `select id as "accountId", system_id as "systemId", job_id as "jobId", name, enabled, attributes, linked_at as since
       from account where person_id = $1 and job_id is not null and (linked_at is null or linked_at <= $2) and (gone_at is null or gone_at > $2)
      order by system_id, name`, [personId, at])
  return rows
}

export interface EntitlementRow {
  id: string
  systemId: string
  name: string
}

/** The entitlements that a policy names, as they were at an instant; by `system entitlement`. */
export async function entitlementsNamed(db: Db, named: { systemId: string; entitlement: string }[], at: string): Promise<Map<string, EntitlementRow>> {
  const { rows } = await db.query<EntitlementRow & { key: string }>(
    `select distinct on (w.system_id, w.entitlement) w.system_id || ' ' || w.entitlement as key, e.id, e.system_id as "systemId", e.name
       from unnest($1::text[], $2::text[]) as w (system_id, entitlement)
       join entitlement e on e.system_id = w.system_id and (e.gone_at is null or e.gone_at > $3)
        and (e.native_id = w.entitlement or lower(e.name) = lower(w.entitlement) or lower(e.attributes ->> 'cn') = lower(w.entitlement))
      order by w.system_id, w.entitlement, e.native_id = w.entitlement desc, lower(e.name) = lower(w.entitlement) desc, e.id`,
    [named.map((n) => n.systemId), named.map((n) => n.entitlement), at])
  return new Map(rows.map((row) => [row.key, row]))
}

export async function entitlementsById(db: Db, ids: string[]): Promise<EntitlementRow[]> {
  const { rows } = await db.query<EntitlementRow>('select id, system_id as "systemId", name from entitlement where id = any($1::bigint[]) order by system_id, name', [ids])
  return rows
}

/** What a person's accounts hold as last seen, since when. */
export async function membershipsOf(db: Db, personId: string): Promise<Map<string, string>> {
  const { rows } = await db.query<{ entitlementId: string; since: string }>(
    `select m.entitlement_id as "entitlementId", min(m.seen_at) as since from membership m join account a on a.id = m.account_id
      where a.person_id = $1 and a.gone_at is null group by 1`, [personId])
  return new Map(rows.map((r) => [r.entitlementId, r.since]))
}
