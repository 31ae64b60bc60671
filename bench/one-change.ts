/**
 * One person's change, among a million people with accounts, reasons and memberships: from the call to the plan that is open.
 * Each of 1,000 different people moves to another department, which renames nothing, changes two attributes, and gives one role
 * for another; and 1,000 new people come, each with a new name. The system is not looked at, so that the time is Usher's own.
 */
import type { ConnectorDefinition } from '../src/connectors/connector.ts'
import { memoryConnector } from '../src/connectors/memory/memory-connector.ts'
import { computePlan } from '../src/engine/compute-plan.ts'
import { startPlan } from '../src/engine/start-plan.ts'
import { transaction, type Client, type Pool } from '../src/store/database.ts'
import { indexNames } from '../src/store/name-index.ts'
import { findPlan } from '../src/store/plan.ts'
import { saveRevision } from '../src/store/policy.ts'
import { withoutFloor, type Figure } from './figure.ts'
import { quantile, seconds } from './measure.ts'
import { fill, insertPeople, startWorld, type World } from './world.ts'

const departments = 30
const limitMs = 20

export async function run(people = 1_000_000, changes = 1000, warmUp = 100): Promise<Figure[]> {
  const world = await startWorld('', [unseen(memoryConnector({ systems: {} }) as ConnectorDefinition)])
  try {
    await usePolicy(world)
    const filled = await seconds(() => addPeopleWithAccess(world.pool, people))
    if (process.env['BENCH_VERBOSE']) console.error(`laid out after ${filled.toFixed(1)} s`)
    const ids = await pick(world.pool, changes + warmUp)
    const moves = await timed(ids, warmUp, (id) => move(world, id))
    const hires = await timed(ids, warmUp, (id) => hire(world, id))
    return [
      withoutFloor(`one change among ${people} people, planned, p99`, quantile(moves, 0.99), 'ms', limitMs),
      withoutFloor(`one new person among ${people}, planned, p99`, quantile(hires, 0.99), 'ms', limitMs),
    ]
  } finally {
    await world.close()
  }
}

/** A system that cannot be asked for single records: nothing is read for one person's plan. */
function unseen(connector: ConnectorDefinition): ConnectorDefinition {
  return {
    ...connector,
    openReader(config, secrets) {
      const { check, read, close } = connector.openReader(config, secrets)
      return { check, read, close }
    },
  }
}

async function usePolicy({ pool, context }: World): Promise<void> {
  const each = Array.from({ length: departments }, (_, n) => n)
  const document = {
    settings: { timeZone: 'Europe/Berlin' },
    systems: [{ id: 'crm', name: 'CRM', connector: 'memory', config: { system: 'crm' }, method: 'approve' }],
    jobs: [{
      id: 'users', name: 'Users', source: 'people', destination: 'crm', objectType: 'user', method: 'approve', match: ['personId', 'name'],
      mapping: {
        name: 'unique([lower(person.employeeId)])', displayName: 'person.displayName + " (" + position.department + ")"', mail: 'person.email',
        personId: 'person.employeeId', phones: '[position.department, position.title]', manager: 'person.manager',
      },
    }],
    roles: each.map((n) => ({ id: `role-${n}`, name: `Role ${n}`, grants: [{ system: 'crm', entitlement: `group ${n}` }] })),
    rules: each.map((n) => ({ id: `rule-${n}`, name: `Rule ${n}`, when: `position.department == "Department ${n}"`, roles: [`role-${n}`] })),
  }
  await transaction(pool, (client) => saveRevision(client, { base: 0, document, actor: 'bench', message: 'bench', now: context.now() }))
}

/**
 * What years of plans leave behind: everybody has the account, the name, the reasons and the membership that policy says; and
 * what single people were changed by lately. Two tables at a time, as there are processors.
 */
async function addPeopleWithAccess(pool: Pool, people: number): Promise<void> {
  await fill(pool, ['person'], (client) => insertPeople(client, people, `format(', "manager": "E%s"', lpad((n / 10)::text, 7, '0'))`, { evaluated_revision: '1', evaluated_at: 'now()' }))
  await Promise.all([
    fill(pool, ['entitlement', 'account', 'membership'], addAccounts),
    fill(pool, ['desired_account', 'desired_reference', 'reserved_name'], addWishes).then(() => fill(pool, ['reason'], addReasons)),
  ])
  await fill(pool, ['plan', 'plan_change', 'braked_change'], (client) => addHistory(client, Math.ceil(people / 33)))
  // As a database is that was there yesterday, with plans of everybody.
  await pool.query('vacuum analyze')
  await indexNames(pool, ['name'])
  await pool.query('checkpoint')
}

const department = `positions -> 0 -> 'attributes' ->> 'department'`
const mapped = `'name', lower(attributes ->> 'employeeId'), 'mail', attributes -> 'email', 'personId', attributes -> 'employeeId',
  'displayName', (attributes ->> 'displayName') || ' (' || (${department}) || ')',
  'phones', jsonb_build_array(positions -> 0 -> 'attributes' -> 'department', positions -> 0 -> 'attributes' -> 'title')`

async function addAccounts(client: Client): Promise<void> {
  await client.query(`
    insert into entitlement (system_id, object_type, native_id, name, attributes, seen_at)
    select 'crm', 'group', 'group ' || n, 'group ' || n, '{}', now() from generate_series(0, ${departments - 1}) n;
    insert into account (system_id, object_type, native_id, name, attributes, enabled, person_id, job_id, seen_at)
    select 'crm', 'user', id::text, lower(attributes ->> 'employeeId'), jsonb_build_object(${mapped}, 'manager', lower(attributes ->> 'manager')), true, id, 'users', now() from person;
    insert into membership (account_id, entitlement_id, origin, seen_at)
    select a.id, e.id, 'granted', now() from account a join entitlement e on e.name = replace(a.attributes -> 'phones' ->> 0, 'Department ', 'group ')`)
}

