/**
 * A drill: the questions of the lane are asked about nobody, and one account is looked at in each system, so that no real
 * leaver is the first for whom a connection is made and a statement planned. Nothing of it is kept.
 */
import type { System } from '../domain/policy.ts'
import { rehearse, type Client } from '../store/database.ts'
import { endKeptAccess } from '../store/exception.ts'
import { loadFacts } from '../store/facts.ts'
import { accountsOfLeavers, lockLeavingPeople, setLeaverPlan, settleLeavers } from '../store/leaver.ts'
import { lateCreations } from '../store/creation.ts'
import { leftOver, settleClocks, stopClocks, unseenAccounts } from '../store/leaver-clock.ts'
import { settleSeen, someAccounts } from '../store/observed.ts'
import { claimChanges, endChanges } from '../store/batch.ts'
import { approveAll, countChanges, findPlan, mayGoOn, systemsToDo } from '../store/plan.ts'
import { healthOf } from '../store/system-health.ts'
import type { Context, Revision } from './context.ts'
import { scopeOf } from './read-system.ts'
import { skipSuperseded } from './start-plan.ts'
import type { Connections } from './warm-systems.ts'

const nobody = '00000000-0000-0000-0000-000000000000'
const connections = 12
const lookMsMax = 5_000

export async function drill(context: Context): Promise<void> {
  await Promise.all(Array.from({ length: connections }, () => rehearse(context.pool, (client) => askAll(client, context.now()))))
}

/** Returns the systems in which there was an account to look at. */
export async function lookOnce(context: Context, revision: Revision, systems: System[], open: Connections, signal: AbortSignal): Promise<string[]> {
  const accounts = await someAccounts(context.pool, systems.map((s) => s.id))
  await Promise.all(accounts.map(async ({ systemId, objectType, nativeId }) => {
    const system = systems.find((s) => s.id === systemId)!
    await open.reader(system).lookup?.([{ objectType, id: nativeId }], scopeOf(context, revision, system), AbortSignal.any([signal, AbortSignal.timeout(lookMsMax)]))
  }))
  return accounts.map((a) => a.systemId)
}

async function askAll(client: Client, now: string): Promise<void> {
  const people = await lockLeavingPeople(client, [nobody])
  await settleLeavers(client, [nobody], now)
  await endKeptAccess(client, [nobody], 'usher', now)
  await accountsOfLeavers(client, people.map((p) => p.id))
  await skipSuperseded(client, nobody, [])
  await approveAll(client, nobody, 2, [])
  await setLeaverPlan(client, [nobody], nobody)
  await countChanges(client, nobody)

  await lateCreations(client, [nobody])
  await findPlan(client, nobody)
  await systemsToDo(client, nobody)
  await healthOf(client, [''])
  await mayGoOn(client, nobody, null)
  await claimChanges(client, { planId: nobody, systemId: '', now, limit: 1, along: 0, upTo: null })
  await settleSeen(client, '', { page: { records: [], memberships: [], rejected: [] }, asked: [{ objectType: '', id: '' }], look: '0', older: now }, now)
  await loadFacts(client, 'stored', now, [{ personId: nobody, jobId: '' }], [])
  await endChanges(client, nobody, '0', [{ id: '0', state: 'waiting' }], now)

  await settleClocks(client, [nobody], now, [], '')
  await settleClocks(client, [nobody], now, [])
  await unseenAccounts(client, [nobody])
  await stopClocks(client, [nobody], now, now)
  await leftOver(client, [nobody])
}
