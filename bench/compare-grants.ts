/**
 * What people should hold compared with what they hold: reasons, roles and accounts against memberships, as every plan of
 * everybody does it. The floor is one bare `except` of the same rows, wanted against there, out of two plain tables.
 */
import { compareAll } from '../src/store/compare.ts'
import { connect, migrate, rehearse, type Pool } from '../src/store/database.ts'
import { analyzeOverlay, openOverlay } from '../src/store/overlay.ts'
import { startPrivatePostgres } from '../src/store/private-postgres.ts'
import { dataFolder } from './data-folder.ts'
import { atMost, type Figure } from './figure.ts'
import { best, seconds } from './measure.ts'
import { addPeople } from './world.ts'

const grants = 10

export async function run(people = 100_000, rounds = 3): Promise<Figure[]> {
  const folder = await dataFolder()
  const server = await startPrivatePostgres(folder.path, { info() {}, warn() {} })
  const pool = connect(server.url)
  try {
    await migrate(pool)
    await addPeople(pool, people)
    await addGrants(pool)
    const same = await measure(pool, rounds, 0)
    const differing = Math.max(1, Math.floor(people / 100))
    await pool.query('delete from membership where account_id in (select id from account order by id limit $1) and entitlement_id = (select min(id) from entitlement)', [differing])
    await pool.query('vacuum analyze membership')
    const some = await measure(pool, rounds, differing)
    const what = `${people} people × ${grants} grants compared`
    return [atMost(`${what}, no difference`, same.ours, 's', same.floor, 3), atMost(`${what}, 1 % differ`, some.ours, 's', some.floor, 3)]
  } finally {
    await pool.end()
    await server.stop()
    await folder.remove()
  }
}

async function measure(pool: Pool, rounds: number, expected: number): Promise<{ ours: number; floor: number }> {
  const [ours, floor]: [number[], number[]] = [[], []]
  await pool.query(`
    drop table if exists floor_wanted, floor_there;
    create table floor_wanted as select a.id as account_id, e.id as entitlement_id from account a cross join entitlement e;
    create table floor_there as select account_id, entitlement_id from membership`)
  await pool.query('vacuum analyze floor_wanted, floor_there')
  for (let round = 0; round < rounds; round++) {
    floor.push(await rehearse(pool, async (client) => {
      await client.query(`set local work_mem = '128MB'`)
      return await seconds(async () => {
        const { rows: [row] } = await client.query<{ n: number }>(
          'select count(*)::int as n from (select account_id, entitlement_id from floor_wanted except select account_id, entitlement_id from floor_there) x')
        if (row?.n !== expected) throw new Error(`the floor found ${row?.n} differences instead of ${expected}`)
      })
    }))
    ours.push(await rehearse(pool, async (client) => {
      await client.query(`set local work_mem = '128MB'`)
      await openOverlay(client)
      await analyzeOverlay(client)
      return await seconds(async () => {
        const found = await compareAll(client, {
          layer: 'overlay', asOf: new Date().toISOString(), only: null, authoritative: [], jobs: [{ id: 'users', systemId: 'directory', deleteAfterDays: 30 }],
        })
        if (found !== expected) throw new Error(`the comparison found ${found} differences instead of ${expected}`)
      })
    }))
  }
  return { ours: best(ours), floor: best(floor) }
}

/** Everybody has an account as wanted, two rules that give five roles' entitlements each, and holds all ten. */
async function addGrants(pool: Pool): Promise<void> {
  // Foreign keys are not what is measured; checking a million rows takes minutes.
  await pool.query(`
    set local session_replication_role = replica;
    insert into entitlement (system_id, object_type, native_id, name, attributes, seen_at)
    select 'directory', 'group', 'group ' || n, 'cn=group ' || n || ',ou=groups,dc=example,dc=org', '{}', now() from generate_series(1, ${grants}) n;
    insert into role_entitlement (role_id, entitlement_id) select 'role-' || (row_number() over (order by id) + 4) / 5, id from entitlement;
    insert into desired_account (person_id, job_id, system_id, wanted, attributes, name)
    select id, 'users', 'directory', 'enabled',
           jsonb_build_object('cn', attributes -> 'displayName', 'mail', attributes -> 'email', 'uid', attributes -> 'employeeId'),
           'uid=' || (attributes ->> 'employeeId') || ',ou=people,dc=example,dc=org'
      from person;
    insert into account (system_id, object_type, native_id, name, attributes, enabled, person_id, job_id, seen_at)
    select system_id, 'user', person_id::text, name, attributes || '{"telephoneNumber": "+49 30 1"}', true, person_id, job_id, now() from desired_account;
    insert into reason (person_id, kind, role_id, rule_id, policy_revision, valid_from, made_by, made_at)
    select p.id, 'rule', 'role-' || n, 'rule-' || n, 1, now() - interval '1 day', 'usher', now() from person p cross join generate_series(1, 2) n;
    insert into membership (account_id, entitlement_id, origin, seen_at) select a.id, e.id, 'granted', now() from account a cross join entitlement e`)
  await pool.query('vacuum analyze')
}
