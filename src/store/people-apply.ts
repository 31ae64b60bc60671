/** Carries out the approved changes of people, one batch a transaction: recompute, write, mark, audit. */
import type { Client, Db } from './database.ts'
import { lockPeople } from './person-lock.ts'
import { rowsOf, cellsOfRecord } from './snapshot.ts'

export interface PeopleBatch {
  claimed: number
  done: number
  refused: number
}

/** The lowest wave of a plan's people that has something left to do; null: none. */
export async function nextPeopleWave(db: Db, planId: string): Promise<number | null> {
  const { rows } = await db.query<{ wave: number | null }>(
    `select min(wave) as wave from plan_change where plan_id = $1 and stage = 1 and state = 'waiting'`, [planId])
  return rows[0]!.wave
}

/** Runs inside a transaction: either all of the batch happened, with its marks and audit rows, or none of it. */
export async function applyPeopleBatch(client: Client, input: { planId: string; wave: number; limit: number; now: string; actor: string; singly: number }): Promise<PeopleBatch> {
  const { planId, wave, limit, now, actor } = input
  await client.query(`create temp table people_batch (id bigint, person_id uuid primary key, kind text, before jsonb, after jsonb, hash bytea, ok boolean not null default true) on commit drop`)
  const { rowCount: claimed } = await client.query(
    `insert into people_batch (id, person_id, kind, before, after, hash)
     select id, person_id, kind, before, after, hash from plan_change
      where plan_id = $1 and stage = 1 and wave = $2 and state = 'waiting'
      order by id limit $3 for update skip locked`, [planId, wave, limit])
  if (!claimed) return { claimed: 0, done: 0, refused: 0 }
  await client.query('analyze people_batch')
  await lockPeople(client, `select person_id from people_batch where kind <> 'create'`)
  await refuseWhatDiffers(client, planId)
  await writePeople(client, planId, wave, now)
  await writeRecords(client, planId, wave, now)
  await noteLeavers(client, now, actor)
  const { rows: [ended] } = await client.query<{ done: number; refused: number }>(
    `with marked as (
       update plan_change c set state = case when b.ok then 'done' else 'refused' end, attempts = c.attempts + 1, started_at = $2, done_at = $2,
              code = case when not b.ok then 'CHANGE_DIFFERS' end,
              words = case when not b.ok then 'The person or their source row changed after this was planned.' end
         from people_batch b where c.plan_id = $1 and c.id = b.id returning b.ok)
     select count(*) filter (where ok)::int as done, count(*) filter (where not ok)::int as refused from marked`, [planId, now])
  await audit(client, { planId, now, actor, singly: claimed <= input.singly })
  return { claimed, ...ended! }
}

/** A change is carried out only if it is still what was planned: the same person before it, and the same accepted rows; and no newer read says otherwise. */
async function refuseWhatDiffers(client: Client, planId: string): Promise<void> {
  await client.query(
    `update people_batch b set ok = false
       from people_batch x left join person p on p.id = x.person_id
      where b.person_id = x.person_id and case
        when x.kind = 'create' then p.id is not null
        else p.id is null
          or (x.before ? 'state' and p.state <> x.before ->> 'state')
          or (not x.before ? 'state' and exists (select from plan_overlay o where o.plan_id = $1 and o.person_id = x.person_id and o.state <> p.state))
          or (x.before ? 'nextChangeAt' and p.next_change_at is distinct from (x.before ->> 'nextChangeAt')::timestamptz)
          or (x.before ? 'positions' and p.positions <> x.before -> 'positions')
          or exists (select from jsonb_object_keys(coalesce(x.before -> 'attributes', '{}') || coalesce(x.after -> 'attributes', '{}')) as name
                      where p.attributes -> name is distinct from x.before -> 'attributes' -> name)
        end`, [planId])
  await client.query(
    `update people_batch b set ok = false
       from plan_row n left join record r on r.job_id = n.job_id and r.key = n.key and r.position_key = n.position_key
      where n.plan_id = $1 and n.person_id = b.person_id and n.kind = 'accept'
        and (r.hash is distinct from n.was_hash or r.person_id is distinct from n.was_person_id
          or exists (select from snapshot accepted, snapshot own where accepted.id = r.snapshot_id and own.id = n.snapshot_id and accepted.read_at > own.read_at))`, [planId])
  for (const { jobId, newest } of await newerReads(client, planId)) {
    await client.query(
      `update people_batch b set ok = false
         from plan_row n
        where n.plan_id = $1 and n.person_id = b.person_id and n.kind = 'missing' and n.job_id = $2
          and (exists (select from ${await rowsOf(client, newest)} s where s.key = n.key and s.position_key = n.position_key)
            or exists (select from set_aside a where a.snapshot_id = $3 and a.key = n.key))`, [planId, jobId, newest])
  }
}

