/**
 * New people in great numbers, as the first import brings them: planned as stretches of the snapshot's rows, in sets. A row
 * is fit for that when nobody can be meant by it but somebody new, and no other row has its key; the others lose the id
 * that was drawn for them.
 */
import type { Client, Db } from './database.ts'

/** Whether a job is not mostly known already. */
export async function isMostlyNew(client: Client, jobId: string, rows: number): Promise<boolean> {
  const { rows: [known] } = await client.query<{ n: number }>('select count(*)::int as n from (select from record where job_id = $1 limit $2) r', [jobId, rows])
  return known!.n * 2 < rows
}

/** Collects the keys that need a closer look in `people_apart`. */
export async function setApart(client: Client, input: { planId: string; jobId: string; snapshotId: string; rules: string[][]; severalRows: boolean }): Promise<void> {
  const { planId, jobId, snapshotId, rules, severalRows } = input
  await client.query('truncate people_apart')
  await client.query(
    `insert into people_apart select key from match_case where job_id = $1 and decided_at is null
     union select key from record where job_id = $1`, [jobId])
  if (severalRows) {
    await client.query('insert into people_apart select key from snapshot_record where snapshot_id = $1 group by key having count(*) > 1 on conflict do nothing', [snapshotId])
  }
  for (const rule of rules) {
    const equal = rule.map((_, i) => `lower(c.attributes ->> $${i + 4}) = lower(s.attributes ->> $${i + 4})`).join(' and ')
    await client.query(
      `with candidate as (
         select id, attributes from person
         union all select person_id, attributes from people_key where is_new and job_id <> $1
         union all select p.person_id, p.attributes from plan_person p where p.plan_id = $3)
       insert into people_apart select distinct s.key from snapshot_record s join candidate c on ${equal} where s.snapshot_id = $2
       on conflict do nothing`, [jobId, snapshotId, planId, ...rule])
  }
  await client.query('analyze people_apart')
  await client.query(
    `update snapshot_record s set person_id = null from people_apart a where s.snapshot_id = $1 and s.key = a.key and s.person_id is not null`, [snapshotId])
}

/** The different dates that positions of a snapshot have. */
export async function datesOfSnapshot(client: Client, snapshotId: string): Promise<string[]> {
  const { rows } = await client.query<{ dates: string }>('select dates from snapshot_record where snapshot_id = $1 group by dates', [snapshotId])
  return rows.map((r) => r.dates)
}

/** Returns how many people arrive. */
export async function createInBulk(client: Client, input: {
  planId: string; jobId: string; snapshotId: string; source: string; place: string
  states: { dates: string; state: string; nextChangeAt: string | null }[]; state: 'planned' | 'observed'
}): Promise<number> {
  const { planId, jobId, snapshotId, source, place, states, state } = input
  await client.query(
    `insert into plan_arrival_state (plan_id, snapshot_id, dates, state, next_change_at, after)
     select $1, $2, dates, state, next::timestamptz, jsonb_build_object('state', state, 'nextChangeAt', next)
       from unnest($3::text[], $4::text[], $5::text[]) as s (dates, state, next)`,
    [planId, snapshotId, states.map((s) => s.dates), states.map((s) => s.state), states.map((s) => s.nextChangeAt)])
  // The numbers that the rows would have taken as changes of their own.
  const { rows: [taken] } = await client.query<{ first: string }>(
    `with last as (select coalesce(max(row), 0) as row from snapshot_record where snapshot_id = $1),
          first as (select nextval(pg_get_serial_sequence('plan_change', 'id')) as id)
     select first.id as first, setval(pg_get_serial_sequence('plan_change', 'id'), first.id + last.row) from first, last`, [snapshotId])
  const { rows } = await client.query<{ people: number }>(
    `insert into plan_arrival (plan_id, snapshot_id, stretch, job_id, source_name, place, first_id, state, people, digest)
     select $1, $2, s.stretch, $3, $4, $5, $6, $7, s.people, s.digest from (${stretchesOf('$2')}) s returning people`,
    [planId, snapshotId, jobId, source, place, taken!.first, state])
  if (rows.length > 0) await client.query('update snapshot set kept = true where id = $1', [snapshotId])
  await client.query('analyze plan_arrival; analyze plan_arrival_state')
  return rows.reduce((sum, r) => sum + r.people, 0)
}

const stretchesOf = (snapshotId: string): string =>
  `select row / 20000 as stretch, count(*)::int as people, sha256(string_agg(hash, ''::bytea order by row)) as digest
     from snapshot_record where snapshot_id = ${snapshotId} and person_id is not null group by 1`

/** Whoever arrives and has a row in another source, too, is composed like everybody else. */
export async function takeBack(client: Client, planId: string): Promise<void> {
  const { rows } = await client.query<{ snapshotId: string }>(
    `with back as (
       update snapshot_record s set person_id = null from plan_arrival a, people_row n
        where a.plan_id = $1 and s.snapshot_id = a.snapshot_id and s.row / 20000 = a.stretch and s.person_id = n.person_id
       returning a.job_id, s.snapshot_id, s.key, s.position_key, n.person_id),
     rows as (
       insert into people_row (job_id, snapshot_id, key, position_key, kind, person_id)
       select job_id, snapshot_id, key, position_key, 'new', person_id from back)
     select distinct snapshot_id as "snapshotId" from back`, [planId])
  for (const { snapshotId } of rows) {
    await client.query(
      `update plan_arrival a set people = s.people, digest = s.digest
         from (select o.stretch, coalesce(n.people, 0) as people, coalesce(n.digest, '') as digest
                 from plan_arrival o left join (${stretchesOf('$2')}) n on n.stretch = o.stretch where o.plan_id = $1 and o.snapshot_id = $2) s
        where a.plan_id = $1 and a.snapshot_id = $2 and a.stretch = s.stretch`, [planId, snapshotId])
    await client.query('delete from plan_arrival where plan_id = $1 and snapshot_id = $2 and people = 0', [planId, snapshotId])
  }
}

/** The digests of a plan's arrivals, in the order of their rows. */
export async function arrivalDigests(db: Db, planId: string): Promise<Buffer[]> {
  const { rows } = await db.query<{ digest: Buffer }>(
    'select a.digest from plan_arrival a where a.plan_id = $1 order by a.job_id, a.snapshot_id, a.stretch', [planId])
  return rows.map((r) => r.digest)
}

/** Returns how many people wait from now on. */
export async function approveArrivals(client: Client, planId: string): Promise<number> {
  const { rows } = await client.query<{ people: number }>(`update plan_arrival set state = 'waiting' where plan_id = $1 and state = 'planned' returning people`, [planId])
  return rows.reduce((sum, r) => sum + r.people, 0)
}
