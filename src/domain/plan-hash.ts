/**
 * What the hash of a plan covers: SHA-256 over a head (all that the plan was computed from), the digests of people who
 * arrive in great numbers, and each change with the account that it was computed from. An approval is given to it.
 */
import { changeText, type DecidedChange } from './decide.ts'
import { canonical } from './value.ts'

export interface PlanHead {
  revision: number
  /** Hexadecimal SHA-256 of the canonical policy document. */
  policy: string
  asOf: string
  /** By job. `digest` is that of the source itself, where the connector gives one. */
  snapshots: Record<string, { id: string; digest: string | null; rows: number; complete: boolean }>
  /** By system: the full reads that the observed state comes from. */
  observations: Record<string, string>
}

/** The texts that are hashed, in order. `digests`: of arrivals, in their order. `items`: by hash, then id. */
export function headText(head: PlanHead): string {
  return `${canonical(head)}\n`
}

export const digestText = (digest: string): string => `${digest}\n`

/** `account`: the account that was there when the change was planned; empty where the plan itself makes it. */
export const itemText = (hash: string, account: string | null): string => `${hash} ${account ?? ''}\n`

/** What the hash of one change covers. People are changed in stage 1, and new ones have no name yet. */
export function changeHashText(change: { stage: 1 | 2 } & Omit<DecidedChange, 'because' | 'wave' | 'accountId' | 'subject'>): string {
  const { stage, kind, personId, before, after } = change
  return stage === 2 ? changeText(change) : canonical([kind, kind === 'create' ? null : personId, before, after])
}