/** Whole reads since those that a plan was made from, the newest of each job. */
async function newerReads(client: Client, planId: string): Promise<{ jobId: string; newest: string }[]> {
  const { rows } = await client.query<{ jobId: string; newest: string }>(
    `select distinct on (own.job_id) own.job_id as "jobId", newer.id as newest
       from plan, jsonb_each_text(coalesce(basis -> 'snapshots', '{}')) read join snapshot own on own.id = read.value::uuid
       join snapshot newer on newer.job_id = own.job_id and newer.read_at > own.read_at and newer.state = 'complete'
      where plan.id = $1 order by own.job_id, newer.read_at desc`, [planId])
  return rows
}

async function writePeople(client: Client, planId: string, wave: number, now: string): Promise<void> {
  await client.query(
    `insert into person (id, attributes, positions, contributions, state, next_change_at, created_at, changed_at)
     select b.person_id, b.after -> 'attributes', b.after -> 'positions', o.contributions, b.after ->> 'state', (b.after ->> 'nextChangeAt')::timestamptz, $2, $2
       from people_batch b join plan_overlay o on o.plan_id = $1 and o.person_id = b.person_id
      where b.ok and b.kind = 'create' order by b.id`, [planId, now])
  await client.query(
    `insert into person_version (person_id, valid_from, valid_until, attributes, positions, state, plan_id)
     select p.id, p.changed_at, $2, p.attributes, p.positions, p.state, $1
       from people_batch b join person p on p.id = b.person_id where b.ok and b.kind <> 'create'
     on conflict do nothing`, [planId, now])
  await client.query(
    `update person p set
       attributes = case when b.after ? 'attributes' or b.before ? 'attributes'
         then (p.attributes - array(select jsonb_object_keys(coalesce(b.before -> 'attributes', '{}')))) || coalesce(b.after -> 'attributes', '{}') else p.attributes end,
       positions = coalesce(b.after -> 'positions', p.positions),
       state = coalesce(b.after ->> 'state', p.state),
       next_change_at = case when b.after ? 'nextChangeAt' then (b.after ->> 'nextChangeAt')::timestamptz else p.next_change_at end,
       contributions = case when $3 = 0 then o.contributions else p.contributions end,
       changed_at = $2, evaluated_at = null
      from people_batch b left join plan_overlay o on o.plan_id = $1 and o.person_id = b.person_id
     where p.id = b.person_id and b.ok and b.kind <> 'create'`, [planId, now, wave])
}

/** Who ended gets a clock, and the lane for leavers hears of it; who is back has theirs stopped. */
async function noteLeavers(client: Client, now: string, actor: string): Promise<void> {
  await client.query(
    `update leaver l set returned_at = $1, look_at = null from people_batch b where b.ok and b.kind = 'enable' and l.person_id = b.person_id and l.returned_at is null`, [now])
  await client.query(
    `with left_now as (
       insert into leaver (id, person_id, cause, actor, effective_at, received_at, started_at, look_at)
       select gen_random_uuid(), b.person_id, 'source', $2, $1, $1, $1, $1 from people_batch b
        where b.ok and b.kind = 'disable' and b.after ->> 'state' = 'ended'
       on conflict (person_id) where returned_at is null do nothing returning id)
     select pg_notify('usher_leaver', '') from left_now limit 1`, [now, actor])
}

