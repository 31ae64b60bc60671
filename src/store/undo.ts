/** What undoing a plan asks: what the plan did, what it did that to is now, and what of it cannot be undone. */
import type { SeenAccount } from '../domain/decide.ts'
import type { ErrorCode } from '../domain/errors.ts'
import type { ChangeKind } from '../domain/plan.ts'
import type { DoneChange } from '../domain/undo.ts'
import type { Client, Db } from './database.ts'
import { pageOf, readCursor, type PageOf } from './paging.ts'

/** Whose accounts a plan changed. */
export async function peopleChangedBy(db: Db, planId: string): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select distinct person_id as id from plan_change where plan_id = $1 and stage = 2 and state = 'done' and person_id is not null`, [planId])
  return rows.map((r) => r.id)
}

/** What a plan did in systems, in batches, in its order. */
export async function* doneChanges(db: Db, planId: string, batch = 1000): AsyncGenerator<DoneChange[]> {
  for (let after = '0'; ;) {
    const { rows }: { rows: DoneChange[] } = await db.query(
      `select id, kind, person_id as "personId", system_id as "systemId", job_id as "jobId", object_type as "objectType", account_id as "accountId",
              entitlement_id as "entitlementId", subject, before, after
         from plan_change where plan_id = $1 and stage = 2 and state = 'done' and id > $2 order by id limit $3`, [planId, after, batch])
    if (rows.length > 0) yield rows
    if (rows.length < batch) return
    after = rows.at(-1)!.id
  }
}

export interface UndoRow extends SeenAccount {
  personId: string
  jobId: string
  held: string[]
}

/** The accounts of these people and jobs as last seen, with what they hold. */
export async function accountsToUndo(db: Db, changes: DoneChange[]): Promise<Map<string, UndoRow>> {
  const { rows } = await db.query<UndoRow>(
    `select a.id, a.native_id as "nativeId", a.name, a.attributes, a.enabled, a.protected, a.person_id as "personId", a.job_id as "jobId",
            array(select m.entitlement_id::text from membership m where m.account_id = a.id) as held
       from account a where a.id = any($1::bigint[]) and a.gone_at is null and a.person_id is not null`, [changes.flatMap((c) => c.accountId ?? [])])
  return new Map(rows.map((r) => [r.id, r]))
}

/** Those of these people who have left since a plan was carried out for them: it did not follow from that. */
export async function leftSince(db: Db, planId: string, people: string[]): Promise<Set<string>> {
  const { rows } = await db.query<{ id: string }>(
    `select l.person_id as id from leaver l
      where l.person_id = any ($2::uuid[]) and l.returned_at is null and l.started_at > (
        select min(c.done_at) from plan_change c where c.plan_id = $1 and c.person_id = l.person_id and c.stage = 2 and c.state = 'done')`, [planId, people])
  return new Set(rows.map((r) => r.id))
}

export async function livingEntitlements(db: Db, ids: (string | null)[]): Promise<Map<string, { id: string; objectType: string; nativeId: string; name: string }>> {
  const { rows } = await db.query<{ id: string; objectType: string; nativeId: string; name: string }>(
    `select id, object_type as "objectType", native_id as "nativeId", name from entitlement where id = any($1::bigint[]) and gone_at is null`, [ids.filter((id) => id !== null)])
  return new Map(rows.map((r) => [r.id, r]))
}

/** What a plan made: accounts by `person job`, and whether a first password was made with each. */
export async function madeBy(db: Db, planId: string): Promise<Map<string, { password: boolean }>> {
  const { rows } = await db.query<{ key: string; password: boolean }>(
    `select c.person_id || ' ' || c.job_id as key, exists (select from handover h where h.person_id = c.person_id and h.job_id = c.job_id) as password
       from plan_change c where c.plan_id = $1 and c.stage = 2 and c.kind = 'create' and c.state = 'done'`, [planId])
  return new Map(rows.map((r) => [r.key, { password: r.password }]))
}

/** How many people a plan added, changed or ended. */
export async function peopleDone(db: Db, planId: string): Promise<number> {
  const { rows } = await db.query<{ n: number }>(`select coalesce(sum(n), 0)::int as n from planned_count where plan_id = $1 and stage = 1 and state = 'done'`, [planId])
  return rows[0]!.n
}

export interface LeftOut {
  changeId: string | null
  code: ErrorCode
  words: string
}

export async function insertLeft(client: Client, planId: string, left: LeftOut[]): Promise<void> {
  if (left.length === 0) return
  await client.query(
    `insert into plan_left (plan_id, change_id, code, words) select $1, * from unnest($2::bigint[], $3::text[], $4::text[])`,
    [planId, left.map((l) => l.changeId), left.map((l) => l.code), left.map((l) => l.words)])
}

/** How much is left for each reason. */
export async function countLeft(db: Db, planId: string): Promise<{ code: string; words: string; n: number }[]> {
  const { rows } = await db.query<{ code: string; words: string; n: number }>(
    `select code, words, count(*)::int as n from plan_left where plan_id = $1 group by 1, 2 order by 3 desc, 2 limit 20`, [planId])
  return rows
}

export interface LeftShown extends LeftOut {
  id: string
  kind: ChangeKind | null
  systemId: string | null
  personId: string | null
  personName: string | null
  subject: string | null
}

/** What a plan cannot undo, with the change that it would have undone. */
export async function listLeft(db: Db, planId: string, wanted: { after?: string; limit: number }): Promise<PageOf<LeftShown>> {
  const key = readCursor(wanted.after, 1)
  const { rows } = await db.query<LeftShown>(
    `select l.id, l.change_id as "changeId", l.code, l.words, c.kind, c.system_id as "systemId", c.person_id as "personId",
            coalesce(p.attributes ->> 'displayName', p.attributes ->> 'employeeId') as "personName", c.subject
       from plan_left l
       left join plan u on u.id = (select (aim ->> 'undo')::uuid from plan where id = $1)
       left join plan_change c on c.plan_id = u.id and c.id = l.change_id
       left join person p on p.id = c.person_id
      where l.plan_id = $1 and ($2::bigint is null or l.id > $2) order by l.id limit $3`, [planId, key?.[0] ?? null, wanted.limit + 1])
  return pageOf(rows, wanted.limit, (r) => [r.id], (r) => r)
}

/** Exceptions whose change was not carried out after all end at once: nothing deviates there. */
export async function endUnusedExceptions(client: Client, planId: string, now: string): Promise<void> {
  await client.query(
    `update exception x set ended_at = $2, ended_by = 'usher'
      where x.plan_id = $1 and x.ended_at is null
        and not exists (select from plan_change c
          where c.plan_id = $1 and c.state = 'done' and c.person_id = x.person_id and c.job_id = x.job_id
            and case x.thing
                  when 'enabled' then c.kind in ('enable', 'disable')
                  when 'entitlement' then c.entitlement_id = x.entitlement_id
                  when 'account' then c.kind = 'unlink'
                  else c.kind in ('update', 'rename') and (coalesce(c.before, '{}') || coalesce(c.after, '{}')) ? x.attribute
                end)`, [planId, now])
}
