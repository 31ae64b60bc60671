/**
 * Access of ten thousand people ends at the same instant: from that instant until the last membership was taken away in a
 * memory system, seen gone and audited, by the clock and the worker of a process that works.
 */
import type { ConnectorDefinition } from '../src/connectors/connector.ts'
import { memoryConnector } from '../src/connectors/memory/memory-connector.ts'
import { addRecord, newMemorySystem } from '../src/connectors/memory/memory-world.ts'
import type { Context } from '../src/engine/context.ts'
import { startPlan } from '../src/engine/start-plan.ts'
import { transaction } from '../src/store/database.ts'
import { findPlan } from '../src/store/plan.ts'
import { saveRevision } from '../src/store/policy.ts'
import { openUsher, startWork } from '../src/wiring.ts'
import { dataFolder } from './data-folder.ts'
import { atLeast, type Figure } from './figure.ts'
import { addPeople } from './world.ts'

/** Ten thousand in a minute. */
const perSecond = 167

export async function run(people = 10_000): Promise<Figure[]> {
  const app = newMemorySystem()
  addRecord(app, { objectType: 'group', name: 'vpn', attributes: { name: 'vpn' }, enabled: true })
  const folder = await dataFolder()
  const usher = await openUsher({ dataFolder: folder.path, port: 0, host: '127.0.0.1', baseUrl: 'http://localhost', logLevel: 'error' }, [memoryConnector({ systems: { app } }) as ConnectorDefinition])
  const { context } = usher
  const work = await startWork(usher)
  try {
    await usePolicy(context)
    await addPeople(context.pool, people)
    await carryOut(context)
    await giveToAll(context)
    await carryOut(context)
    const held = (): number => [...app.members.values()].reduce((sum, ids) => sum + ids.size, 0)
    if (held() !== people) throw new Error(`${held()} of ${people} have it`)
    await context.pool.query('vacuum analyze')
    const { rows: [end] } = await context.pool.query<{ at: string }>(
      `update reason set valid_until = date_trunc('milliseconds', now() + interval '2 seconds'), until_agreed_at = made_at where kind = 'manual' returning valid_until as at`)
    await untilDone(context, people)
    const { rows: [last] } = await context.pool.query<{ at: string }>(`select max(done_at) as at from plan_change where kind = 'revoke' and state = 'done'`)
    if (held() !== 0) throw new Error(`${held()} still have it`)
    const took = (Date.parse(last!.at) - Date.parse(end!.at)) / 1000
    return [atLeast(`${people} expiries at one instant, taken away in a memory system`, people / took, 'people/s', perSecond, 1)]
  } finally {
    await work.stop()
    await usher.close()
    await folder.remove()
  }
}

async function usePolicy({ pool, now }: Context): Promise<void> {
  const document = {
    settings: { timeZone: 'Europe/Berlin' },
    systems: [{ id: 'app', name: 'App', connector: 'memory', config: { system: 'app' }, method: 'automatic' }],
    jobs: [{
      id: 'users', name: 'Users', source: 'people', destination: 'app', objectType: 'user', method: 'automatic', match: ['personId'], initialPassword: 'none',
      mapping: { name: 'unique([lower(person.employeeId)])', displayName: 'person.displayName', personId: 'person.employeeId' },
    }],
  }
  await transaction(pool, (client) => saveRevision(client, { base: 0, document, actor: 'bench', message: 'bench', now: now() }))
}

/** A plan of everything, computed and carried out by the worker. */
async function carryOut(context: Context): Promise<void> {
  const { planId } = await startPlan(context, { cause: 'bench', actor: 'bench', scope: null })
  for (;;) {
    const plan = await findPlan(context.pool, planId)
    if (plan?.state === 'applied') return
    if (plan?.state === 'failed' || plan?.state === 'held') throw new Error(`The plan is ${plan.state}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function untilDone({ pool }: Context, people: number): Promise<void> {
  for (;;) {
    const { rows: [count] } = await pool.query<{ n: number }>(`select count(*)::int as n from plan_change where kind = 'revoke' and state = 'done'`)
    if (count!.n === people) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** As somebody gives it to each of them by hand, for now without an end. */
async function giveToAll({ pool, now }: Context): Promise<void> {
  await pool.query(
    `insert into reason (person_id, kind, entitlement_id, policy_revision, valid_from, made_by, made_at)
     select p.id, 'manual', e.id, 1, $1, 'bench', $1 from person p cross join entitlement e where e.name = 'vpn'`, [now()])
}

if (import.meta.main) for (const figure of await run()) console.log(JSON.stringify(figure))
