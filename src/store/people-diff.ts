/**
 * What differs between a snapshot and the accepted rows, and whose the rows are. All of it in sets, in temporary tables
 * of the planning transaction: `people_row` (rows that differ) and `people_key` (keys that nobody knows yet).
 */
import type { Client } from './database.ts'
import { tableOf } from './snapshot.ts'

export async function openDiff(client: Client): Promise<void> {
  await client.query(`
    create temp table people_row (
      job_id text, snapshot_id uuid, key text, position_key text, kind text, person_id uuid, waits boolean not null default false,
      missing_since timestamptz) on commit drop;
    create temp table people_key (job_id text, key text, attributes jsonb, person_id uuid, is_new boolean not null default false, waits boolean not null default false) on commit drop;
    create temp table people_apart (key text primary key) on commit drop;
    create temp table people_hit (key text, person_id uuid) on commit drop`)
}

/** Rows that are new, changed or back. `bulk`: rows of new people are in the plan already, but for those set apart. */
export async function diffRows(client: Client, jobId: string, snapshotId: string, bulk: boolean): Promise<number> {
  const { rowCount } = await client.query(
    `insert into people_row (job_id, snapshot_id, key, position_key, kind, person_id)
     select $1, s.snapshot_id, s.key, s.position_key, case when r.key is null then 'new' when r.missing_since is null then 'changed' else 'returned' end, r.person_id
       from ${tableOf(snapshotId)} s left join record r on r.job_id = $1 and r.key = s.key and r.position_key = s.position_key
      where (r.key is null or r.hash <> s.hash or r.missing_since is not null)
        and (not $2 or s.person_id is null)`, [jobId, bulk])
  // A further row of a known key is the same person's; of several, the one who is still here.
  await client.query(
    `update people_row n set person_id = r.person_id
       from (select distinct on (r.key) r.key, r.person_id from record r join person p on p.id = r.person_id
              where r.job_id = $1 order by r.key, p.state = 'ended', p.created_at desc) r
      where n.job_id = $1 and n.person_id is null and n.key = r.key`, [jobId])
  return rowCount ?? 0
}

/** Accepted rows that are not in the snapshot, nor among those set aside. */
export async function diffVanished(client: Client, jobId: string, snapshotId: string): Promise<void> {
  await client.query(
    `insert into people_row (job_id, snapshot_id, key, position_key, kind, person_id, missing_since)
     select $1, $2, r.key, r.position_key, 'vanished', r.person_id, r.missing_since from record r
      where r.job_id = $1
        and not exists (select from ${tableOf(snapshotId)} s where s.key = r.key and s.position_key = r.position_key)
        and not exists (select from set_aside a where a.snapshot_id = $2 and a.key = r.key)`, [jobId, snapshotId])
}

/** Whoever may be in one of the rows that wait for a decision has not vanished yet. */
export async function spareCandidates(client: Client, jobId: string, candidates: string[]): Promise<void> {
  await client.query(`delete from people_row where job_id = $1 and kind = 'vanished' and person_id = any ($2)`, [jobId, candidates])
}

/** How many of the rows that vanished, with those that went missing lately, are of people who have not ended; `of`: of how many. */
export async function countVanished(client: Client, jobId: string, lately: string): Promise<{ affected: number; of: number }> {
  const { rows: [counts] } = await client.query<{ affected: number; of: number }>(
    `select count(*) filter (where v.key is not null and (r.missing_since is null or r.missing_since > $2))::int as affected, count(*)::int as of
       from record r join person p on p.id = r.person_id and p.state <> 'ended'
       left join people_row v on v.job_id = r.job_id and v.key = r.key and v.position_key = r.position_key and v.kind = 'vanished'
      where r.job_id = $1 and (r.missing_since is null or r.missing_since > $2)`, [jobId, lately])
  return counts!
}

