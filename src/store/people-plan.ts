/** Stage 1 of a plan: loads the people whom it may change, in batches, and writes what becomes of them. */
import type { SourceShape } from '../connectors/connector.ts'
import type { KnownPerson } from '../domain/compose-person.ts'
import type { MappedRow } from '../domain/map-row.ts'
import type { PersonState } from '../domain/person.ts'
import type { Because, ChangeKind } from '../domain/plan.ts'
import { copyLine, pourInto } from './copy.ts'
import type { Client, Db } from './database.ts'
import { cutsOf } from './person-end.ts'
import { takeBack } from './people-bulk.ts'
import { cellsOfRecord, mappedOf, tableOf } from './snapshot.ts'

export interface LoadedPerson {
  id: string
  known: (KnownPerson & { state: PersonState; nextChangeAt: string | null; cuts: string[] }) | null
  /** Rows that are there, changed or not. */
  rows: LoadedRow[]
  vanished: { job: string; key: string; positionKey: string; row: number; missingSince: string | null }[]
}

export interface LoadedRow {
  job: string
  key: string
  positionKey: string
  row: number
  mapped: MappedRow
  kind: 'new' | 'changed' | 'returned' | 'same'
  /** Columns whose cells differ from those that were last accepted; of changed rows. */
  cells?: string[]
}

export interface PeopleChange {
  personId: string
  kind: ChangeKind
  wave: number
  /** Null where the calendar alone is behind it. */
  jobId: string | null
  subject: string
  before: unknown
  after: unknown
  reasons: Because[]
  hash: string
  state: 'planned' | 'held' | 'observed'
  code: string | null
}

export interface OverlayPerson {
  personId: string
  attributes: unknown
  positions: unknown
  contributions: unknown
  state: PersonState
  nextChangeAt: string | null
}

export async function snapshotShapes(db: Db, ids: string[]): Promise<Map<string, SourceShape | null>> {
  const { rows } = await db.query<{ id: string; shape: SourceShape | null }>('select id, shape from snapshot where id = any ($1)', [ids])
  return new Map(rows.map((r) => [r.id, r.shape]))
}

/** Ids of the people with rows that differ, and of those whose time has come, in order. */
export async function* peopleOfDiff(client: Client, planId: string, asOf: string, batch: number): AsyncGenerator<string[]> {
  await takeBack(client, planId)
  await client.query(
    `create temp table people_due (id uuid primary key) on commit drop`)
  await client.query(
    `insert into people_due
     select person_id from people_row where person_id is not null and not waits
     union select id from person where next_change_at <= $1`, [asOf])
  await client.query('create index on people_row (person_id); analyze people_row; analyze people_due')
  for (let last: string | null = null; ;) {
    const { rows }: { rows: { id: string }[] } = await client.query(
      'select id from people_due where $1::uuid is null or id > $1 order by id limit $2', [last, batch])
    if (rows.length === 0) return
    yield rows.map((r) => r.id)
    last = rows.at(-1)!.id
  }
}

