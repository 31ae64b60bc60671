/**
 * New people in great numbers, as the first import brings them: planned as pointers to their rows, in sets. A row is fit
 * for that when nobody can be meant by it but somebody new, and no other row has its key.
 */
import type { Client } from './database.ts'

/** Collects the keys that need a closer look in `people_apart`. */
export async function setApart(client: Client, input: { planId: string; jobId: string; snapshotId: string; rules: string[][]; severalRows: boolean }): Promise<void> {
  const { planId, jobId, snapshotId, rules, severalRows } = input
  await client.query('truncate people_apart')
  await client.query('insert into people_apart select distinct key from match_case where job_id = $1 and decided_at is not null', [jobId])
  if (severalRows) {
    await client.query('insert into people_apart select key from snapshot_record where snapshot_id = $1 group by key having count(*) > 1 on conflict do nothing', [snapshotId])
  }
  for (const rule of rules) {
    const equal = rule.map((_, i) => `lower(c.attributes ->> $${i + 4}) = lower(s.mapped -> 'attributes' ->> $${i + 4})`).join(' and ')
    await client.query(
      `with candidate as (
         select id, attributes from person
         union all select person_id, attributes from people_key where is_new and job_id <> $1
         union all select p.person_id, p.attributes from plan_person p where p.plan_id = $3)
       insert into people_apart select distinct s.key from snapshot_record s join candidate c on ${equal} where s.snapshot_id = $2
       on conflict do nothing`, [jobId, snapshotId, planId, ...rule])
  }
  await client.query('analyze people_apart')
}

/** The different dates that positions of a snapshot have. */
export async function datesOfSnapshot(client: Client, snapshotId: string): Promise<string[]> {
  const { rows } = await client.query<{ dates: string }>('select dates from snapshot_record where snapshot_id = $1 group by dates', [snapshotId])
  return rows.map((r) => r.dates)
}

/** Ids come from `base`, one after the other, so that they are in order. */
export async function createInBulk(client: Client, input: {
  planId: string; jobId: string; snapshotId: string; source: string; place: string; base: string
  states: { dates: string; state: string; nextChangeAt: string | null }[]; state: 'planned' | 'observed'
}): Promise<number> {
  const { planId, jobId, snapshotId, source, place, base, states, state } = input
  await client.query('create temp table if not exists people_state (dates text, state jsonb, name text) on commit drop')
  await client.query('truncate people_state')
  await client.query(
    `insert into people_state select dates, jsonb_build_object('state', state, 'nextChangeAt', next), state from unnest($1::text[], $2::text[], $3::text[]) as s (dates, state, next)`,
    [states.map((s) => s.dates), states.map((s) => s.state), states.map((s) => s.nextChangeAt)])
  await client.query('analyze people_state')
  const { rowCount } = await client.query(
    `insert into plan_change (plan_id, stage, kind, system_id, job_id, object_type, person_id, subject, after, reasons, hash, state, snapshot_id, source_key)
     select $1, 1, 'create', 'people', $2, 'person', (lpad(to_hex(row_number() over ()), 8, '0') || $7)::uuid,
            coalesce(s.mapped -> 'attributes' ->> 'displayName', s.mapped -> 'attributes' ->> 'employeeId', s.key), p.state,
            jsonb_build_array(jsonb_build_object('because', 'new-row', 'source', $4::text, 'row', s.row, 'cells', jsonb_build_array($5 || '!A' || s.row))),
            s.hash, $6, s.snapshot_id, s.key
       from snapshot_record s join people_state p on p.dates = s.dates
      where s.snapshot_id = $3
        and not exists (select from record r where r.job_id = $2 and r.key = s.key)
        and not exists (select from people_apart a where a.key = s.key)`,
    [planId, jobId, snapshotId, source, place, state, base.slice(8)])
  if (rowCount) await client.query('update snapshot set kept = true where id = $1', [snapshotId])
  return rowCount ?? 0
}
