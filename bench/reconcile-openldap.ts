/**
 * A reconcile that finds nothing to do, the whole of it: reading every account and group, settling what was seen, comparing,
 * an empty plan. The floor is OpenLDAP's own ldapsearch dumping the same entries and attributes, paged alike.
 */
import { readSystem } from '../src/engine/read-system.ts'
import { transaction } from '../src/store/database.ts'
import { currentRevision } from '../src/store/policy.ts'
import { startSlapd, type Slapd } from '../test/servers/slapd.ts'
import { atMost, type Figure } from './figure.ts'
import { best, seconds } from './measure.ts'
import { addPeople, startWorld, usePolicy, type World } from './world.ts'

const attributes = ['entryUUID', 'uid', 'cn', 'sn', 'givenName', 'displayName', 'mail', 'employeeNumber', 'title', 'departmentNumber', 'manager', 'member']

export async function run(accounts = 100_000, rounds = 3): Promise<Figure[]> {
  const [ours, floor]: [number[], number[]] = [[], []]
  const slapd = await startSlapd({ ldif: entries(accounts) })
  const world = await startWorld(slapd.password)
  try {
    await usePolicy(world, slapd)
    await addPeople(world.pool, accounts)
    await takeOver(world)
    for (let round = 0; round < rounds; round++) {
      floor.push(await seconds(() => dump(slapd, accounts)))
      ours.push(await seconds(async () => {
        const plan = await world.plan()
        if (plan.state !== 'empty') throw new Error(`The plan is ${plan.state}, not empty`)
      }))
    }
    await check(world, accounts)
  } finally {
    await world.close()
    await slapd.stop()
  }
  return [atMost(`${accounts} OpenLDAP accounts reconciled, no change`, best(ours), 's', best(floor), 2)]
}

function dump(slapd: Slapd, accounts: number): void {
  const found = slapd.tool('ldapsearch', ['-LLL', '-E', 'pr=500/noprompt', '-b', slapd.baseDn, '(|(objectClass=inetOrgPerson)(objectClass=groupOfNames))', ...attributes])
  const count = found.match(/^dn: uid=/gm)?.length
  if (count !== accounts) throw new Error(`ldapsearch found ${count} of ${accounts} accounts`)
}

/** The accounts are there already, and belong to their people as if plans had linked them long ago: what is measured comes after that. */
async function takeOver({ pool, context }: World): Promise<void> {
  const revision = await currentRevision(pool)
  await readSystem(context, revision, revision.policy.systems[0]!, new AbortController().signal)
  await transaction(pool, async (client) => {
    await client.query(`
      set local session_replication_role = replica;
      update account a set person_id = p.id, job_id = 'users', linked_at = now(), linked_by = 'bench' from person p where p.attributes ->> 'employeeId' = a.attributes ->> 'employeeNumber';
      insert into desired_account (person_id, job_id, system_id, wanted, attributes, name) select person_id, job_id, system_id, 'enabled', attributes, name from account;
      insert into reserved_name (system_id, attribute, value, person_id, job_id, reserved_at) select system_id, 'uid', attributes ->> 'uid', person_id, job_id, now() from account;
      insert into reason (person_id, kind, job_id, policy_revision, valid_from, made_by, made_at)
      select person_id, 'scope', job_id, ${revision.revision}, now(), 'usher', now() from account;
      update person set evaluated_revision = ${revision.revision}, evaluated_at = now()`)
  })
  await pool.query('vacuum analyze')
}

async function check({ pool }: World, accounts: number): Promise<void> {
  const { rows: [there] } = await pool.query<{ n: number }>('select count(*)::int as n from account where person_id is not null and gone_at is null')
  if (there?.n !== accounts) throw new Error(`${there?.n} of ${accounts} accounts belong to a person`)
}

/** As the mapping of the job would have made them of the people in the database. */
function entries(accounts: number): string {
  let ldif = ''
  for (let n = 1; n <= accounts; n++) {
    const [given, surname] = [`Given${n % 5000}`, `Surname${(n * 7919) % 70_001}`]
    const uid = `u${n}`
    ldif += `dn: uid=${uid},ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: ${uid}\ncn: ${given} ${surname}\nsn: ${surname}\n`
      + `givenName: ${given}\ndisplayName: ${given} ${surname}\nmail: given${n}.surname@example.org\nemployeeNumber: E${String(n).padStart(7, '0')}\n`
      + `title: Account manager ${n % 40}\ndepartmentNumber: Department ${n % 30}\n\n`
  }
  return ldif
}