/** `snapshots`: the read ones, by job. */
export async function loadPeople(client: Client, ids: string[], snapshots: { jobId: string; snapshotId: string }[]): Promise<LoadedPerson[]> {
  const people = await client.query<{ id: string } & NonNullable<LoadedPerson['known']>>(
    `select p.id, p.attributes, p.positions, p.contributions, p.state, p.next_change_at as "nextChangeAt", ${cutsOf('p.id')},
            array(select distinct r.job_id from record r where r.person_id = p.id order by 1) as jobs
       from person p where p.id = any ($1)`, [ids])
  const rows: (LoadedRow & { personId: string })[] = []
  for (const { jobId, snapshotId } of snapshots) {
    const { rows: changed } = await client.query<LoadedRow & { personId: string }>(
      `select n.person_id as "personId", n.job_id as job, n.key, n.position_key as "positionKey", n.kind, s.row, ${mappedOf} as mapped,
              case when n.kind = 'changed' then array(
                select coalesce(a.key, b.key)
                  from json_each_text(row_cells(s.cells::json, (select columns from snapshot where id = s.snapshot_id))) a
                  full join json_each_text(${cellsOfRecord}) b on a.key = b.key
                 where a.value is distinct from b.value) end as cells
         from people_row n
         join ${tableOf(snapshotId)} s on s.key = n.key and s.position_key = n.position_key
         left join record r on n.kind = 'changed' and r.job_id = n.job_id and r.key = n.key and r.position_key = n.position_key
        where n.person_id = any ($1) and n.job_id = $2 and n.kind <> 'vanished' and not n.waits`, [ids, jobId])
    rows.push(...changed)
    if (people.rows.length === 0) continue
    const { rows: same } = await client.query<LoadedRow & { personId: string }>(
      `select r.person_id as "personId", r.job_id as job, r.key, r.position_key as "positionKey", 'same' as kind, s.row, ${mappedOf} as mapped
         from record r join ${tableOf(snapshotId)} s on s.key = r.key and s.position_key = r.position_key
        where r.person_id = any ($1) and r.job_id = $2
          and not exists (select from people_row n where n.job_id = r.job_id and n.key = r.key and n.position_key = r.position_key and n.person_id is not null)`,
      [ids, jobId])
    rows.push(...same)
  }
  const vanished = people.rows.length === 0 ? { rows: [] } : await client.query<LoadedPerson['vanished'][number] & { personId: string }>(
    `select n.person_id as "personId", n.job_id as job, n.key, n.position_key as "positionKey", n.missing_since as "missingSince", r.row
       from people_row n join record r on r.job_id = n.job_id and r.key = n.key and r.position_key = n.position_key
      where n.person_id = any ($1) and n.kind = 'vanished'`, [ids])

  const loaded = new Map<string, LoadedPerson>(ids.map((id) => [id, { id, known: null, rows: [], vanished: [] }]))
  for (const { id, ...known } of people.rows) loaded.get(id)!.known = known
  rows.sort((a, b) => a.row - b.row || (a.job < b.job ? -1 : 1))
  for (const { personId, ...row } of rows) loaded.get(personId)!.rows.push(row)
  for (const { personId, ...row } of vanished.rows) loaded.get(personId)!.vanished.push(row)
  return [...loaded.values()]
}

export async function writePeople(client: Client, planId: string, changes: PeopleChange[], overlay: OverlayPerson[]): Promise<void> {
  const json = (value: unknown): string | null => (value === null || value === undefined ? null : JSON.stringify(value))
  const changeLines = changes.map((c) => copyLine([
    planId, 1, c.wave, c.kind, 'people', c.jobId, 'person', c.personId, c.subject, json(c.before), json(c.after), JSON.stringify(c.reasons), `\\x${c.hash}`, c.state, c.code]))
  await pourInto(client, 'plan_change (plan_id, stage, wave, kind, system_id, job_id, object_type, person_id, subject, before, after, reasons, hash, state, code)', changeLines)
  await pourInto(client, 'plan_overlay (plan_id, person_id, attributes, positions, contributions, state, next_change_at)', overlay.map((p) => copyLine([
    planId, p.personId, json(p.attributes), json(p.positions), json(p.contributions), p.state, p.nextChangeAt])))
}

/** The rows that come with the changes of the plan's people. `held`: jobs whose absences count only when released. */
export async function writePlanRows(client: Client, planId: string, held: string[]): Promise<void> {
  await client.query(
    `insert into plan_row (plan_id, person_id, job_id, snapshot_id, key, position_key, kind, was_hash, was_person_id)
     select $1, n.person_id, n.job_id, n.snapshot_id, n.key, n.position_key,
            case when n.kind <> 'vanished' then 'accept' when n.job_id = any ($2) then 'held' else 'missing' end, r.hash, r.person_id
       from people_row n left join record r on r.job_id = n.job_id and r.key = n.key and r.position_key = n.position_key
      where n.person_id is not null and not n.waits
        and exists (select from plan_change c where c.plan_id = $1 and c.stage = 1 and c.person_id = n.person_id)
        and (n.kind <> 'vanished' or n.missing_since is null)`, [planId, held])
}

/**
 * What the rows say now without a change of anybody: a row that moved is known by its new place, and one whose change
 * makes no difference is accepted as it is. `vanished`: jobs in which an absence means something.
 */
