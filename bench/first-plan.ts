/**
 * The first plan: everybody gets an account in each of five systems, and what roles give there; computed, approved, carried
 * out in memory systems, read back, audited. midPoint's published figure for five systems with a hundred roles each is four
 * people a second.
 */
import type { ConnectorDefinition } from '../src/connectors/connector.ts'
import { memoryConnector } from '../src/connectors/memory/memory-connector.ts'
import { addRecord, newMemorySystem, type MemorySystem } from '../src/connectors/memory/memory-world.ts'
import { transaction } from '../src/store/database.ts'
import { saveRevision } from '../src/store/policy.ts'
import { atLeast, type Figure } from './figure.ts'
import { seconds } from './measure.ts'
import { addPeople, startWorld, type World } from './world.ts'

const systemCount = 5
const entitlementCount = 100
/** Entitlements that a person gets in each system. */
const share = Number(process.env['BENCH_SHARE'] ?? 3)
const published = 4

export async function run(people = Number(process.env['BENCH_PEOPLE'] ?? 100_000)): Promise<Figure[]> {
  const systems: Record<string, MemorySystem> = {}
  for (let n = 1; n <= systemCount; n++) systems[`s${n}`] = filled()
  const world = await startWorld('', [memoryConnector({ systems }) as ConnectorDefinition])
  try {
    await usePolicy(world)
    await addPeople(world.pool, people)
    const took = await seconds(async () => {
      const begun = performance.now()
      const plan = await world.plan()
      tell('planned', begun)
      await world.apply(plan)
      tell('applied', begun)
    })
    check(Object.values(systems), people)
    return [atLeast(`first plan, ${people} people × ${systemCount} systems × ${share} of ${entitlementCount} entitlements`, people / took, 'people/s', published, 125)]
  } finally {
    await world.close()
  }
}

/** The systems live in this process, and so does what they hold. */
function tell(what: string, begun: number): void {
  if (process.env['BENCH_VERBOSE']) console.error(`${what} after ${((performance.now() - begun) / 1000).toFixed(1)} s, ${Math.round(process.memoryUsage.rss() / 2 ** 20)} MB in memory`)
}

function filled(): MemorySystem {
  const system = newMemorySystem()
  for (let n = 0; n < entitlementCount; n++) addRecord(system, { objectType: 'group', name: `group ${n}`, attributes: { name: `group ${n}` }, enabled: true })
  return system
}

/** A role for each of the hundred, by department, title and the two together; each gives one entitlement in every system. */
async function usePolicy({ pool, context }: World): Promise<void> {
  const ids = Array.from({ length: systemCount }, (_, n) => `s${n + 1}`)
  const roles = Array.from({ length: entitlementCount }, (_, n) => n)
  const document = {
    settings: { timeZone: 'Europe/Berlin' },
    systems: ids.map((id) => ({ id, name: id.toUpperCase(), connector: 'memory', config: { system: id }, method: 'approve' })),
    jobs: ids.map((id) => ({
      id: `users-${id}`, name: `Users of ${id}`, source: 'people', destination: id, objectType: 'user', method: 'approve', match: ['personId'], initialPassword: 'none',
      mapping: { name: 'unique([lower(person.employeeId)])', displayName: 'person.displayName', mail: 'person.email', personId: 'person.employeeId' },
    })),
    roles: roles.map((n) => ({ id: `role-${n}`, name: `Role ${n}`, grants: ids.map((system) => ({ system, entitlement: `group ${n}` })) })),
    // Everybody's number ends with two digits: of a hundred roles, those that follow them.
    rules: roles.map((n) => ({
      id: `rule-${n}`, name: `Rule ${n}`, roles: [`role-${n}`],
      when: `right(person.employeeId, 2) in [${Array.from({ length: share }, (_, i) => `"${String((n + i) % entitlementCount).padStart(2, '0')}"`).join(', ')}]`,
    })),
  }
  await transaction(pool, (client) => saveRevision(client, { base: 0, document, actor: 'bench', message: 'bench', now: context.now() }))
}

function check(systems: MemorySystem[], people: number): void {
  for (const { records, members } of systems) {
    const [users, held] = [records.size - entitlementCount, [...members.values()].reduce((sum, ids) => sum + ids.size, 0)]
    if (users !== people || held !== people * share) throw new Error(`${users} of ${people} users, ${held} of ${people * share} memberships`)
  }
}

if (import.meta.main) for (const figure of await run()) console.log(JSON.stringify(figure))