async function writeRecords(client: Client, planId: string, wave: number, now: string): Promise<void> {
  if (wave === 0) {
    const { rows: [basis] } = await client.query<{ snapshots: string[] }>(
      `select array(select value::uuid from plan, jsonb_each_text(coalesce(basis -> 'snapshots', '{}')) where id = $1) as snapshots`, [planId])
    for (const snapshotId of basis!.snapshots) {
      const rows = await rowsOf(client, snapshotId)
      await client.query(
        `insert into record_past (job_id, key, position_key, person_id, valid_until, row, cells, snapshot_id, source_name)
         select r.job_id, r.key, r.position_key, r.person_id, $3, r.row, coalesce(${cellsOfRecord}::jsonb, '{}'), r.snapshot_id, r.source_name
           from people_batch b
           join plan_row n on n.plan_id = $1 and n.person_id = b.person_id and n.kind = 'accept'
           join ${rows} s on s.key = n.key and s.position_key = n.position_key
           join record r on r.job_id = n.job_id and r.key = n.key and r.position_key = n.position_key and r.hash <> s.hash
          where b.ok and n.snapshot_id = $2 on conflict do nothing`, [planId, snapshotId, now])
      await client.query(`insert into record (job_id, key, position_key, person_id, hash, row, cells, snapshot_id, source_name)
       select n.job_id, n.key, n.position_key, n.person_id, s.hash, s.row, s.cells::json, s.snapshot_id, coalesce(h.shape ->> 'file', h.system_id)
         from people_batch b
         join plan_row n on n.plan_id = $1 and n.person_id = b.person_id and n.kind = 'accept'
         join snapshot h on h.id = n.snapshot_id
         join ${rows} s on s.key = n.key and s.position_key = n.position_key
        where b.ok and n.snapshot_id = $2
       on conflict (job_id, key, position_key) do update
         set person_id = excluded.person_id, hash = excluded.hash, row = excluded.row, cells = excluded.cells,
             snapshot_id = excluded.snapshot_id, source_name = excluded.source_name, missing_since = null`, [planId, snapshotId])
    }
  }
  await client.query(
    `update record r set missing_since = $3
       from people_batch b join plan_row n on n.plan_id = $1 and n.person_id = b.person_id and n.kind = $2
      where b.ok and r.missing_since is null and r.job_id = n.job_id and r.key = n.key and r.position_key = n.position_key`,
    [planId, wave === 0 ? 'missing' : 'held', now])
}

/** One row for the batch, with a digest over what was done; and one per person where they are few enough to be read. */
async function audit(client: Client, input: { planId: string; now: string; actor: string; singly: boolean }): Promise<void> {
  await client.query(
    `insert into audit (at, actor, action, subject, detail)
     select $2, $3, 'people.apply', 'plan:' || $1::text, jsonb_build_object('done', count(*) filter (where ok), 'refused', count(*) filter (where not ok),
            'digest', encode(sha256(coalesce(string_agg(int8send(id) || hash, ''::bytea order by id), ''::bytea)), 'hex'))
       from people_batch`, [input.planId, input.now, input.actor])
  if (!input.singly) return
  await client.query(
    `insert into audit (at, actor, action, subject, detail)
     select $2, $3, 'change.' || kind || case when ok then '.done' else '.refused' end, 'person:' || person_id, jsonb_build_object(
            'plan', $1::text, 'change', id::text, 'system', 'people', 'hash', encode(hash, 'hex'),
            'attributes', (select coalesce(jsonb_agg(name order by name), '[]') from jsonb_object_keys(coalesce(before -> 'attributes', '{}') || coalesce(after -> 'attributes', '{}')) name))
       from people_batch order by id`, [input.planId, input.now, input.actor])
}
