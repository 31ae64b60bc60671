/**
 * Applies what is approved of a plan: people first, then what people should have, then all systems side by side.
 * One worker holds a plan at a time. Killed anywhere, it is taken up again: every step can be repeated.
 */
import type { System } from '../domain/policy.ts'
import { databaseFault, transaction, type Client } from '../store/database.ts'
import { settleDriftOf } from '../store/drift.ts'
import { claimChanges, takeUpChanges, type ChangeRow } from '../store/batch.ts'
import { countChanges, findPlan, isSettled, isStopped, mayGoOn, setPlan, systemsToDo, type PlanRow } from '../store/plan.ts'
import { currentRevision } from '../store/policy.ts'
import { growthOf } from '../store/statistics.ts'
import { changedBeforeReturn } from '../store/leaver.ts'
import { ailingSystems, forgetAway, healthOf, type SystemHealth } from '../store/system-health.ts'
import { appendAudit } from '../store/audit.ts'
import { accountJobs } from '../domain/policy.ts'
import { giveUp, withoutCompany } from './carry-out-end.ts'
import type { Hands } from './carry-out-hands.ts'
import { carryOutLinks } from './carry-out-links.ts'
import { carryOutUnlinks } from './carry-out-undo.ts'
import { carryOut } from './carry-out.ts'
import { configOf, connectorOf, openReader, openWriter, type Context, type Revision } from './context.ts'
import type { Deciding } from './facts.ts'
import { withPlanLock } from './plan-lock.ts'
import { applyPeople } from './plan-people.ts'
import { holdersOf, prepareDeciding } from './plan-systems.ts'
import { pulseOf, recordAiling } from './pulse.ts'
import { scopeOf } from './read-system.ts'
import { beginSettling, settled, type Settling } from './settle-reasons.ts'
import { approveAutomatic, startPlan } from './start-plan.ts'
import { turnsOf } from './turns.ts'
import type { Connections } from './warm-systems.ts'
import { beginUndo, endUndo, isOver, isUndo } from './undo.ts'

/** Changes that are looked at, written and seen together; and so many more that are granted to accounts which are created with them. */
export const batchSize = 250
const alongMax = 750
/** Of one system: one is made ready, one is written, one is looked at again. */
export const batchesAtOnce = 3

/** What people should have is not settled for every retry of a plan: whatever changed since has settled it for whom it concerns. */
const settledMs = 300_000
const soonMs = 2_000

export interface ApplyOptions {
  /** Called when a system has nothing more to do now. */
  systemOver?(systemId: string): Promise<void>
  /** The policy in force, where it is known already. */
  revision?: Revision
  /** What is known for all systems alike; made where it is absent. */
  deciding?: Deciding
  /** Connections that are open already. */
  connections?: Connections
}

export async function applyPlan(context: Context, planId: string, signal: AbortSignal, options: ApplyOptions = {}): Promise<void> {
  await withPlanLock(context, 'apply-plan', planId, signal, async (held) => {
    // Also of a plan that was stopped: whoever was at it is gone.
    await takeUpChanges(context.pool, planId)
    const plan = await beginApplying(context, planId)
    if (plan !== null) await apply(context, plan, held, options)
  })
}

/** Null where somebody stopped the plan, or it is over. */
async function beginApplying(context: Context, planId: string): Promise<PlanRow | null> {
  const { rowCount } = await context.pool.query(
    `update plan set state = 'applying', wait_until = null, started_at = coalesce(started_at, $2) where id = $1 and state in ('approved', 'applying')`, [planId, context.now()])
  return rowCount === 0 ? null : await findPlan(context.pool, planId)
}

async function apply(context: Context, plan: PlanRow, signal: AbortSignal, options: ApplyOptions): Promise<void> {
  const revision = options.revision ?? await currentRevision(context.pool)
  let settling = settled
  // Leavers were ended, and what they had reasons for settled, when they were planned.
  if (plan.cause !== 'leaver') {
    await setPlan(context.pool, plan.id, { progress: 'Applying people' })
    const { done, refused } = await applyPeople(context, plan.id, signal)
    if (await isStopped(context.pool, plan.id)) return
    const wasSettled = done + refused === 0 && await isSettled(context.pool, plan.id, revision.revision, after(context, -settledMs))
    if (isUndo(plan)) await beginUndo(context, plan)
    else if (!wasSettled) settling = await beginSettling(context, plan, revision)
    await setPlan(context.pool, plan.id, { progress: 'Applying to systems' })
  }
  const systems = await systemsToDo(context.pool, plan.id)
  const grown = growthOf(context.pool, ['account', 'membership'])
  const health = await healthOf(context.pool, systems)
  const results = await Promise.allSettled(systems.map((id) => applyToSystem(context, plan, revision, health.get(id)!, settling, grown, signal, options).finally(() => options.systemOver?.(id))))
  // Those whom no system asked for.
  while (settling.upTo !== null && !signal.aborted && await mayGoOn(context.pool, plan.id, revision.revision)) await settling.more()
  // Told to stop: whoever takes the plan up settles the others.
  if (settling.upTo !== null && signal.aborted) return
  for (const result of results) if (result.status === 'rejected') context.log.error({ plan: plan.number, err: result.reason }, 'applying to a system failed')
  await finish(context, plan, results.some((r) => r.status === 'rejected'))
}

