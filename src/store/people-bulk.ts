/**
 * New people in great numbers, as the first import brings them: planned as stretches of the snapshot's rows, in sets. A row
 * is fit for that when nobody can be meant by it but somebody new, and no other row has its key; the others lose the id
 * that was drawn for them.
 */
import type { Client, Db } from './database.ts'
import { tableOf } from './snapshot.ts'

/** Rows of a snapshot that are carried out in one transaction: those whose number divided by this is the same. */
export const stretchRows = 20_000

export interface Stretch {
  stretch: number
  people: number
  lastRow: number
  /** Over the hashes of the rows, in their order. */
  digest: Buffer
}

/** Whether a job is not mostly known already. */
export async function isMostlyNew(client: Client, jobId: string, rows: number): Promise<boolean> {
  const { rows: [known] } = await client.query<{ n: number }>('select count(*)::int as n from (select from record where job_id = $1 limit $2) r', [jobId, rows])
  return known!.n * 2 < rows
}

/**
 * Takes the rows that need a closer look out of those that are planned in sets. Returns how many. `unique`: attributes that
 * each person has alone, with the values that rows may share; null: any.
 */
export async function setApart(client: Client, input: {
  planId: string; jobId: string; snapshotId: string; rules: string[][]; unique: Map<string, string[] | null>; severalRows: boolean
}): Promise<number> {
  const { planId, jobId, snapshotId, rules, unique, severalRows } = input
  const table = tableOf(snapshotId)
  await client.query('truncate people_apart')
  await client.query(
    `insert into people_apart select key from match_case where job_id = $1 and decided_at is null
     union select key from record where job_id = $1`, [jobId])
  if (severalRows) {
    await client.query(`insert into people_apart select key from ${table} group by key having count(*) > 1 on conflict do nothing`)
  }
  for (const [name, values] of unique) {
    await client.query(
      `with shared as (
         select lower(attributes ->> $1) as value from ${table}
          where attributes ->> $1 <> '' ${values === null ? 'and $2::text[] is null' : 'and lower(attributes ->> $1) in (select lower(v) from unnest($2::text[]) v)'}
          group by 1 having count(*) > 1)
       insert into people_apart select s.key from ${table} s join shared on lower(s.attributes ->> $1) = shared.value on conflict do nothing`, [name, values])
  }
  const candidates = `
    select id, attributes from person
    union all select person_id, attributes from people_key where is_new and job_id <> $1
    union all select p.person_id, p.attributes from plan_person p where p.plan_id = $2`
  const { rows: [known] } = await client.query<{ some: boolean }>(`select exists (${candidates}) as some`, [jobId, planId])
  for (const rule of known!.some ? rules : []) {
    const equal = rule.map((_, i) => `lower(c.attributes ->> $${i + 3}) = lower(s.attributes ->> $${i + 3})`).join(' and ')
    await client.query(
      `with candidate as (${candidates})
       insert into people_apart select distinct s.key from ${table} s join candidate c on ${equal} on conflict do nothing`, [jobId, planId, ...rule])
  }
  await client.query('analyze people_apart')
  const { rows: [apart] } = await client.query<{ some: boolean }>('select exists (select from people_apart) as some')
  if (!apart!.some) return 0
  const { rowCount } = await client.query(
    `update ${table} s set person_id = null from people_apart a where s.key = a.key and s.person_id is not null`)
  return rowCount ?? 0
}

/** The different dates that positions of a snapshot have. */
export async function datesOfSnapshot(client: Client, snapshotId: string): Promise<string[]> {
  const { rows } = await client.query<{ dates: string }>(`select dates from ${tableOf(snapshotId)} group by dates`)
  return rows.map((r) => r.dates)
}

