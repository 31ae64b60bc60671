/**
 * An exception is a decided, dated deviation from policy: one thing of one account that is left as it is.
 * It either keeps access that policy would take, or withholds what policy would give, or keeps a value.
 */
import type { Wanted } from './evaluate.ts'

export type Thing = 'attribute' | 'entitlement' | 'enabled' | 'account'

export interface LivingException {
  id: string
  /** Null: the person's account of the job, whichever it is. */
  accountId: string | null
  thing: Thing
  attribute: string | null
  entitlementId: string | null
  keepsAccess: boolean
  /** What policy wanted of the account when this was decided. */
  wanted: Wanted
}

export interface Left {
  /** Whether the person is left without an account: it is neither created nor linked. */
  account: boolean
  /** Whether an account that is disabled is left so. */
  disabled: boolean
  /** Whether an account that is enabled is left so. */
  enabled: boolean
  attribute(name: string): boolean
  /** Whether a membership that is there is left. */
  held(entitlementId: string): boolean
  /** Whether a membership that is not there is left out. */
  lacking(entitlementId: string): boolean
}

const rank: Record<Wanted, number> = { none: 0, disabled: 1, enabled: 2 }

/** Kept access is not kept from somebody of whom policy wants less by now, such as a leaver. */
export function holds(exception: Pick<LivingException, 'keepsAccess' | 'wanted'>, wanted: Wanted): boolean {
  return !exception.keepsAccess || rank[wanted] >= rank[exception.wanted]
}

/** What is left as it is of an account. */
export function leftOf(exceptions: readonly LivingException[] | undefined, wanted: Wanted, accountId: string | null): Left {
  const living = (exceptions ?? []).filter((x) =>
    (x.accountId === null || x.accountId === accountId || x.thing === 'account') && holds(x, wanted))
  const some = (thing: Thing, keepsAccess: boolean): boolean => living.some((x) => x.thing === thing && x.keepsAccess === keepsAccess)
  return {
    account: some('account', false),
    disabled: some('enabled', false),
    enabled: some('enabled', true),
    attribute: (name) => living.some((x) => x.thing === 'attribute' && x.attribute === name),
    held: (id) => living.some((x) => x.thing === 'entitlement' && x.entitlementId === id && x.keepsAccess),
    lacking: (id) => living.some((x) => x.thing === 'entitlement' && x.entitlementId === id && !x.keepsAccess),
  }
}