async function applyToSystem(context: Context, plan: PlanRow, revision: Revision, health: SystemHealth, settling: Settling, grown: (rows: number) => Promise<void>, signal: AbortSignal, options: ApplyOptions): Promise<void> {
  const { systemId } = health
  const system = revision.policy.systems.find((s) => s.id === systemId)
  if (system === undefined) return
  const hands = await openHands(context, plan, revision, system, health, signal, options)
  try {
    let reachable = true
    /** One that fails leaves what it has claimed to the next attempt at the plan; the others are not to wait for it. */
    let failed = false
    const running = new Set<Promise<boolean>>()
    // One after the other, so that none finds what the one before is about to have.
    const inTurn = turnsOf(1)
    const claim = (upTo: string | null): Promise<ChangeRow[]> =>
      inTurn(() => claimChanges(context.pool, { planId: plan.id, systemId, now: context.now(), limit: batchSize, along: alongMax, upTo }))
    /** Nobody up to here has a change left that is due. */
    let dry: string | null = null
    const batches = async (): Promise<void> => {
      while (reachable && !failed && hands.pulse.halted === null && !signal.aborted) {
        // What an edited policy says holds from the next batch on: the plan is taken up again by it.
        if (!await mayGoOn(context.pool, plan.id, plan.cause === 'leaver' ? null : revision.revision)) return
        const { upTo } = settling
        if (upTo !== null && upTo === dry) {
          await settling.more()
          continue
        }
        const changes = await claim(upTo)
        if (changes.length > 0) {
          settling.begun(changes)
          const batch = carryOutBatch(hands, changes)
          running.add(batch)
          reachable = await batch.finally(() => running.delete(batch)) && reachable
          await grown(changes.length)
          // All of a leaver's plan is due at once: where the batch is not full, that was it.
          if (plan.cause === 'leaver' && changes.length < batchSize) return
        } else if (upTo !== null) dry = upTo
        else if (running.size > 0) await Promise.race(running)
        else if (await waveRunning(context, plan.id, systemId)) await new Promise((resolve) => setTimeout(resolve, 20))
        else return
      }
    }
    // All of them end before the connections are closed, also when one fails.
    const ends = await Promise.allSettled(Array.from({ length: plan.cause === 'leaver' ? 1 : batchesAtOnce }, () => batches().catch((error: unknown) => {
      failed = true
      throw error
    })))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  } finally {
    await hands.reader.close()
    await hands.writer.close()
  }
}

/**
 * Returns whether the system answered. A batch that meets a fault of ours is done one by one, so that the fault harms nobody else.
 * Where the database failed no change is to blame: the plan is taken up again.
 */
async function carryOutBatch(hands: Hands, changes: ChangeRow[]): Promise<boolean> {
  try {
    const [{ kind }] = changes as [ChangeRow]
    if (kind === 'link') return (await carryOutLinks(hands, changes)).reachable
    if (kind !== 'unlink') return (await carryOut(hands, changes)).reachable
    await carryOutUnlinks(hands, changes)
    return true
  } catch (error) {
    if (databaseFault(error) !== undefined) throw error
    hands.context.log.error({ plan: hands.plan.number, system: hands.system.id, err: error }, 'a batch of changes failed')
    if (changes.length === 1) await giveUp(hands, changes[0]!)
    else for (const change of await withoutCompany(hands, changes)) if (!await carryOutBatch(hands, [change])) return false
    return true
  }
}

async function openHands(context: Context, plan: PlanRow, revision: Revision, system: System, health: SystemHealth, signal: AbortSignal, options: ApplyOptions): Promise<Hands> {
  const capabilities = connectorOf(context, system).describe(configOf(context, system))
  const deciding = options.deciding ?? await transaction(context.pool, (client) => prepareDeciding(context, client, revision, context.now()))
  return {
    context, plan, revision, system, deciding, signal,
    holders: holdersOf(accountJobs(revision.policy)),
    reader: options.connections?.reader(system) ?? openReader(context, system), writer: options.connections?.writer(system) ?? openWriter(context, system), scope: scopeOf(context, revision, system),
    inTurn: turnsOf(capabilities.limits.parallel), pulse: pulseOf(system, plan, health),
    settleMs: capabilities.limits.settleMs, canEndSessions: capabilities.canEndSessions,
  }
}

