/** Carries out the arrivals of a plan: people in great numbers, one stretch of rows a transaction. */
import { transaction, unlessLocked, type Client, type Db, type Pool } from './database.ts'

/**
 * Indexes that a first load makes quicker at its end than row by row. The definitions are those of the schema; those that
 * take longest come first, so that two who make them are done at about the same time.
 */
const indexes = {
  person_name: `person (lower(attributes ->> 'displayName'), id)`,
  person_email: `person (lower(attributes ->> 'email'))`,
  record_pkey: 'record (key, job_id, position_key)',
  record_person_id_idx: 'record (person_id)',
  person_manager: `person ((attributes ->> 'manager'))`,
  person_employee_id: `person ((attributes ->> 'employeeId'))`,
  person_pkey: 'person (id)',
}
export type LateIndex = keyof typeof indexes

/** People who are still to arrive. */
export async function countArriving(db: Db, planId: string): Promise<number> {
  const { rows } = await db.query<{ n: number }>(`select coalesce(sum(people), 0)::int as n from plan_arrival where plan_id = $1 and state = 'waiting'`, [planId])
  return rows[0]!.n
}

/** Only as long as nobody is there, so that no look-up misses them, and nobody else is at work, who would have to wait. */
export async function dropIndexes(pool: Pool): Promise<void> {
  await unlessLocked(pool, async (client) => {
    await client.query('lock table person, record in access exclusive mode')
    const { rows } = await client.query('(select from person limit 1) union all (select from record limit 1)')
    if (rows.length > 0) return
    const references = await client.query<{ drop: string }>(
      `insert into late_reference (table_name, name, definition)
       select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint where contype = 'f' and confrelid = 'person'::regclass
       returning format('alter table %s drop constraint %I', table_name, name) as drop`)
    for (const { drop } of references.rows) await client.query(drop)
    await client.query(
      `alter table record drop constraint if exists record_pkey;
       alter table person drop constraint if exists person_pkey;
       drop index if exists ${Object.keys(indexes).join(', ')}`)
  })
}

/** Those that an import dropped and, if it was killed, did not make again; also indexes of keys that are no keys yet. */
export async function missingIndexes(db: Db): Promise<LateIndex[]> {
  const names = Object.keys(indexes) as LateIndex[]
  const { rows } = await db.query<{ name: string }>(
    `select relname as name from pg_index i join pg_class c on c.oid = i.indexrelid
      where indrelid in ('person'::regclass, 'record'::regclass) and (relname not like '%_pkey' or indisprimary)`)
  return names.filter((name) => !rows.some((r) => r.name === name))
}

export async function makeIndex(client: Client, name: LateIndex): Promise<void> {
  // Two are made side by side; helpers of each would only be in the way.
  await client.query(`set local maintenance_work_mem = '128MB'; set local max_parallel_maintenance_workers = 0`)
  await client.query(`create ${name.endsWith('_pkey') ? 'unique ' : ''}index if not exists ${name} on ${indexes[name]}`)
}

/** Makes the indexes of keys the keys that they were, and what refers to them. */
export async function makeKeys(client: Client): Promise<void> {
  const { rows } = await client.query<{ table: string }>(
    `select t as table from unnest(array['person', 'record']) t
      where not exists (select from pg_constraint where contype = 'p' and conrelid = t::regclass)`)
  for (const { table } of rows) await client.query(`alter table ${table} add primary key using index ${table}_pkey`)
  const late = await client.query<{ add: string }>(
    `with late as (delete from late_reference returning *)
     select format('alter table %s add constraint %I %s', table_name, name, definition) as add from late order by 1`)
  for (const { add } of late.rows) await client.query(add)
}

/** PostgreSQL plans by what it last counted. Only what look-ups go by: the values of people are many and long. A small sample tells. */
export async function countPeopleAgain(pool: Pool): Promise<void> {
  await transaction(pool, async (client) => {
    await client.query('set local default_statistics_target = 10')
    await client.query('analyze person (id, state, evaluated_at, changed_at, next_change_at, evaluated_revision)')
    await client.query('analyze record (job_id, key, position_key, person_id, row, hash, missing_since)')
  })
}

export interface Arrived {
  claimed: number
  done: number
  refused: number
}

interface ArrivingStretch { snapshotId: string; stretch: number; jobId: string; source: string; people: number }

