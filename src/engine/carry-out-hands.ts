/** What carrying out changes works with: one system's connections, and what is known about each change on its way. */
import type { Outcome, Reader, ReadScope, Writer } from '../connectors/connector.ts'
import type { AccountFacts, DecidedChange } from '../domain/decide.ts'
import type { System } from '../domain/policy.ts'
import type { Pair } from '../store/compare.ts'
import type { ChangeEnd, ChangeRow } from '../store/batch.ts'
import type { PlanRow } from '../store/plan.ts'
import type { Context, Revision } from './context.ts'
import type { Deciding } from './facts.ts'
import type { Pulse } from './pulse.ts'
import type { Turns } from './turns.ts'

export interface Hands {
  context: Context
  plan: PlanRow
  revision: Revision
  system: System
  deciding: Deciding
  holders: { systemId: string; jobId: string }[]
  reader: Reader
  writer: Writer
  scope: ReadScope
  /** Batches share what the system takes side by side. In order: while one is written, the one before is looked at and the next made ready. */
  inTurn: Turns
  pulse: Pulse
  settleMs: number
  canEndSessions: boolean
  signal: AbortSignal
}

/** What became of one change, before and after the system was asked. */
export interface Attempt {
  change: ChangeRow
  decided: DecidedChange | null
  facts: AccountFacts | null
  /** The creation of the account that this change is about, where the batch begins with it. */
  creation: Attempt | null
  outcome: Outcome | null
  end: ChangeEnd | null
}

/** Whether the change is about an account that the batch makes. */
export function comesWith({ creation, facts }: Attempt): Attempt | null {
  return facts?.account == null ? creation : null
}

/** The account that a change was written to, by native id; null: none, as far as the system's answer says. */
export function writtenTo({ outcome }: Attempt): string | null {
  return outcome !== null && 'id' in outcome ? outcome.id : null
}

/** The people and jobs that changes are about, each once. */
export function pairsOf(changes: ChangeRow[]): Pair[] {
  // Those of one account mostly come one after the other.
  const firsts = changes.filter((c, i) => c.personId !== changes[i - 1]?.personId || c.jobId !== changes[i - 1]?.jobId)
  return [...new Map(firsts.map((c) => [`${c.personId} ${c.jobId}`, { personId: c.personId!, jobId: c.jobId! }])).values()]
}