/** The keys of a job that nobody knows, each with the attributes by which it is matched. Decided cases apply at once. */
export async function newKeys(client: Client, jobId: string, snapshotId: string): Promise<number> {
  const { rowCount } = await client.query(
    `insert into people_key (job_id, key, attributes, person_id, is_new)
     select distinct on (s.key) $1, s.key, s.attributes, d.person_id, d.decided_at is not null and d.person_id is null
       from people_row n
       join ${tableOf(snapshotId)} s on s.key = n.key and s.position_key = n.position_key
       left join lateral (select c.person_id, c.decided_at from match_case c
                           where c.job_id = $1 and c.key = n.key and c.decided_at is not null order by c.decided_at desc limit 1) d on true
      where n.job_id = $1 and n.person_id is null
      order by s.key, s.positions -> 0 ->> 'start' desc nulls last, s.position_key desc`, [jobId])
  await client.query('analyze people_row; analyze people_key')
  return rowCount ?? 0
}

/** Matches the keys that are still nobody's by one rule. Returns those that do not fit exactly one person who is free for them. */
export async function matchKeys(client: Client, planId: string, jobId: string, rule: string[]): Promise<{ key: string; candidates: string[] }[]> {
  const equal = rule.map((_, i) => `lower(c.attributes ->> $${i + 3}) = lower(k.attributes ->> $${i + 3})`).join(' and ')
  await client.query('truncate people_hit')
  await client.query(
    `with candidate as (
       select id, attributes from person
       union all select person_id, attributes from people_key where is_new and job_id <> $1
       union all select s.person_id, s.attributes from plan_arrival a
         join snapshot_record s on s.snapshot_id = a.snapshot_id and s.row / 20000 = a.stretch and s.person_id is not null
        where a.plan_id = $2 and a.job_id <> $1)
     insert into people_hit select distinct k.key, c.id from people_key k join candidate c on ${equal}
      where k.job_id = $1 and k.person_id is null and not k.is_new and not k.waits`, [jobId, planId, ...rule])
  // Somebody who is here by another row of the same source is not taken for this one unasked.
  const { rows } = await client.query<{ key: string; candidates: string[] }>(
    `with verdict as (
       select h.key, array_agg(h.person_id order by h.person_id) as candidates,
              count(*) > 1 or bool_or(exists (
                select from record r join person p on p.id = r.person_id
                 where r.person_id = h.person_id and r.job_id = $1 and r.key <> h.key and r.missing_since is null and p.state <> 'ended'
                   and not exists (select from people_row v where v.job_id = $1 and v.key = r.key and v.position_key = r.position_key and v.kind = 'vanished'))) as unclear
         from people_hit h group by h.key),
     settled as (
       update people_key k set person_id = case when not v.unclear then v.candidates[1] end, waits = v.unclear
         from verdict v where k.job_id = $1 and k.key = v.key)
     select key, candidates from verdict where unclear order by key`, [jobId])
  return rows
}

/** Everybody else is new. Ids come from `base`, one after the other, so that they are in order. */
export async function nameNewPeople(client: Client, jobId: string, base: string): Promise<void> {
  await client.query(
    `update people_key k set is_new = true, person_id = (lpad(to_hex(n.n), 8, '0') || substr($2, 9))::uuid
       from (select key, row_number() over (order by key) as n from people_key where job_id = $1 and person_id is null and not waits) n
      where k.job_id = $1 and k.key = n.key`, [jobId, base])
  await client.query(
    `update people_row n set person_id = k.person_id, waits = k.waits from people_key k
      where n.job_id = $1 and k.job_id = $1 and n.key = k.key and n.person_id is null`, [jobId])
}

/**
 * Known keys whose row has another first name, last name and e-mail than its job gave before: the row waits for a decision, unless
 * one was made since the row was last accepted. Somebody new takes a key over once whoever had it ended, and not before.
 * `base`: ids for those who were decided to be somebody new.
 */
