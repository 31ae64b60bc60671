/**
 * Feels how a system fares while it is written to. All batches of an apply share one pulse.
 *
 * braked   Too many of the last changes failed: nothing more is sent until an operator resumes the system.
 * away     It does not answer: nothing more is sent now; it is looked for every few seconds.
 */
import type { Outcome } from '../connectors/connector.ts'
import { failsTooOften, lastOf, type ErrorRate } from '../domain/error-rate.ts'
import type { Finding } from '../domain/plan.ts'
import { brakesOf, type Policy, type System } from '../domain/policy.ts'
import { appendAudit } from '../store/audit.ts'
import type { Client } from '../store/database.ts'
import { recordOwnFindings } from '../store/finding.ts'
import type { ChangeEnd, ChangeRow } from '../store/batch.ts'
import type { PlanRow } from '../store/plan.ts'
import { ailingSystems, countWaitingFor, frequentWords, noteBack, noteOutcomes, pauseSystem, type SystemHealth } from '../store/system-health.ts'
import type { Hands } from './carry-out-hands.ts'

export interface Pulse {
  /** Null: nothing brakes here. */
  limit: ErrorRate | null
  recent: string
  /** Unanswered in a row. */
  unanswered: number
  awaySince: string | null
  halted: 'braked' | 'away' | null
}

/** That many broken connections in a row are no chance. */
const unansweredMax = 5
/** These say nothing about the change. */
const noVerdict = new Set(['SYSTEM_UNREACHABLE', 'SYSTEM_BUSY', 'TARGET_GONE', 'CONFLICT'])

export function pulseOf(system: System, plan: PlanRow, health: SystemHealth): Pulse {
  // Leavers are ended also where others fail: each of them counts more than the doubt.
  const free = plan.cause === 'leaver' || health.liftedPlan === plan.id
  return {
    limit: free ? null : brakesOf(system).errorRate ?? null, recent: health.recent, unanswered: 0, awaySince: health.awaySince,
    halted: health.pausedAt !== null && !free ? 'braked' : null,
  }
}

/** After each answer, so that not even a batch is sent to its end. */
export function feel(pulse: Pulse, change: ChangeRow, outcome: Outcome): void {
  const code = outcome.outcome === 'failed' ? outcome.code : null
  pulse.unanswered = code === 'SYSTEM_UNREACHABLE' ? pulse.unanswered + 1 : 0
  if (pulse.unanswered >= unansweredMax) pulse.halted ??= 'away'
  // Whether what exists already is somebody else's is seen later.
  if (pulse.limit === null || code === 'ALREADY_EXISTS' || !isFirstVerdict(change, code)) return
  pulse.recent += code === null ? '.' : 'x'
  if (code !== null && failsTooOften(pulse.recent, pulse.limit) !== null) pulse.halted = 'braked'
}

/** What the ends of a batch say of the system, kept for other processes and for after a restart. */
export async function notePulse(client: Client, hands: Hands, ended: { change: ChangeRow; end: ChangeEnd }[]): Promise<void> {
  const { pulse, system, revision, context } = hands
  const isBack = pulse.awaySince !== null && ended.some(({ end }) => end.state === 'done')
  if (isBack) {
    pulse.awaySince = null
    await noteBack(client, system.id)
  }
  const isPaused = await noteVerdicts(client, hands, ended)
  if (isBack || isPaused) await recordAiling(client, revision.policy, context.now())
}

/** Returns whether the system is paused by what was added. */
async function noteVerdicts(client: Client, hands: Hands, ended: { change: ChangeRow; end: ChangeEnd }[]): Promise<boolean> {
  const { pulse, system } = hands
  if (pulse.limit === null) return false
  const verdicts = ended.filter(({ change, end }) => ['done', 'stuck', 'again'].includes(end.state) && isFirstVerdict(change, end.code ?? null))
  const outcomes = verdicts.map(({ end }) => (end.state === 'done' ? '.' : 'x')).join('')
  if (outcomes === '') return false
  const health = await noteOutcomes(client, system.id, outcomes, lastOf(pulse.limit))
  pulse.recent = health.recent
  const rate = failsTooOften(health.recent, pulse.limit)
  if (health.pausedAt !== null) pulse.halted = 'braked'
  else if (rate !== null || pulse.halted === 'braked') return await brake(client, hands, rate ?? { failed: health.recent.split('x').length - 1, of: health.recent.length })
  return false
}

/** Returns whether this was the one to pause it. */
async function brake(client: Client, { pulse, system, plan, context }: Hands, rate: { failed: number; of: number }): Promise<boolean> {
  pulse.halted = 'braked'
  const because = { ...rate, words: await frequentWords(client, plan.id, system.id, 3) }
  if (!await pauseSystem(client, system.id, plan.id, because, context.now())) return false
  await appendAudit(client, [{
    at: context.now(), actor: 'usher', action: 'system.paused', subject: `system:${system.id}`,
    detail: { plan: plan.id, ...rate, codes: [...new Set(because.words.map((w) => w.code))] },
  }])
  return true
}

/** Each change is counted once, however often it is tried. */
function isFirstVerdict(change: ChangeRow, code: string | null): boolean {
  return (code === null || !noVerdict.has(code)) && (change.code === null || noVerdict.has(change.code))
}

/**
 * One finding for each system that is paused, and one for each that is away. Last in its transaction: systems that turn at the same
 * time come one after the other from here on, so that each is told as it is.
 */
export async function recordAiling(client: Client, policy: Policy, now: string): Promise<void> {
  await client.query(`select pg_advisory_xact_lock(hashtext('usher ailing'))`)
  const ailing = (await ailingSystems(client)).flatMap((health) => {
    const system = policy.systems.find((s) => s.id === health.systemId)
    return system === undefined ? [] : [{ health, system }]
  })
  const waiting = await countWaitingFor(client, ailing.map(({ system }) => system.id))
  const paused = ailing.filter(({ health }) => health.pausedAt !== null).map(({ health, system }) => pausedFinding(health, system, waiting.get(system.id) ?? 0))
  const away = ailing.filter(({ health }) => health.awaySince !== null).map(({ health, system }) => awayFinding(health, system, waiting.get(system.id) ?? 0))
  await recordOwnFindings(client, 'BRAKE_ERROR_RATE', paused, now)
  await recordOwnFindings(client, 'SYSTEM_AWAY', away, now)
}

function pausedFinding({ pausedBecause, pausedPlan }: SystemHealth, system: System, waiting: number): Finding {
  const { failed, of, words } = pausedBecause!
  const said = words.map((w) => `${w.count} × “${w.words}”`).join('; ')
  return {
    code: 'BRAKE_ERROR_RATE', system: system.id, severity: 'error', key: 'paused',
    message: `${system.name} is paused: ${failed} of the last ${of} changes failed (${Math.round(100 * failed / of)} %)${said === '' ? '' : `, ${said}`}. `
      + (waiting === 0 ? 'It writes nothing more until somebody resumes it.' : `${waiting === 1 ? '1 change waits' : `${waiting} changes wait`} until somebody resumes it.`),
    details: { failed, of, words, waiting, plan: pausedPlan },
  }
}

function awayFinding({ awaySince, awayWords }: SystemHealth, system: System, waiting: number): Finding {
  return {
    code: 'SYSTEM_AWAY', system: system.id, severity: 'error', key: 'away',
    message: `${system.name} does not answer. ${waiting === 1 ? '1 change waits and goes' : `${waiting} changes wait and go`} on when it is back. ${awayWords ?? ''}`.trim(),
    details: { since: awaySince, waiting },
  }
}
