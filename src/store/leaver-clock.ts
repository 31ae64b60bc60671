/** The clocks of leavers: what is still there of them, and since when it is seen gone. */
import type { Db } from './database.ts'
import { isUnderWay } from './batch.ts'

/** What stands in the way of zero in a system: an account that is enabled, or holds what Usher gave or found. */
const stillThere = `(a.enabled or exists (select from membership m where m.account_id = a.id and m.origin <> 'unknown'))`

/** Where somebody's clock runs. */
export interface Place { leaverId: string; systemId: string }

/** What may come to be there for leavers who have nothing there yet has a clock, too. */
export async function startClocks(db: Db, places: Place[]): Promise<void> {
  await db.query(
    `insert into leaver_system (leaver_id, system_id, state) select leaver_id, system_id, 'to-do' from unnest($1::uuid[], $2::text[]) as u (leaver_id, system_id)
     on conflict do nothing`, [places.map((p) => p.leaverId), places.map((p) => p.systemId)])
}

/**
 * Moves the clocks of these leavers on, everywhere or in one system. A system is gone when each account that Usher may touch
 * was seen without anything since the clock started, no change of an older plan is on its way there, and it is not `unsure`
 * what was made there.
 */
export async function settleClocks(db: Db, leavers: string[], now: string, unsure: Place[], systemId?: string): Promise<void> {
  const clocks = `leaver l join leaver_system s on s.leaver_id = l.id${systemId === undefined ? '' : ' and s.system_id = $5'}`
  await db.query(
    `with seen as (
       select s.leaver_id, s.system_id, l.started_at,
              coalesce(bool_or(${stillThere}) filter (where not a.protected), false) as there,
              coalesce(bool_or(a.seen_at < l.started_at) filter (where not a.protected), false) as unseen,
              max(coalesce(a.gone_at, a.seen_at)) as seen_at
         from ${clocks}
         left join account a on a.person_id = l.person_id and a.system_id = s.system_id and a.gone_at is null
        where l.id = any ($1) and s.state <> 'unmanaged'
        group by 1, 2, 3),
     tried as (
       select s.leaver_id, s.system_id, min(coalesce(c.started_at, b.begun_at)) as first_tried_at, coalesce(max(c.attempts + (b.id is not null)::int), 0) as attempts, case when bool_and(c.state = 'done') then max(c.done_at) end as done_at,
              min(c.next_attempt_at) filter (where c.state = 'again') as next_attempt_at,
              (array_agg(c.code order by c.id) filter (where c.state in ('again', 'stuck')))[1] as code,
              (array_agg(c.words order by c.id) filter (where c.state in ('again', 'stuck')))[1] as words,
              coalesce(bool_or(c.state in ('planned', 'held')), false) as waits, coalesce(bool_or(c.state = 'held'), false) as held
         from ${clocks}
         join plan_change c on c.plan_id = l.plan_id and c.person_id = l.person_id and c.system_id = s.system_id and c.stage = 2
         left join batch b on b.plan_id = c.plan_id and c.id = any (b.changes)
        where l.id = any ($1) group by 1, 2),
     other as (
       select distinct s.leaver_id, s.system_id
         from ${clocks}
         join plan_change c on c.person_id = l.person_id and c.system_id = s.system_id and c.stage = 2 and c.state in ('waiting', 'again') and c.plan_id is distinct from l.plan_id and ${isUnderWay('c')}
        where l.id = any ($1)
       union select * from unnest($3::uuid[], $4::text[]) as u (leaver_id, system_id))
     update leaver_system s set
            state = case when not n.there and not n.unseen and o.leaver_id is null then 'gone' when t.waits and n.there then 'waits' else 'to-do' end,
            gone_at = case when not n.there and not n.unseen and o.leaver_id is null
                           then coalesce(s.gone_at, greatest(n.started_at, coalesce(t.done_at, n.seen_at, $2::timestamptz))) end,
            first_tried_at = coalesce(s.first_tried_at, t.first_tried_at), attempts = greatest(s.attempts, coalesce(t.attempts, 0)),
            code = case when n.there then t.code end, words = case when n.there and t.held then 'A limit that this system sets holds it until somebody releases it.' when n.there then t.words end,
            next_attempt_at = case when n.there then t.next_attempt_at end
       from seen n
       left join tried t using (leaver_id, system_id)
       left join other o using (leaver_id, system_id)
      where s.leaver_id = n.leaver_id and s.system_id = n.system_id`, [leavers, now, unsure.map((p) => p.leaverId), unsure.map((p) => p.systemId), ...(systemId === undefined ? [] : [systemId])])
}

