/**
 * Applies what is approved of a plan: people first, then what people should have, then all systems side by side.
 * One worker holds a plan at a time. Killed anywhere, it is taken up again: every step can be repeated.
 */
import type { System } from '../domain/policy.ts'
import { transaction } from '../store/database.ts'
import { storeEvaluation } from '../store/evaluation.ts'
import { claimChanges, countChanges, findPlan, setPlan, systemsToDo, type PlanRow } from '../store/plan.ts'
import { currentRevision } from '../store/policy.ts'
import { appendAudit } from '../store/audit.ts'
import { accountJobs } from '../domain/policy.ts'
import { carryOut, carryOutLinks, type Hands } from './carry-out.ts'
import { configOf, connectorOf, openReader, openWriter, type Context, type Revision } from './context.ts'
import { evaluatePeople } from './evaluate-people.ts'
import { applyPeople } from './plan-people.ts'
import { holdersOf, prepareDeciding } from './plan-systems.ts'
import { scopeOf } from './read-system.ts'
import { startPlan } from './start-plan.ts'

const batchSize = 100
const batchesAtOnce = 3

export async function applyPlan(context: Context, planId: string, signal: AbortSignal): Promise<void> {
  const lock = await context.pool.connect()
  try {
    const { rows } = await lock.query<{ locked: boolean }>(`select pg_try_advisory_lock(hashtext('usher apply'), hashtext($1)) as locked`, [planId])
    if (!rows[0]!.locked) return
    const plan = await findPlan(context.pool, planId)
    if (plan === null || (plan.state !== 'approved' && plan.state !== 'applying')) return
    await setPlan(context.pool, planId, { state: 'applying', ...(plan.state === 'approved' ? { started_at: context.now() } : {}) })
    // What a killed worker left half done is begun again.
    await context.pool.query(`update plan_change set state = 'waiting' where plan_id = $1 and state = 'running'`, [planId])
    await apply(context, plan, signal)
  } finally {
    // Closing the connection gives the lock back, also when an unlock could not be sent.
    lock.release(true)
  }
}

async function apply(context: Context, plan: PlanRow, signal: AbortSignal): Promise<void> {
  const revision = await currentRevision(context.pool)
  await setPlan(context.pool, plan.id, { progress: 'Applying people' })
  await applyPeople(context, plan.id, signal)
  await settleReasons(context, plan, revision)
  await setPlan(context.pool, plan.id, { progress: 'Applying to systems' })
  const systems = await systemsToDo(context.pool, plan.id)
  const results = await Promise.allSettled(systems.map((id) => applyToSystem(context, plan, revision, id, signal)))
  for (const result of results) if (result.status === 'rejected') context.log.error({ plan: plan.number, err: result.reason }, 'applying to a system failed')
  await finish(context, plan, results.some((r) => r.status === 'rejected'))
}

/** People as they are now decide their reasons and desired accounts anew; the same function as in the preview. */
async function settleReasons(context: Context, plan: PlanRow, revision: Revision): Promise<void> {
  await transaction(context.pool, async (client) => {
    const now = context.now()
    const only = plan.scope !== null && 'person' in plan.scope ? [plan.scope.person] : null
    await evaluatePeople(context, client, revision, { planId: plan.id, asOf: now, only, layPlan: false })
    await storeEvaluation(client, { planId: plan.id, revision: revision.revision, now, actor: 'usher' })
  })
}

async function applyToSystem(context: Context, plan: PlanRow, revision: Revision, systemId: string, signal: AbortSignal): Promise<void> {
  const system = revision.policy.systems.find((s) => s.id === systemId)
  if (system === undefined) return
  const hands = await openHands(context, plan, revision, system, signal)
  try {
    let reachable = true
    await Promise.all(Array.from({ length: batchesAtOnce }, async () => {
      while (reachable && !signal.aborted) {
        if (await isStopped(context, plan.id)) return
        const changes = await claimChanges(context.pool, plan.id, systemId, context.now(), batchSize)
        if (changes.length === 0) {
          if (!(await waveRunning(context, plan.id, systemId))) return
          await new Promise((resolve) => setTimeout(resolve, 20))
          continue
        }
        if (changes[0]!.kind === 'link') await carryOutLinks(hands, changes)
        else reachable = (await carryOut(hands, changes)).reachable && reachable
      }
    }))
  } finally {
    await hands.reader.close()
    await hands.writer.close()
  }
}

async function openHands(context: Context, plan: PlanRow, revision: Revision, system: System, signal: AbortSignal): Promise<Hands> {
  const capabilities = connectorOf(context, system).describe(configOf(context, system))
  const deciding = await transaction(context.pool, (client) => prepareDeciding(context, client, revision, context.now()))
  return {
    context, plan, revision, system, deciding, signal,
    holders: holdersOf(accountJobs(revision.policy)),
    reader: openReader(context, system), writer: openWriter(context, system), scope: scopeOf(context, revision, system),
    parallel: Math.max(1, Math.floor(capabilities.limits.parallel / batchesAtOnce)), settleMs: capabilities.limits.settleMs, canEndSessions: capabilities.canEndSessions,
  }
}

/** Another batch of this system is still under way, and the next wave waits for it. */
async function waveRunning(context: Context, planId: string, systemId: string): Promise<boolean> {
  const { rows } = await context.pool.query(
    `select from plan_change where plan_id = $1 and stage = 2 and system_id = $2 and state in ('running', 'waiting') limit 1`, [planId, systemId])
  return rows.length > 0
}

async function isStopped(context: Context, planId: string): Promise<boolean> {
  const { rows } = await context.pool.query<{ state: string }>('select state from plan where id = $1', [planId])
  return rows[0]?.state === 'stopped'
}

async function finish(context: Context, plan: PlanRow, failed: boolean): Promise<void> {
  if (await isStopped(context, plan.id)) return
  const counts = await countChanges(context.pool, plan.id)
  const count = (...states: string[]): number => counts.filter((c) => states.includes(c.state)).reduce((sum, c) => sum + c.n, 0)
  if (failed || count('waiting', 'running', 'again') > 0) {
    const { rows } = await context.pool.query<{ at: string | null }>(`select min(next_attempt_at) as at from plan_change where plan_id = $1 and state = 'again'`, [plan.id])
    const soon = new Date(Date.parse(context.now()) + 2000).toISOString()
    await setPlan(context.pool, plan.id, { counts, progress: 'Waiting to try again' })
    await context.enqueue('apply-plan', plan.id, rows[0]?.at ?? soon)
    return
  }
  const now = context.now()
  const left = count('planned', 'held')
  await setPlan(context.pool, plan.id, {
    counts, progress: null, ...(left > 0 ? { state: plan.brakes.some((b) => b.released === undefined) ? 'held' : 'open' } : { state: 'applied', ended_at: now }),
  })
  await appendAudit(context.pool, [{ at: now, actor: 'usher', action: 'plan.applied', subject: `plan:${plan.id}`, detail: { number: plan.number, counts } }])
  // What was refused is planned anew, once: a refusal of that plan waits for a person.
  if (count('refused') > 0 && plan.cause !== 'refused') await startPlan(context, { cause: 'refused', actor: 'usher', scope: plan.scope })
}