/** Returns how many people arrive. */
export async function createInBulk(client: Client, input: {
  planId: string; jobId: string; snapshotId: string; source: string; place: string
  states: { dates: string; state: string; nextChangeAt: string | null }[]; stretches: Stretch[]; state: 'planned' | 'observed'
}): Promise<number> {
  const { planId, jobId, snapshotId, source, place, states, stretches, state } = input
  await client.query(
    `insert into plan_arrival_state (plan_id, snapshot_id, dates, state, next_change_at, after)
     select $1, $2, dates, state, next::timestamptz, jsonb_build_object('state', state, 'nextChangeAt', next)
       from unnest($3::text[], $4::text[], $5::text[]) as s (dates, state, next)`,
    [planId, snapshotId, states.map((s) => s.dates), states.map((s) => s.state), states.map((s) => s.nextChangeAt)])
  // The numbers that the rows would have taken as changes of their own.
  const { rows: [taken] } = await client.query<{ first: string }>(
    `with first as (select nextval(pg_get_serial_sequence('plan_change', 'id')) as id)
     select first.id as first, setval(pg_get_serial_sequence('plan_change', 'id'), first.id + $1) from first`, [stretches.at(-1)?.lastRow ?? 0])
  await client.query(
    `insert into plan_arrival (plan_id, snapshot_id, stretch, job_id, source_name, place, first_id, state, people, digest)
     select $1, $2, s.stretch, $3, $4, $5, $6, $7, s.people, s.digest from unnest($8::int[], $9::int[], $10::bytea[]) s (stretch, people, digest)`,
    [planId, snapshotId, jobId, source, place, taken!.first, state, stretches.map((s) => s.stretch), stretches.map((s) => s.people), stretches.map((s) => s.digest)])
  if (stretches.length > 0) await client.query('update snapshot set kept = true where id = $1', [snapshotId])
  await client.query('analyze plan_arrival; analyze plan_arrival_state')
  return stretches.reduce((sum, s) => sum + s.people, 0)
}

const stretches = (snapshotId: string): string =>
  `select row / ${stretchRows} as stretch, count(*)::int as people, max(row) as "lastRow", sha256(string_agg(hash, ''::bytea order by row)) as digest
     from ${tableOf(snapshotId)} where person_id is not null group by 1`

export async function stretchesOf(client: Client, snapshotId: string): Promise<Stretch[]> {
  return (await client.query<Stretch>(`${stretches(snapshotId)} order by 1`)).rows
}

/** Whoever arrives and has a row in another source, too, is composed like everybody else. */
export async function takeBack(client: Client, planId: string): Promise<void> {
  const { rows: [any] } = await client.query<{ some: boolean }>(
    `select exists (select from people_row where person_id is not null) and exists (select from plan_arrival where plan_id = $1) as some`, [planId])
  if (!any!.some) return
  const { rows } = await client.query<{ snapshotId: string }>(
    `with back as (
       update snapshot_record s set person_id = null from plan_arrival a, people_row n
        where a.plan_id = $1 and s.snapshot_id = a.snapshot_id and s.row / ${stretchRows} = a.stretch and s.person_id = n.person_id
       returning a.job_id, s.snapshot_id, s.key, s.position_key, n.person_id),
     rows as (
       insert into people_row (job_id, snapshot_id, key, position_key, kind, person_id)
       select job_id, snapshot_id, key, position_key, 'new', person_id from back)
     select distinct snapshot_id as "snapshotId" from back`, [planId])
  for (const { snapshotId } of rows) {
    await client.query(
      `update plan_arrival a set people = s.people, digest = s.digest
         from (select o.stretch, coalesce(n.people, 0) as people, coalesce(n.digest, '') as digest
                 from plan_arrival o left join (${stretches(snapshotId)}) n on n.stretch = o.stretch where o.plan_id = $1 and o.snapshot_id = $2) s
        where a.plan_id = $1 and a.snapshot_id = $2 and a.stretch = s.stretch`, [planId, snapshotId])
    await client.query('delete from plan_arrival where plan_id = $1 and snapshot_id = $2 and people = 0', [planId, snapshotId])
  }
}

/** How many people arrive from each snapshot. */
export async function arrivingPeople(client: Client, planId: string): Promise<Map<string, number>> {
  const { rows } = await client.query<{ snapshotId: string; people: number }>(
    'select snapshot_id as "snapshotId", sum(people)::int as people from plan_arrival where plan_id = $1 group by 1', [planId])
  return new Map(rows.map((r) => [r.snapshotId, r.people]))
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
