/** Seeing whether what was written is so: a change is done when nothing of it is left to do. */
import { sameAttribute, type AccountFacts } from '../domain/decide.ts'
import type { Attributes, Value } from '../domain/value.ts'
import type { Client } from '../store/database.ts'
import { pairKey, seenAgain, type LoadedFacts } from '../store/facts.ts'
import { markGranted } from '../store/observed.ts'
import type { ChangeEnd, ChangeRow } from '../store/batch.ts'
import { again } from './carry-out-end.ts'
import { pairsOf, type Attempt, type Hands } from './carry-out-hands.ts'
import { factsOf, seenFactsOf } from './facts.ts'

/** Decides again from what is there now: a written change is done when nothing of it is left to do. */
export async function confirm(client: Client, hands: Hands, attempts: Attempt[], before: LoadedFacts): Promise<void> {
  const written = attempts.filter((a) => a.end === null && (a.outcome?.outcome === 'done' || a.outcome?.outcome === 'already'))
  if (written.length === 0) return
  const loaded = await seenAgain(client, before, pairsOf(written.map((a) => a.change)))
  const granted: { accountId: string; entitlementId: string }[] = []
  // Put together once, however many of an account's changes are in the batch: those were decided on from the same facts.
  const known = new Map<object, AccountFacts | null>()
  for (const attempt of written) {
    const { change } = attempt
    const pair = { personId: change.personId!, jobId: change.jobId! }
    const same = attempt.facts ?? attempt
    const facts = known.get(same) ?? factsOf(loaded, pair, hands.deciding) ?? seenFactsOf(loaded, pair, hands.deciding)
    known.set(same, facts)
    const account = facts?.account ?? loaded.accounts.get(pairKey(pair))
    const seen = facts !== null && seenAsPlanned(change, facts)
    if (seen === true) {
      attempt.end = { id: change.id, state: 'done', accountId: account?.id ?? change.accountId }
      if (change.kind === 'grant' && account !== undefined && !isMarked(loaded, account.id, change.entitlementId!)) granted.push({ accountId: account.id, entitlementId: change.entitlementId! })
    } else {
      attempt.end = { ...contradicted(hands, change, seen), accountId: account?.id ?? change.accountId }
    }
  }
  await markGranted(client, granted)
}

function isMarked({ held }: LoadedFacts, accountId: string, entitlementId: string): boolean {
  return held.get(accountId)?.some((h) => h.id === entitlementId && h.origin === 'granted') === true
}

/** Read back, it is not what was planned: a slow mirror may still come round, any other system will not. */
export function contradicted(hands: Hands, change: ChangeRow, seen: boolean | string): ChangeEnd {
  const words = typeof seen === 'string' ? seen : 'The system answered that it was done, and does not show it.'
  if (mayStillShow(hands, change)) return again(hands.context, change, 'CHANGE_CONTRADICTED', words, hands.settleMs)
  return { id: change.id, state: 'stuck', code: 'CHANGE_CONTRADICTED', words }
}

/** So often a mirror is looked at until it shows what was written. */
export const attemptsToShow = 4
export const mayStillShow = ({ settleMs }: Hands, change: ChangeRow): boolean => settleMs > 0 && change.attempts < attemptsToShow

/** True, or what differs, in words without values. */
export function seenAsPlanned(change: ChangeRow, facts: AccountFacts): boolean | string {
  const account = facts.account
  switch (change.kind) {
    case 'create': {
      if (account === null) return false
      const { enabled, ...attributes } = (change.after ?? {}) as Record<string, Value>
      const wrong = Object.entries(attributes).filter(([name, value]) => {
        const description = facts.descriptions.find((d) => d.name === name)
        return description?.secret !== true && !sameAttribute(description, account.attributes[name], value)
      }).map(([name]) => name)
      if (account.enabled !== (enabled === true)) wrong.push('enabled')
      return wrong.length === 0 ? true : `Read back, it shows another ${wrong.join(', ')} than planned.`
    }
    case 'enable': return account?.enabled === true
    case 'disable': return account?.enabled === false
    case 'delete': return account === null
    case 'grant': return facts.held.some((h) => h.id === change.entitlementId)
    case 'revoke': return !facts.held.some((h) => h.id === change.entitlementId)
    default: return account !== null && holds(account.attributes, change, facts) ? true : 'Read back, it shows other values than planned.'
  }
}

/** Whether a record shows what an update or rename set and no longer shows what it cleared. */
export function holds(attributes: Attributes, change: ChangeRow, facts: AccountFacts): boolean {
  const description = (name: string) => facts.descriptions.find((d) => d.name === name)
  const set = Object.entries(change.after ?? {}).every(([name, value]) => sameAttribute(description(name), attributes[name], value))
  return set && Object.keys(change.before ?? {}).every((name) => change.after?.[name] !== undefined || attributes[name] === undefined)
}
