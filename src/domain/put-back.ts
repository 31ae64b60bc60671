/** Facts narrowed to some things of an account, so that deciding puts exactly those right and leaves the rest alone. */
import type { AccountFacts, DecidedChange } from './decide.ts'
import type { Thing } from './exception.ts'

export interface Drifted {
  thing: Thing
  attribute: string | null
  entitlementId: string | null
}

/** A membership among the things may be taken away, whoever put it there. */
export function narrowed(facts: AccountFacts, things: readonly Drifted[]): AccountFacts {
  const attributes = new Set(things.flatMap((t) => t.attribute ?? []))
  const entitlements = new Set(things.flatMap((t) => t.entitlementId ?? []))
  if (things.some((t) => t.thing === 'account')) return facts
  const pick = <T>(values: Record<string, T>): Record<string, T> => Object.fromEntries(Object.entries(values).filter(([name]) => attributes.has(name)))
  return {
    ...facts, set: pick(facts.set), references: pick(facts.references), clear: facts.clear.filter((name) => attributes.has(name)),
    desired: facts.desired.filter((d) => entitlements.has(d.id)),
    held: facts.held.map((h) => ({ ...h, ours: entitlements.has(h.id) })),
  }
}

/** Whether a change puts one of the things right. */
export function putsBack(change: DecidedChange, things: readonly Drifted[]): boolean {
  switch (change.kind) {
    case 'update':
    case 'rename': return things.some((t) => t.attribute !== null)
    case 'enable':
    case 'disable': return things.some((t) => t.thing === 'enabled')
    case 'grant':
    case 'revoke': return things.some((t) => t.thing === 'account' || t.entitlementId === change.entitlementId)
    case 'create': return things.some((t) => t.thing === 'account')
    default: return false
  }
}

/** The things that a change of such a plan is about. */
export function thingsOf(change: Pick<DecidedChange, 'kind' | 'entitlementId' | 'before' | 'after'>): Drifted[] {
  const none = { attribute: null, entitlementId: null }
  switch (change.kind) {
    case 'update':
    case 'rename': return Object.keys({ ...change.before, ...change.after }).map((attribute) => ({ ...none, thing: 'attribute', attribute }))
    case 'grant':
    case 'revoke': return [{ ...none, thing: 'entitlement', entitlementId: change.entitlementId }]
    case 'create': return [{ ...none, thing: 'account' }]
    default: return [{ ...none, thing: 'enabled' }]
  }
}
