/**
 * People who leave go ahead of all other work: a lane of their own takes them from the moment that they are due until each
 * system was seen without them. It waits for no plan, reads no system whole and takes no lock that other plans take.
 */
import { exceeds } from '../domain/brake.ts'
import { UsherError } from '../domain/errors.ts'
import { standing } from '../domain/person.ts'
import { lateCreations, type LateCreation } from '../store/creation.ts'
import { transaction } from '../store/database.ts'
import { recordOwnFindings } from '../store/finding.ts'
import {
  claimLeavers, endsByDate, insertLeavers, leftByDateLately, lookAgainAt, startEndsByHand, type LeaverRow,
} from '../store/leaver.ts'
import { forgetPlan, leftOver, overdueLeavers, settleClocks, startClocks, stopClocks, unseenAccounts } from '../store/leaver-clock.ts'
import { settleLookup } from '../store/observed.ts'
import { countPeople } from '../store/people-plan.ts'
import { currentRevision } from '../store/policy.ts'
import { applyPlan } from './apply-plan.ts'
import type { Context, Revision } from './context.ts'
import { openReader } from './context.ts'
import { lookedForBy, madeBefore, takeIn } from './created-before.ts'
import type { Deciding } from './facts.ts'
import { planLeavers } from './leaver-plan.ts'
import { readiness, type GetReady } from './leaver-ready.ts'
import { lookUp, settleMsOf } from './look-up.ts'
import { leaverMethod } from './plan-systems.ts'
import { scopeOf } from './read-system.ts'
import type { Connections } from './warm-systems.ts'

const claimMax = 50
const dueMax = 500
/** Whoever claimed a leaver and was killed is waited for so long. */
const leaseMs = 15_000
const soonMs = 200
const laterMs = 5_000
/** So long a system is waited for that had nothing to do and is only looked at. */
const lookMsMax = 5_000

const plus = (instant: string, ms: number): string => new Date(Date.parse(instant) + ms).toISOString()

/** People whose end has come by now get a clock: ends set by hand, and dates. */
export async function startDueLeavers(context: Context): Promise<void> {
  const now = context.now()
  await startEndsByHand(context.pool, now)
  const due = await endsByDate(context.pool, now, dueMax)
  if (due.length === 0) return
  const { policy } = await currentRevision(context.pool)
  const ended = due.flatMap(({ id, positions, cuts, shortened }) => {
    const stands = standing(positions, now, policy.settings.timeZone, cuts)
    return stands.state === 'ended' ? [{ id, shortened, endedAt: stands.endedAt ?? now }] : []
  })
  const broughtForward = ended.filter((e) => e.shortened).length
  // Dates that a source brought forward in great numbers are an import like any other: the plan of the calendar brakes them.
  const limit = policy.settings.peopleBrakes.disable
  const braked = broughtForward > 0 && limit !== undefined
    && exceeds(limit, broughtForward + await leftByDateLately(context.pool, now), await countPeople(context.pool))
  const starting = ended.filter((e) => !(braked && e.shortened))
  await transaction(context.pool, (client) => insertLeavers(client, starting.map((e) => ({
    id: context.newId(), personId: e.id, cause: 'date', actor: 'usher', effectiveAt: e.endedAt, receivedAt: e.endedAt,
  })), now))
}

/** Leavers whose turn it is, together until the lease is over. Empty: nobody's. */
export async function takeLeavers(context: Context): Promise<LeaverRow[]> {
  const now = context.now()
  return await claimLeavers(context.pool, now, plus(now, leaseMs), claimMax)
}

/** One round for leavers that were taken: plan what is not planned, carry it out, look, and set the clocks. */
export async function leaverRound(context: Context, leavers: LeaverRow[], signal: AbortSignal, getReady: GetReady, connections?: Connections): Promise<void> {
  const ready = await getReady()
  const { revision } = ready
  const ids = leavers.map((l) => l.id)
  // Each human's own plan; those whom nobody named go together.
  const unplanned = [...Map.groupBy(leavers.filter((l) => l.planId === null), (l) => l.actor).values()]
  const planned = [...new Set(leavers.flatMap((l) => l.planId ?? []))]
  const deciding = await ready.deciding()
  for (const together of unplanned) {
    const planId = await planLeavers(context, ready, deciding, together)
    if (planId !== null) planned.push(planId)
  }
  // What is being made for them, or was perhaps made: whoever begins it from here on finds them ended.
  const late = (await lateCreations(context.pool, ids)).filter((c) => leaverMethod(revision, c.jobId) !== 'observe')
  if (late.length > 0) await startClocks(context.pool, late)
  const systemOver = (systemId: string): Promise<void> => settleClocks(context.pool, ids, context.now(), late, systemId)
  await Promise.all(planned.map((planId) => applyPlan(context, planId, signal, { systemOver, revision, deciding, ...(connections === undefined ? {} : { connections }) })))
  // What was not looked at on the way is looked at now.
  const unsure = await lookAtOthers(context, { revision, deciding }, ids, late, signal, connections)
  await settleClocks(context.pool, ids, context.now(), unsure)
  const now = context.now()
  await stopClocks(context.pool, ids, plus(now, soonMs), plus(now, laterMs))
  const again = await leftOver(context.pool, ids)
  if (again.length > 0) await forgetPlan(context.pool, again)
  const soon = [...again, ...unsure.filter((c) => c.underWay).map((c) => c.leaverId)]
  if (soon.length > 0) await lookAgainAt(context.pool, soon, plus(now, soonMs))
}