export async function contradictedKeys(client: Client, jobId: string, snapshotId: string, base: string): Promise<{ key: string; candidates: string[]; takenFrom?: string }[]> {
  // Of somebody who is here, a mapping that is edited may put the same words elsewhere.
  const wordsOf = (attributes: string): string => `regexp_split_to_array(lower(concat_ws(' ', ${attributes} ->> 'givenName', ${attributes} ->> 'surname')), '\\s+')`
  const { rows } = await client.query<{ key: string; personId: string; name: string; ended: boolean; decided: boolean; decidedPerson: string | null; n: string }>(
    `with odd as (
       select distinct on (n.key) n.key, n.person_id, p.state = 'ended' as ended, coalesce(p.attributes ->> 'displayName', n.key) as name
         from people_row n
         join person p on p.id = n.person_id
         join ${tableOf(snapshotId)} s on s.key = n.key and s.position_key = n.position_key
        cross join lateral (select s.attributes as now, coalesce(p.contributions -> $1, p.attributes) as was) a
        where n.job_id = $1 and n.kind <> 'vanished' and not exists (select from people_key k where k.job_id = $1 and k.key = n.key)
          and lower(a.now ->> 'surname') <> lower(a.was ->> 'surname') and lower(a.now ->> 'givenName') <> lower(a.was ->> 'givenName')
          and coalesce(lower(a.now ->> 'email') <> lower(a.was ->> 'email'), true)
          and (p.state = 'ended' or not ${wordsOf('a.now')} && ${wordsOf('a.was')}))
     select odd.key, odd.person_id as "personId", odd.name, odd.ended, d.decided_at is not null as decided, d.person_id as "decidedPerson", row_number() over (order by odd.key) as n
       from odd left join lateral (
         select c.decided_at, c.person_id from match_case c
          where c.job_id = $1 and c.key = odd.key and c.code = 'MATCH_CONTRADICTED' and c.decided_at is not null
            and c.decided_at >= (select max(s.read_at) from record r join snapshot s on s.id = r.snapshot_id where r.job_id = $1 and r.key = odd.key)
          order by c.decided_at desc limit 1) d on true`, [jobId])
  const id = (n: string): string => `${Number(n).toString(16).padStart(8, '0')}${base.slice(8)}`
  const isSettled = (r: typeof rows[number]): boolean => r.decided && (r.decidedPerson !== null || r.ended)
  const settled = rows.filter(isSettled)
  const waiting = rows.filter((r) => !isSettled(r))
  await client.query(
    `update people_row n set person_id = u.person_id from unnest($2::text[], $3::uuid[]) u (key, person_id)
      where n.job_id = $1 and n.key = u.key and n.kind <> 'vanished'`, [jobId, settled.map((r) => r.key), settled.map((r) => r.decidedPerson ?? id(r.n))])
  await client.query(`update people_row set waits = true where job_id = $1 and key = any ($2) and kind <> 'vanished'`, [jobId, waiting.map((r) => r.key)])
  return waiting.map((r) => ({ key: r.key, candidates: [r.personId], ...(r.decided ? { takenFrom: r.name } : {}) }))
}

/** Opens a case for each key that waits, and takes back those that nobody needs to decide any more. */
export async function openCases(client: Client, jobId: string, cases: { id: string; key: string; code: string; candidates: string[] }[], now: string): Promise<void> {
  await client.query(`delete from match_case where job_id = $1 and decided_at is null and key <> all ($2)`, [jobId, cases.map((c) => c.key)])
  await client.query(
    `insert into match_case (id, job_id, key, code, candidates, opened_at)
     select c.id, $1, c.key, c.code, c.candidates, $3
       from jsonb_to_recordset($2::jsonb) as c (id uuid, key text, code text, candidates uuid[])
     on conflict (job_id, key) where decided_at is null do update set code = excluded.code, candidates = excluded.candidates`,
    [jobId, JSON.stringify(cases), now])
}
