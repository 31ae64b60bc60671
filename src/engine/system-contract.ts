/** Judges a full read of a destination: who may see only half of it must not take the other half for gone. */
import { hash } from 'node:crypto'
import type { Page, ReadEnd, ReadScope } from '../connectors/connector.ts'
import { breachesOf, breachSentence, columnsToKeep, goneBreach, profiler, type Breach, type ReadProfile } from '../domain/contract.ts'
import type { System } from '../domain/policy.ts'
import { canonical } from '../domain/value.ts'
import { withoutSince, knownAccess, lastObserved, storeObserved } from '../store/contract.ts'
import type { Client } from '../store/database.ts'
import type { Staging } from '../store/observation.ts'
import { isReleased } from '../store/release.ts'

const defaults = { maxShrink: 0.3, maxEmptier: 0.2 }

export interface Counted {
  profile: ReadProfile
  /** Accounts there at the last look, and how many of them the read shows. */
  known: number
  seen: number
}

/** Counts what a read shows while it is staged. Begins with what was there before. */
export function systemCounter(scope: ReadScope, kinds: Map<string, 'account' | 'entitlement'>, staging: Staging): { add(page: Page): void; result(): Counted } {
  const known = staging.known.unseen
  const counting = profiler([...new Set(Object.values(scope.attributes ?? {}).flat())])
  return {
    add(page) {
      if (page.passed !== undefined) counting.addCounted(page.passed.count, page.passed.filled)
      for (const record of page.records) if (kinds.get(record.objectType) === 'account') counting.add(record.attributes)
    },
    result: () => ({ profile: { ...counting.profile(), entitlements: staging.entitlements, memberships: staging.memberships }, known, seen: known - staging.known.unseen }),
  }
}

export interface JudgedSystem {
  end: ReadEnd
  contractHash?: string
  /** Attributes that are shown in far fewer accounts than before. */
  hidden?: string[]
}

export async function judgeSystem(client: Client, input: {
  system: System; observationId: string; readAt: string; counted: Counted; end: ReadEnd
}): Promise<JudgedSystem> {
  const { system, observationId, readAt, counted, end } = input
  if (!end.complete) return { end }
  const breaches = await breachesOfSystem(client, system, counted, readAt)
  const contractHash = hash('sha256', canonical([system.id, breaches]))
  if (breaches.length === 0 || await isReleased(client, contractHash, readAt) !== null) {
    await storeObserved(client, observationId, counted.profile)
    return { end }
  }
  const because = `It shows far less than before: ${breaches.map((b) => breachSentence(b, 'accounts')).join('; ')}. Perhaps the account that Usher uses may not see all of it any more. Nothing is taken for gone.`
  return { end: { complete: false, count: end.count, code: 'SYSTEM_OUT_OF_CONTRACT', because }, contractHash, hidden: columnsToKeep(breaches) }
}

async function breachesOfSystem(client: Client, system: System, { profile, known, seen }: Counted, readAt: string): Promise<Breach[]> {
  const { maxShrink, maxEmptier } = { ...defaults, ...system.completeness }
  const least = system.completeness?.minAccounts ?? 0
  const breaches: Breach[] = profile.rows < least ? [{ what: 'few', column: 'accounts', now: profile.rows, allowed: least }] : []
  breaches.push(...breachesOf({ columns: system.completeness?.attributes }, null, profile, readAt))
  breaches.push(...goneBreach('accounts', known, seen, maxShrink))
  // Of what is known, not of the last read: what Usher took away itself is no longer known.
  const access = await knownAccess(client, system.id)
  breaches.push(...goneBreach('groups', access.entitlements, profile.entitlements ?? 0, maxShrink), ...goneBreach('memberships', access.memberships, profile.memberships ?? 0, maxShrink))
  const last = await lastObserved(client, system.id)
  if (last === null) return breaches
  for (const breach of breachesOf({ maxEmptier, maxGrowth: Infinity }, last.profile, profile, readAt)) {
    if (breach.what !== 'column-emptier') continue
    const was = last.profile.columns[breach.column!]!
    // What Usher itself did since is no surprise.
    const { cleared, made } = await withoutSince(client, system.id, breach.column!, last.readAt)
    const expected = { ...last.profile, rows: last.profile.rows + made, columns: { [breach.column!]: { ...was, filled: was.filled - cleared } } }
    const now = breachesOf({ maxEmptier, maxGrowth: Infinity }, expected, profile, readAt)
    breaches.push(...now.filter((b) => b.what === 'column-emptier' && b.column === breach.column))
  }
  return breaches
}