/** The people of one stretch: either all of it happened, with its mark and audit row, or none. */
export async function arrive(client: Client, input: { planId: string; now: string; actor: string }): Promise<Arrived> {
  const { planId, now, actor } = input
  const stretch = await nextStretch(client, planId, 'people_at is null')
  if (stretch === undefined) return { claimed: 0, done: 0, refused: 0 }
  const at = [stretch.snapshotId, stretch.stretch]
  const refused = await refuseWhoIsKnown(client, planId, stretch, now)
  // PostgreSQL cannot tell how many ids lie between two, and takes a stretch for one row: joined, it would look each row's state up in a table.
  // What most have is left out: a long list is looked through for each row.
  const ofDates = (column: string, most: string): string =>
    `(select jsonb_object_agg(dates, ${column}) from plan_arrival_state where plan_id = $3 and snapshot_id = $1 and ${column} is distinct from ${most}) ->> s.dates`
  await client.query(
    `insert into person (id, attributes, positions, state, next_change_at, created_at, changed_at)
     select s.person_id, s.attributes, s.positions, coalesce(${ofDates('state', `'active'`)}, 'active'), (${ofDates('next_change_at', 'null')})::timestamptz, $4, $4
       from snapshot_record s where ${inStretch}`, [...at, planId, now])
  const done = stretch.people - refused
  await client.query(
    `with ended as (
       update plan_arrival set people = $6, people_at = $4 where plan_id = $3 and snapshot_id = $1 and stretch = $2 returning digest)
     insert into audit (at, actor, action, subject, detail)
     select $4, $5, 'people.apply', 'plan:' || $3::text, jsonb_build_object('done', $6::int, 'refused', $7::int, 'snapshot', $1::text, 'stretch', $2::int, 'digest', encode(digest, 'hex')) from ended`,
    [...at, planId, now, actor, done, refused])
  return { claimed: stretch.people, done, refused }
}

/** The records of one stretch whose people are there, which is done then; false: there is none. */
export async function arriveRecords(client: Client, planId: string, now: string): Promise<boolean> {
  const stretch = await nextStretch(client, planId, 'people_at is not null')
  if (stretch === undefined) return false
  const at = [stretch.snapshotId, stretch.stretch]
  await client.query(
    // Its cells stay where they are: the snapshot is kept.
    `insert into record (job_id, key, position_key, person_id, hash, row, snapshot_id, source_name)
     select $3, s.key, s.position_key, s.person_id, s.hash, s.row, s.snapshot_id, $4 from snapshot_record s where ${inStretch}`, [...at, stretch.jobId, stretch.source])
  await client.query(`update plan_arrival set state = 'done', done_at = $4 where plan_id = $3 and snapshot_id = $1 and stretch = $2`, [...at, planId, now])
  return true
}

async function nextStretch(client: Client, planId: string, condition: string): Promise<ArrivingStretch | undefined> {
  // Whoever waits for the disk now does nothing meanwhile. A stretch that a crash of the server takes back is done again.
  await client.query('set local synchronous_commit = off')
  // The rows of a stretch lie side by side: a page at a time is quicker than a row at a time.
  await client.query('set local enable_indexscan = off')
  const { rows: [stretch] } = await client.query<ArrivingStretch>(
    `select snapshot_id as "snapshotId", stretch, job_id as "jobId", source_name as source, people from plan_arrival
      where plan_id = $1 and state = 'waiting' and ${condition} order by snapshot_id, stretch limit 1 for update skip locked`, [planId])
  return stretch
}

const firstId = (stretch: string): string => `(lpad(to_hex(${stretch} * 20000), 8, '0') || '-0000-0000-0000-000000000000')::uuid`
/** The rows of a stretch. Their ids begin with the number of the row, so that the index finds them. */
const inStretch = `s.snapshot_id = $1 and s.person_id >= ${firstId('$2::int')} and s.person_id < ${firstId('($2::int + 1)')}`

/** A row whose key became somebody's since the plan was made is refused by itself. */
async function refuseWhoIsKnown(client: Client, planId: string, stretch: ArrivingStretch, now: string): Promise<number> {
  const { rows: [others] } = await client.query<{ some: boolean }>(
    `select exists (select from plan o join plan p on p.id = $1
       where o.id <> p.id and o.state in ('applying', 'applied', 'stopped') and (o.ended_at is null or o.ended_at > p.as_of)) as some`, [planId])
  if (!others!.some) return 0
  const { rows } = await client.query<{ id: string }>(
    // By the index row by row: the records grow with each stretch.
    `select s.person_id as id from snapshot_record s where ${inStretch} and exists (select from record r where r.job_id = $3 and r.key = s.key offset 0)`,
    [stretch.snapshotId, stretch.stretch, stretch.jobId])
  if (rows.length === 0) return 0
  const ids = rows.map((r) => r.id)
  await client.query(
    `insert into plan_change (plan_id, stage, kind, system_id, job_id, object_type, person_id, subject, after, reasons, hash, state, attempts, code, words, started_at, done_at)
     select plan_id, stage, kind, system_id, job_id, object_type, person_id, subject, after, reasons, hash, 'refused', 1, 'CHANGE_DIFFERS',
            'The person or their source row changed after this was planned.', $3, $3
       from planned_change where plan_id = $1 and stage = 1 and person_id = any ($2)`, [planId, ids, now])
  await client.query('update snapshot_record set person_id = null where person_id = any ($1)', [ids])
  return ids.length
}
