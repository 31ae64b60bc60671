/** Which accounts differ from what is wanted: whole systems compared as sets, so that only what differs is looked at one by one. */
import type { Client, Db } from './database.ts'
import { compareMemberships } from './compare-memberships.ts'
import { relations, type Layer } from './overlay.ts'

export interface Pair {
  personId: string
  jobId: string
}

export interface CompareInput {
  layer: Layer
  asOf: string
  /** Account jobs of the policy that take part, in its order. */
  jobs: { id: string; systemId: string; deleteAfterDays: number | null }[]
  /** Entitlements (by system and name) whose members are exactly those with a reason. */
  authoritative: { systemId: string; entitlement: string }[]
  /** Null: everybody. */
  only: string[] | null
}

/** Accounts and memberships that are wanted and what is there, compared. Leaves the pairs in the temporary table `differing`. */
export async function compareAll(client: Client, input: CompareInput): Promise<number> {
  const { asOf, only } = input
  // An overlay that nobody is in costs a look for each row.
  const layer = input.layer === 'overlay' && !(await isAnybodyEvaluated(client)) ? 'stored' : input.layer
  const r = relations(layer, '$1')
  const holders = new Map<string, string>()
  for (const job of input.jobs) if (!holders.has(job.systemId)) holders.set(job.systemId, job.id)
  await client.query(`
    drop table if exists differing, taking_part;
    create temp table differing (person_id uuid, job_id text, primary key (person_id, job_id)) on commit drop;
    create temp table taking_part (job_id text primary key, system_id text, holder boolean, delete_after_days int) on commit drop`)
  await client.query(
    `insert into taking_part select * from unnest($1::text[], $2::text[], $3::boolean[], $4::int[])`,
    [input.jobs.map((j) => j.id), input.jobs.map((j) => j.systemId), input.jobs.map((j) => holders.get(j.systemId) === j.id), input.jobs.map((j) => j.deleteAfterDays)])
  const person = (column: string) => `($2::uuid[] is null or ${column} = any($2))`

  // Wanted and not there; there and different from what is wanted, or not wanted at all.
  await client.query(
    `insert into differing
     select coalesce(a.person_id, d.person_id), t.job_id
       from (select * from account where gone_at is null and person_id is not null and ${person('person_id')}) a
       full join (select * from ${r.desired} d where ${person('d.person_id')}) d on d.person_id = a.person_id and d.job_id = a.job_id
       join taking_part t on t.job_id = coalesce(a.job_id, d.job_id)
      where case
              when d.wanted = 'broken' or a.protected then false
              when a.id is null then true
              when d.wanted is null then a.enabled or (t.delete_after_days is not null and a.disabled_at + make_interval(days => t.delete_after_days) <= $1::timestamptz)
              else (d.wanted = 'enabled') <> a.enabled or not a.attributes @> d.attributes or a.attributes ?| d.clear
            end`, [asOf, only])
  await compareReferences(client, r, asOf, only)
  await compareMemberships(client, { layer, asOf, only, authoritative: await authoritativeIds(client, input.authoritative) })
  const { rows } = await client.query<{ n: number }>('select count(*)::int as n from differing')
  return rows[0]!.n
}

async function isAnybodyEvaluated(client: Client): Promise<boolean> {
  const { rows: [row] } = await client.query<{ evaluated: boolean }>('select exists (select from eval_person) as evaluated')
  return row!.evaluated
}

/** References that point elsewhere than they should, now that the other account is known. One attribute that people are known by after the other: only then it can be looked up. */
async function compareReferences(client: Client, r: ReturnType<typeof relations>, asOf: string, only: string[] | null): Promise<void> {
  const { rows } = await client.query<{ key: string }>(
    `select distinct key_attribute as key from ${r.references} x where $1::timestamptz is not null and ($2::uuid[] is null or person_id = any ($2))`, [asOf, only])
  for (const { key } of rows) {
    await client.query(
      `insert into differing
       select a.person_id, a.job_id
         from ${r.references} x
         join taking_part t on t.job_id = x.job_id
         join account a on a.person_id = x.person_id and a.job_id = x.job_id and a.gone_at is null and not a.protected
         join ${r.people} p on p.attributes ->> $3 = x.value
         left join account target on target.person_id = p.id and target.job_id = x.job_id and target.gone_at is null
         left join ${r.desired} planned on planned.person_id = p.id and planned.job_id = x.job_id and planned.wanted <> 'broken'
        where $1::timestamptz is not null and x.key_attribute = $3 and ($2::uuid[] is null or a.person_id = any ($2)) and coalesce(target.name, planned.name) is not null
          and lower(coalesce(target.name, planned.name)) is distinct from lower(a.attributes ->> x.attribute)
       on conflict do nothing`, [asOf, only, key])
  }
}

/** The pairs that `compareAll` left, in batches, person by person: what is known of a person is loaded once. */
export async function* differingPairs(client: Client, batch = 2000): AsyncGenerator<Pair[]> {
  let after = null as Pair | null
  for (;;) {
    const { rows }: { rows: Pair[] } = await client.query(
      `select person_id as "personId", job_id as "jobId" from differing
        where $1::uuid is null or (person_id, job_id) > ($1, $2::text) order by person_id, job_id limit $3`,
      [after?.personId ?? null, after?.jobId ?? null, batch])
    if (rows.length === 0) return
    yield rows
    if (rows.length < batch) return
    after = rows.at(-1)!
  }
}

export async function authoritativeIds(client: Db, authoritative: CompareInput['authoritative']): Promise<string[]> {
  if (authoritative.length === 0) return []
  const { rows } = await client.query<{ id: string }>(
    `select e.id from entitlement e join unnest($1::text[], $2::text[]) as w (system_id, name)
        on e.system_id = w.system_id and (e.native_id = w.name or lower(e.name) = lower(w.name) or lower(e.attributes ->> 'cn') = lower(w.name))`,
    [authoritative.map((a) => a.systemId), authoritative.map((a) => a.entitlement)])
  return rows.map((row) => row.id)
}