export async function followRows(client: Client, planId: string, snapshots: { jobId: string; snapshotId: string; source: string; vanished: boolean }[], asOf: string): Promise<void> {
  for (const { jobId, snapshotId, source, vanished } of snapshots) {
    const { rows: [known] } = await client.query<{ some: boolean }>('select exists (select from record where job_id = $1) as some', [jobId])
    if (!known!.some) continue
    await client.query(
      `update record r set row = s.row, cells = s.cells::json, hash = s.hash, snapshot_id = s.snapshot_id, source_name = $2, missing_since = null
         from ${tableOf(snapshotId)} s
        where r.job_id = $1 and r.key = s.key and r.position_key = s.position_key
          and (r.row <> s.row or r.hash <> s.hash or r.missing_since is not null or r.source_name <> $2)
          and not exists (select from people_row n where n.job_id = $1 and n.key = s.key and n.position_key = s.position_key and n.waits)
          and not exists (select from plan_row n where n.plan_id = $3 and n.job_id = $1 and n.key = s.key and n.position_key = s.position_key)`,
      [jobId, source, planId])
    if (!vanished) continue
    await client.query(
      `update record r set missing_since = $2 from people_row n
        where n.job_id = $1 and n.kind = 'vanished' and n.missing_since is null and r.job_id = $1 and r.key = n.key and r.position_key = n.position_key
          and not exists (select from plan_change c where c.plan_id = $3 and c.stage = 1 and c.person_id = r.person_id)`, [jobId, asOf, planId])
  }
}

/** The rows of a job that vanished and belong to people who have not ended. */
export async function vanishedSet(client: Client, jobId: string): Promise<{ key: string; positionKey: string }[]> {
  const { rows } = await client.query<{ key: string; positionKey: string }>(
    `select n.key, n.position_key as "positionKey" from people_row n join person p on p.id = n.person_id and p.state <> 'ended'
      where n.job_id = $1 and n.kind = 'vanished' order by n.key, n.position_key`, [jobId])
  return rows
}

export async function countPeople(db: Db): Promise<number> {
  const { rows } = await db.query<{ n: number }>(`select count(*)::int as n from person where state <> 'ended'`)
  return rows[0]!.n
}

/**
 * People whose reference leads to nobody, as the plan leaves them. At most `limit` are named. `settled`: snapshots that arrive
 * as a whole, and whose references lead to rows of their own.
 */
export async function unresolvedReferences(client: Client, input: {
  planId: string; attribute: string; references: string; settled: string[]; limit: number
}): Promise<{ count: number; people: { id: string; name: string }[] }> {
  const { planId, attribute, references, settled, limit } = input
  const now = await peopleAfter(client, planId)
  const referring = settled.length === 0 ? now : await peopleAfter(client, planId, settled)
  // Asked once for each value: a manager has many people. Mostly all of them are known.
  const { rows: unknown } = await client.query<{ value: string }>(
    `with now as not materialized (${now}),
     referring as (${referring}),
     referred as (select distinct attributes ->> $2 as value from referring where state <> 'ended' and attributes ->> $2 <> '')
     select value from referred r where not exists (select from now n where n.attributes ->> $3 = r.value)`,
    [planId, attribute, references])
  if (unknown.length === 0) return { count: 0, people: [] }
  const { rows } = await client.query<{ count: number; people: { id: string; name: string }[] | null }>(
    `with now as not materialized (${now}),
     lost as (select id, attributes ->> 'displayName' as name from now where state <> 'ended' and attributes ->> $2 = any ($3))
     select (select count(*)::int from lost) as count,
            (select jsonb_agg(jsonb_build_object('id', id, 'name', coalesce(name, ''))) from (select * from lost order by name, id limit $4) l) as people`,
    [planId, attribute, unknown.map((u) => u.value), limit])
  return { count: rows[0]!.count, people: rows[0]!.people ?? [] }
}

/** Everybody as the plan $1 leaves them. Arrivals are asked of their own tables, of which PostgreSQL knows how many rows they have. */
async function peopleAfter(client: Client, planId: string, without: string[] = []): Promise<string> {
  const { rows } = await client.query<{ id: string }>('select distinct snapshot_id as id from plan_arrival where plan_id = $1 and snapshot_id <> all ($2)', [planId, without])
  const arriving = rows.map(({ id }) => `
    union all
    select s.person_id, s.attributes, t.state from ${tableOf(id)} s
      join plan_arrival_state t on t.plan_id = $1 and t.snapshot_id = '${id}' and t.dates = s.dates
     where s.person_id is not null`)
  return `
    select person_id as id, attributes, state from plan_overlay where plan_id = $1${arriving.join('')}
    union all
    select p.id, p.attributes, p.state from person p where not exists (select from plan_overlay o where o.plan_id = $1 and o.person_id = p.id)`
}