/** Something is left to do, and somebody else has it in hand at the moment. */
async function waveRunning(context: Context, planId: string, systemId: string): Promise<boolean> {
  const { rows } = await context.pool.query(
    `select from open_change where plan_id = $1 and system_id = $2 and state = 'to-do' limit 1`, [planId, systemId])
  return rows.length > 0
}

async function finish(context: Context, plan: PlanRow, failed: boolean): Promise<void> {
  const next = await transaction(context.pool, (client) => settlePlan(context, client, plan, failed))
  if (next === 'later') return
  await forgetAway(context.pool)
  const { policy } = await currentRevision(context.pool)
  await transaction(context.pool, (client) => recordAiling(client, policy, context.now()))
  // What was released meanwhile goes on.
  await approveAutomatic(context, plan.id)
  // Whose account it is now, policy has its say about it.
  if (plan.aim !== null && 'link' in plan.aim) await startPlan(context, { cause: 'linked by hand', actor: plan.madeBy, scope: plan.scope })
  // What was taken from somebody who left, between a plan that brings them back and its approval, no plan gives back yet.
  const back = plan.cause === 'leaver' ? [] : await changedBeforeReturn(context.pool, plan.id)
  if (back.length > 0) await startPlan(context, { cause: 'returned', actor: 'usher', scope: { people: back } })
  // What was refused is planned anew, once: a refusal of that plan waits for a person. The lane of leavers does so itself.
  if (next === 'refused' && plan.cause !== 'refused' && plan.cause !== 'leaver' && !isOver(plan, context.now())) await startPlan(context, { cause: 'refused', actor: 'usher', scope: plan.scope, aim: plan.aim })
}

async function settlePlan(context: Context, client: Client, plan: PlanRow, failed: boolean): Promise<'later' | 'over' | 'refused'> {
  // A retry, a stop or a resume is before this or after it, never in between.
  const { rows: [current] } = await client.query<Pick<PlanRow, 'state' | 'brakes'>>('select state, brakes from plan where id = $1 for update', [plan.id])
  if (current?.state !== 'applying') return 'later'
  const counts = await countChanges(client, plan.id)
  const count = (...states: string[]): number => counts.filter((c) => states.includes(c.state)).reduce((sum, c) => sum + c.n, 0)
  if (failed || count('waiting', 'again') > 0) {
    return await putOff(context, client, plan, counts, failed)
  }
  const now = context.now()
  await endUndo(client, plan, now)
  await settleDriftOf(client, plan.id, now)
  const left = count('planned', 'held')
  await setPlan(client, plan.id, {
    counts, progress: null, ...(left > 0 ? { state: current.brakes.some((b) => b.released === undefined) ? 'held' : 'open' } : { state: 'applied', ended_at: now }),
  })
  await appendAudit(client, [{ at: now, actor: 'usher', action: 'plan.applied', subject: `plan:${plan.id}`, detail: { number: plan.number, counts } }])
  return count('refused') > 0 ? 'refused' : 'over'
}

/** What is left waits for its next attempt, for a system that is away, or for an operator who resumes a paused one. */
async function putOff(context: Context, client: Client, plan: PlanRow, counts: Awaited<ReturnType<typeof countChanges>>, failed: boolean): Promise<'later'> {
  const ailing = await ailingSystems(client)
  const paused = ailing.filter((s) => s.pausedAt !== null).map((s) => s.systemId)
  const others = ailing.map((s) => s.systemId)
  const goesOn = failed || counts.some((c) => c.state === 'waiting' && (c.stage === 1 || !others.includes(c.systemId)))
  const soon = after(context, soonMs)
  const { rows } = await client.query<{ at: string | null }>(
    `select min(next_attempt_at) as at from open_change where plan_id = $1 and state = 'again' and system_id <> all ($2::text[])`, [plan.id, paused])
  const at = [rows[0]?.at ?? null, goesOn ? soon : null].filter((t) => t !== null).toSorted((a, b) => Date.parse(a) - Date.parse(b))[0] ?? null
  await setPlan(client, plan.id, { counts, wait_until: at ?? 'infinity', progress: at === null ? 'Paused, as too many changes failed' : 'Waiting to try again' })
  if (at !== null) await context.enqueue('apply-plan', plan.id, at)
  return 'later'
}

const after = (context: Context, milliseconds: number): string => new Date(Date.parse(context.now()) + milliseconds).toISOString()