async function addWishes(client: Client): Promise<void> {
  await client.query(`
    insert into desired_account (person_id, job_id, system_id, wanted, attributes, name)
    select id, 'users', 'crm', 'enabled', jsonb_build_object(${mapped}), lower(attributes ->> 'employeeId') from person;
    insert into desired_reference (person_id, job_id, attribute, key_attribute, value) select id, 'users', 'manager', 'employeeId', attributes ->> 'manager' from person;
    insert into reserved_name (system_id, attribute, value, person_id, job_id, reserved_at) select 'crm', 'name', lower(attributes ->> 'employeeId'), id, 'users', now() from person`)
}

async function addReasons(client: Client): Promise<void> {
  await client.query(`
    insert into reason (person_id, kind, role_id, rule_id, policy_revision, valid_from, made_by, made_at)
    select id, 'rule', replace(${department}, 'Department ', 'role-'), replace(${department}, 'Department ', 'rule-'), 1, now() - interval '1 day', 'usher', now() from person;
    insert into reason (person_id, kind, job_id, policy_revision, valid_from, made_by, made_at)
    select id, 'scope', 'users', 1, now() - interval '1 day', 'usher', now() from person`)
}

/** Plans of single people who came from another department, three hundred a day until now; brakes count those of the last day. */
async function addHistory(client: Client, plans: number): Promise<void> {
  await client.query(`
    insert into plan (id, state, cause, scope, policy_revision, as_of, made_by, made_at, approved_by, approved_at, started_at, ended_at)
    select gen_random_uuid(), 'applied', 'bench', jsonb_build_object('people', jsonb_build_array(id)), 1, at, 'bench', at, 'bench', at, at, at
      from (select id, now() - row_number() over () * interval '288 seconds' as at from person limit ${plans}) p;
    insert into plan_change (plan_id, stage, wave, kind, system_id, job_id, object_type, person_id, account_id, entitlement_id, subject, hash, state, attempts, started_at, done_at, braked)
    select plan.id, 2, case c.kind when 'revoke' then 1 when 'update' then 2 else 3 end, c.kind, 'crm', 'users', 'user', a.person_id, a.id,
           case c.kind when 'update' then null else (select id from entitlement where name = 'group ' || (substr(a.attributes -> 'phones' ->> 0, 12)::int + c.step) % ${departments}) end,
           a.name, sha256(convert_to(a.id || c.kind, 'UTF8')), 'done', 1, plan.as_of, plan.as_of, case c.kind when 'revoke' then 'ordinary' end
      from plan join account a on a.person_id = (plan.scope -> 'people' ->> 0)::uuid
     cross join (values ('revoke', ${departments - 1}), ('update', 0), ('grant', 0)) as c (kind, step);
    insert into braked_change select plan_id, id, system_id, kind, false, done_at from plan_change where braked is not null`)
}

async function pick(pool: Pool, count: number): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>('select id from person tablesample system (1) limit $1', [count])
  if (rows.length === count) return rows.map((row) => row.id)
  return (await pool.query<{ id: string }>('select id from person limit $1', [count])).rows.map((row) => row.id)
}

async function timed(ids: string[], warmUp: number, change: (id: string) => Promise<number>): Promise<number[]> {
  const times: number[] = []
  for (const id of ids) times.push(await change(id))
  const counted = times.slice(warmUp)
  if (process.env['BENCH_VERBOSE']) console.error(`p50 ${quantile(counted, 0.5).toFixed(1)} ms, p90 ${quantile(counted, 0.9).toFixed(1)} ms, at most ${Math.max(...counted).toFixed(1)} ms`)
  return counted
}

async function move(world: World, id: string): Promise<number> {
  await world.pool.query(
    `update person set positions = jsonb_set(positions, '{0,attributes,department}', to_jsonb('Department ' || (substr(positions -> 0 -> 'attributes' ->> 'department', 12)::int + 1) % ${departments})),
            changed_at = now() where id = $1`, [id])
  return await planned(world, id, 'revoke update grant')
}

/** Somebody else comes, to do what this person does. */
async function hire(world: World, like: string): Promise<number> {
  const id = world.context.newId()
  await world.pool.query(
    `insert into person (id, attributes, positions, state, created_at, changed_at)
     select $1::uuid, attributes || jsonb_build_object('employeeId', 'N' || $1::uuid), positions, 'active', now(), now() from person where id = $2`, [id, like])
  return await planned(world, id, 'create grant')
}

/** Milliseconds until the plan is open that says what is to be done. */
async function planned({ pool, context }: World, id: string, expected: string): Promise<number> {
  const start = performance.now()
  const { planId } = await startPlan(context, { cause: 'bench', actor: 'bench', scope: { people: [id] } })
  await computePlan(context, planId, new AbortController().signal)
  const took = performance.now() - start
  const plan = await findPlan(pool, planId)
  const { rows } = await pool.query<{ kinds: string }>(`select string_agg(kind, ' ' order by wave, kind) as kinds from plan_change where plan_id = $1`, [planId])
  if (plan?.state !== 'open' || rows[0]?.kinds !== expected) throw new Error(`The plan is ${plan?.state}: ${rows[0]?.kinds} ${JSON.stringify(plan)}`)
  return took
}

if (import.meta.main) for (const figure of await run(Number(process.argv[2] ?? 1_000_000))) console.log(JSON.stringify(figure))