/** Stops the clocks that reached zero; returns those that run on, with when they are to be looked at. */
export async function stopClocks(db: Db, leavers: string[], soonest: string, latest: string): Promise<void> {
  await db.query(
    `update leaver l set
            gone_at = case when x.open = 0 then greatest(l.started_at, coalesce(x.gone_at, l.started_at)) end,
            look_at = case when x.open > 0 then least(greatest(x.next_attempt_at, $2::timestamptz), $3::timestamptz) end
       from (select l.id, count(s.leaver_id) filter (where s.state in ('to-do', 'waits')) as open, max(s.gone_at) as gone_at,
                    coalesce(min(s.next_attempt_at) filter (where s.state = 'to-do'), $3::timestamptz) as next_attempt_at
               from leaver l left join leaver_system s on s.leaver_id = l.id where l.id = any ($1) group by l.id) x
      where l.id = x.id and l.returned_at is null`, [leavers, soonest, latest])
}

/** Leavers with something left that no plan is about to do, of whom a new plan is due. What another plan only means to do, if somebody lets it, is not waited for. */
export async function leftOver(db: Db, leavers: string[]): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select distinct l.id from leaver l
       join leaver_system s on s.leaver_id = l.id and s.state in ('to-do', 'waits')
       join account a on a.person_id = l.person_id and a.system_id = s.system_id and a.gone_at is null and not a.protected
      where l.id = any ($1) and l.returned_at is null and ${stillThere}
        and not exists (select from plan_change c join plan p on p.id = c.plan_id
                         where c.person_id = l.person_id and c.system_id = s.system_id and c.stage = 2 and c.kind in ('disable', 'revoke', 'delete')
                           and (p.state in ('approved', 'applying') and c.state in ('waiting', 'again')
                             or p.id = l.plan_id and p.state in ('open', 'held', 'approved', 'applying', 'stopped') and c.state in ('planned', 'held', 'waiting', 'again')))
        and not exists (select from plan_change c where c.plan_id = l.plan_id and c.person_id = l.person_id and c.system_id = s.system_id and c.state = 'stuck')`, [leavers])
  return rows.map((r) => r.id)
}

/** Accounts of leavers that were not seen since their clocks started, or since somebody said to have settled what was stuck there. */
export async function unseenAccounts(db: Db, leavers: string[]): Promise<{ systemId: string; objectType: string; nativeId: string }[]> {
  const { rows } = await db.query<{ systemId: string; objectType: string; nativeId: string }>(
    `select a.system_id as "systemId", a.object_type as "objectType", a.native_id as "nativeId"
       from leaver l
       join leaver_system s on s.leaver_id = l.id and s.state <> 'unmanaged'
       join account a on a.person_id = l.person_id and a.system_id = s.system_id and a.gone_at is null and a.seen_at < greatest(l.started_at, (
         select max(d.settled_at) from plan_change c join settled_change d on d.plan_id = c.plan_id and d.change_id = c.id
          where c.plan_id = l.plan_id and c.person_id = l.person_id and c.system_id = s.system_id))
      where l.id = any ($1)`, [leavers])
  return rows
}

export interface OverdueLeaver {
  id: string
  personId: string
  name: string
  startedAt: string
  open: { systemId: string; words: string | null }[]
}

/** Leavers whose clock runs longer than it should. */
export async function overdueLeavers(db: Db, before: string): Promise<OverdueLeaver[]> {
  const { rows } = await db.query<OverdueLeaver>(
    `select l.id, l.person_id as "personId", coalesce(p.attributes ->> 'displayName', p.attributes ->> 'employeeId', p.id::text) as name, l.started_at as "startedAt",
            coalesce((select jsonb_agg(jsonb_build_object('systemId', s.system_id, 'words', s.words) order by s.system_id)
                        from leaver_system s where s.leaver_id = l.id and s.state in ('to-do', 'waits')), '[]') as open
       from leaver l join person p on p.id = l.person_id
      where l.gone_at is null and l.returned_at is null and l.started_at < $1 order by l.started_at limit 1000`, [before])
  return rows
}

/** What is left of them is planned anew. */
export async function forgetPlan(db: Db, leavers: string[]): Promise<void> {
  await db.query('update leaver set plan_id = null where id = any ($1) and returned_at is null', [leavers])
}
