/**
 * People into OpenLDAP, from the approval of the plan until it is applied: first passwords, creates, read-back, audit. The
 * floor is OpenLDAP's own ldapadd on one connection, with the very entries that came of it, into an equal slapd. Both
 * servers write each answer to the disk first. Usher applies as in production: in a thread that stands back.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { OpenDatabase } from '../src/wiring.ts'
import type { PlanRow } from '../src/store/plan.ts'
import { startSlapd } from '../test/servers/slapd.ts'
import { atLeast, type Figure } from './figure.ts'
import { best, seconds } from './measure.ts'
import { addPeople, checkAllDone, startWorld, usePolicy } from './world.ts'

export async function run(people = 10_000, rounds = 3): Promise<Figure[]> {
  const ours: number[] = []
  const floor: number[] = []
  for (let round = 0; round < rounds; round++) {
    const { took, ldif } = await byUsher(people)
    ours.push(took)
    floor.push(await byLdapadd(ldif))
  }
  return [atLeast(`${people} people into OpenLDAP, read back and audited`, people / best(ours), 'adds/s', people / best(floor), 0.9)]
}

async function byUsher(people: number): Promise<{ took: number; ldif: string }> {
  const slapd = await startSlapd({ durable: true })
  const world = await startWorld(slapd.password)
  try {
    await usePolicy(world, slapd)
    await addPeople(world.pool, people)
    const plan = await world.plan()
    await world.pool.query('checkpoint')
    const took = await applyAside(world.database, slapd.password, plan)
    await checkAllDone(world.pool, plan.id)
    await check(world.pool, people)
    return { took, ldif: slapd.tool('ldapsearch', ['-LLL', '-o', 'ldif-wrap=no', '-b', `ou=people,${slapd.baseDn}`, '(objectClass=inetOrgPerson)']) }
  } finally {
    await world.close()
    await slapd.stop()
  }
}

/** How long it takes from the approval on, in a thread that is ready. */
async function applyAside(database: OpenDatabase, password: string, { id, hash }: PlanRow): Promise<number> {
  const thread = new Worker(new URL('apply-thread.ts', import.meta.url), { workerData: { database, password, plan: { id, hash } } })
  await once(thread, 'message')
  const took = await seconds(async () => {
    thread.postMessage('apply')
    await once(thread, 'message')
  })
  await once(thread, 'exit')
  return took
}

async function byLdapadd(ldif: string): Promise<number> {
  const slapd = await startSlapd({ durable: true })
  try {
    return await seconds(() => { slapd.tool('ldapadd', [], ldif) })
  } finally {
    await slapd.stop()
  }
}

/** Faster and wrong would be no figure: each account was seen, is its person's, and stands in the audit log. */
async function check(pool: Awaited<ReturnType<typeof startWorld>>['pool'], people: number): Promise<void> {
  const { rows: [there] } = await pool.query<{ accounts: number; audited: number }>(
    `select (select count(*)::int from account where person_id is not null and gone_at is null and enabled) as accounts,
            (select count(*)::int from audit where action = 'change.create.done') as audited`)
  if (there?.accounts !== people || there.audited !== people) throw new Error(`${there?.accounts} accounts, ${there?.audited} audit rows for ${people} people`)
}