/**
 * Accounts that no change is about are looked at, too: what is there was perhaps put there meanwhile. And accounts that were
 * perhaps made: what is there of them is the leaver's, and goes in the next round. Returns those of which it is not known yet.
 */
async function lookAtOthers(context: Context, { revision, deciding }: { revision: Revision; deciding: Deciding }, leavers: string[], late: LateCreation[], signal: AbortSignal, connections?: Connections): Promise<LateCreation[]> {
  const accounts = await unseenAccounts(context.pool, leavers)
  const unsure: LateCreation[] = []
  await Promise.all([...new Set([...accounts, ...late].map((one) => one.systemId))].map(async (systemId) => {
    const system = revision.policy.systems.find((s) => s.id === systemId)
    if (system === undefined) return
    const creations = late.filter((c) => c.systemId === systemId)
    const reader = connections?.reader(system) ?? openReader(context, system)
    try {
      if (reader.lookup === undefined) {
        unsure.push(...creations.filter((c) => c.underWay))
        return
      }
      const asked = accounts.filter((a) => a.systemId === systemId).map((a) => ({ objectType: a.objectType, id: a.nativeId }))
      const wanted = [...asked, ...creations.flatMap((c) => lookedForBy(deciding.jobs, c))]
      const within = AbortSignal.any([signal, AbortSignal.timeout(lookMsMax)])
      const seen = await lookUp(context, { system, reader, scope: scopeOf(context, revision, system), settleMs: settleMsOf(context, system), signal: within }, wanted, asked)
      await settleLookup(context.pool, systemId, seen, context.now())
      const made = creations.flatMap((c) => {
        const one = madeBefore(deciding.jobs, c, seen.page.records)
        // A worker may be about to make it; what a slow mirror may still come to show, its own next attempts look for.
        if (one === null && (c.underWay || c.again && c.answered.length > 0)) unsure.push(c)
        return one === null ? [] : [{ objectType: c.objectType, nativeId: one.record.id, personId: c.personId, jobId: c.jobId }]
      })
      if (made.length > 0) await transaction(context.pool, (client) => takeIn(client, systemId, made, 'usher', context.now()))
    } catch (error) {
      // The clock goes on, and the next round looks again.
      context.log.warn({ system: systemId, code: error instanceof UsherError ? error.code : 'INTERNAL' }, 'a leaver\'s account could not be looked at')
      unsure.push(...creations)
    } finally {
      await reader.close()
    }
  }))
  return unsure
}

/** Everything that is due for leavers now, one round after the other. For whoever has a clock of their own. */
export async function runLeavers(context: Context, signal: AbortSignal): Promise<number> {
  await startDueLeavers(context)
  const getReady = readiness(context)
  let rounds = 0
  for (let taken = await takeLeavers(context); taken.length > 0; taken = await takeLeavers(context)) {
    await leaverRound(context, taken, signal, getReady)
    rounds += 1
  }
  await raiseAlarms(context)
  return rounds
}

/** A leaver who takes too long is a finding, as long as it lasts. */
export async function raiseAlarms(context: Context): Promise<void> {
  const { policy } = await currentRevision(context.pool)
  const seconds = policy.settings.leaverAlarm
  const now = context.now()
  const overdue = await overdueLeavers(context.pool, plus(now, -1000 * seconds))
  const nameOf = (id: string): string => policy.systems.find((s) => s.id === id)?.name ?? id
  await recordOwnFindings(context.pool, 'LEAVER_OVERDUE', overdue.map((leaver) => ({
    code: 'LEAVER_OVERDUE', severity: 'error', person: leaver.personId, key: leaver.id, details: { leaver: leaver.id, systems: leaver.open.map((s) => s.systemId) },
    message: `${leaver.name} left more than ${seconds} seconds ago and is not gone from ${leaver.open.map((s) => `${nameOf(s.systemId)}${s.words === null ? '' : ` (${s.words})`}`).join(', ') || 'everywhere'}.`,
  })), now)
}
