/** Values that each person has for themselves, and who would share one if the plan were carried out. */
import type { Client } from './database.ts'

export interface SharedValue {
  attribute: string
  value: string
  /** `writes`: the plan would give them the value; the others have it. `known`: they are here already. */
  people: { id: string; name: string; writes: boolean; known: boolean; jobId: string | null }[]
}

/** People who have not ended, as the plan $1 leaves them; without those who arrive in great numbers, who share nothing with anybody. */
const peopleNow = `
  select person_id as id, attributes from plan_overlay where plan_id = $1 and state <> 'ended'
  union all
  select p.id, p.attributes from person p where p.state <> 'ended' and not exists (select from plan_overlay o where o.plan_id = $1 and o.person_id = p.id)`

/** The first of them, by attribute and value; in full extent they are in the table `people_shared`. Values are compared in lower case. */
export async function sharedValues(client: Client, planId: string, attributes: string[], limit: number): Promise<{ count: number; shared: SharedValue[] }> {
  if (attributes.length === 0) return { count: 0, shared: [] }
  const { rows: values } = await client.query<{ attribute: string; value: string }>(
    `with now as (${peopleNow})
     select name as attribute, lower(now.attributes ->> name) as value from now cross join unnest($2::text[]) as name
      where now.attributes ->> name <> '' group by 1, 2 having count(*) > 1`, [planId, attributes])
  if (values.length === 0) return { count: 0, shared: [] }
  await client.query('create temp table if not exists people_shared (attribute text, value text, person_id uuid, name text, writes boolean, known boolean) on commit drop')
  await client.query('truncate people_shared')
  await client.query(
    `with now as (${peopleNow}),
          shared as (select * from unnest($2::text[], $3::text[]) as s (attribute, value))
     insert into people_shared
     select s.attribute, s.value, now.id, coalesce(now.attributes ->> 'displayName', now.attributes ->> 'employeeId', ''),
            lower(p.attributes ->> s.attribute) is distinct from s.value or p.state = 'ended', p.id is not null
       from now cross join (select distinct attribute from shared) a
       join shared s on s.attribute = a.attribute and s.value = lower(now.attributes ->> a.attribute)
       left join person p on p.id = now.id`, [planId, values.map((v) => v.attribute), values.map((v) => v.value)])
  const { rows } = await client.query<SharedValue & { of: number }>(
    `select s.attribute, s.value, (count(*) over ())::int as of,
            jsonb_agg(jsonb_build_object('id', person_id, 'name', name, 'writes', writes, 'known', known, 'jobId',
              (select c.job_id from plan_change c where c.plan_id = $1 and c.stage = 1 and c.person_id = s.person_id order by wave limit 1)) order by writes, name, person_id) as people
       from people_shared s group by 1, 2 order by 1, 2 limit $2`, [planId, limit])
  return { count: rows[0]?.of ?? 0, shared: rows }
}

/** Takes what would write a shared value out of the plan: its rows are not accepted, and the next plan looks at them again. Returns of how many people. */
export async function waitForUnique(client: Client, planId: string): Promise<number> {
  const { rowCount } = await client.query(
    `delete from plan_overlay o where o.plan_id = $1 and o.person_id in (select person_id from people_shared where writes)`, [planId])
  if (!rowCount) return 0
  await client.query(
    `delete from plan_change c where c.plan_id = $1 and c.stage = 1 and c.state <> 'held' and c.person_id in (select person_id from people_shared where writes)`, [planId])
  await client.query(`update people_row n set waits = true where n.kind <> 'vanished' and n.person_id in (select person_id from people_shared where writes)`)
  return rowCount
}
