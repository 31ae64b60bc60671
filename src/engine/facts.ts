/** From stored rows to the facts that `decide` works on. */
import { hash } from 'node:crypto'
import type { AccountFacts, SeenAccount } from '../domain/decide.ts'
import { changeText } from '../domain/decide.ts'
import type { Because } from '../domain/plan.ts'
import type { Pair } from '../store/compare.ts'
import { pairKey, type LoadedFacts } from '../store/facts.ts'
import type { PreparedJob } from './prepared-job.ts'

export interface Deciding {
  asOf: string
  jobs: Map<string, PreparedJob>
  /** Entitlement ids whose members are exactly those with a reason. */
  authoritative: Set<string>
  policyRevision: number
}

/** What is known about one pair, or null where nothing can or may be decided. */
export function factsOf(loaded: LoadedFacts, pair: Pair, deciding: Deciding): AccountFacts | null {
  const prepared = deciding.jobs.get(pair.jobId)
  const key = pairKey(pair)
  const desired = loaded.desired.get(key)
  if (prepared === undefined || desired === undefined) return null
  // Whatever was last worked out for them, who has ended wants nothing.
  const wanted = desired.personState === 'ended' ? null : desired.wanted
  if (wanted === 'broken') return null
  const account = loaded.accounts.get(key) ?? null
  const match = desired.matchedAccountId === null ? undefined : loaded.matched.get(desired.matchedAccountId)
  const matched: (SeenAccount & { by: string }) | null = account === null && match !== undefined ? { ...match, by: desired.matchedBy ?? 'name' } : null
  const seen = account ?? matched
  const { job } = prepared
  return {
    personId: pair.personId, systemId: job.destination, jobId: job.id, objectType: job.objectType, descriptions: prepared.type.attributes,
    wanted: wanted ?? 'none', set: desired.attributes ?? {}, clear: desired.clear ?? [], name: desired.name ?? '',
    references: loaded.references.get(key) ?? {},
    account, matched,
    desired: (loaded.entitlements.get(key) ?? []).map((e) => ({ ...e, because: e.because.map((b) => withRevision(b, deciding.policyRevision)) })),
    held: (seen === null ? [] : loaded.held.get(seen.id) ?? []).map((h) => ({ id: h.id, objectType: h.objectType, nativeId: h.nativeId, name: h.name, ours: h.origin !== 'unknown' || deciding.authoritative.has(h.id), ...endOf(loaded, pair, h.id) })),
    deleteDue: account !== null && [account.disabledAt, account.unwantedSince].every((since) => dueForDeletion(since, job.lifecycle.deleteAfterDays, deciding.asOf)),
    exceptions: loaded.exceptions.get(key) ?? [],
    because: accountBecause(wanted, desired.personState, job.id, job.lifecycle.deleteAfterDays, account?.enabled ?? true),
  }
}

function endOf(loaded: LoadedFacts, pair: Pair, entitlementId: string): { ended?: Because } {
  const ended = loaded.ended.size === 0 ? undefined : loaded.ended.get(`${pair.personId} ${entitlementId}`)
  return ended === undefined ? {} : { ended }
}

/** What is there of one pair, whatever policy wants of it; null where its job is not in the policy any more. */
export function seenFactsOf(loaded: LoadedFacts, pair: Pair, deciding: Deciding): AccountFacts | null {
  const prepared = deciding.jobs.get(pair.jobId)
  if (prepared === undefined) return null
  const { job, type } = prepared
  const account = loaded.accounts.get(pairKey(pair)) ?? null
  return {
    personId: pair.personId, systemId: job.destination, jobId: job.id, objectType: job.objectType, descriptions: type.attributes,
    wanted: 'none', set: {}, clear: [], name: account?.name ?? '', references: {}, account, matched: null, desired: [],
    held: (account === null ? [] : loaded.held.get(account.id) ?? []).map(({ origin, ...h }) => ({ ...h, ours: origin !== 'unknown' })),
    deleteDue: false, because: [],
  }
}

function accountBecause(wanted: string | null, state: string, job: string, deleteAfterDays: number | null, enabled: boolean): Because[] {
  if (wanted !== null) return state === 'active' ? [{ because: 'in-scope', job }] : [{ because: 'state', state }, { because: 'in-scope', job }]
  if (!enabled && deleteAfterDays !== null) return [{ because: 'grace-over', days: deleteAfterDays }]
  return state === 'active' ? [{ because: 'out-of-scope', job }] : [{ because: 'state', state }]
}

function withRevision(because: Because, revision: number): Because {
  return because.because === 'rule' ? { ...because, revision } : because
}

function dueForDeletion(since: string | null, days: number | null, asOf: string): boolean {
  return since !== null && days !== null && Date.parse(since) + days * 86_400_000 <= Date.parse(asOf)
}

/** Hexadecimal. */
export function hashChange(change: Parameters<typeof changeText>[0]): string {
  return hash('sha256', changeText(change))
}

