/** What an account was at a past instant, told by the changes that were carried out: what the last one before left, else what the next one found. */
import type { ChangeKind } from './plan.ts'
import { sameValue, type Attributes, type Value } from './value.ts'

export interface DoneChange {
  kind: ChangeKind
  doneAt: string
  before: Attributes | null
  after: Attributes | null
  entitlementId: string | null
}

/** The last change until an instant, that instant included, and the first one after it. `changes` are in the order in which they were done. */
function around<T extends DoneChange>(changes: T[], at: string): { last: T | undefined; next: T | undefined } {
  const instant = Date.parse(at)
  return { last: changes.findLast((c) => Date.parse(c.doneAt) <= instant), next: changes.find((c) => Date.parse(c.doneAt) > instant) }
}

/** `now`: whether it is enabled as last seen; it counts where no change says more. */
export function enabledAt(now: boolean, changes: DoneChange[], at: string): boolean {
  const { last, next } = around(changes.filter((c) => c.kind === 'create' || c.kind === 'enable' || c.kind === 'disable'), at)
  if (last !== undefined) return last.kind === 'create' ? last.after?.['enabled'] === true : last.kind === 'enable'
  return next === undefined ? now : next.kind === 'disable'
}

/** The value that an attribute had, and the change that wrote it, where Usher did. */
export function attributeAt<T extends DoneChange>(attribute: string, now: Value | undefined, changes: T[], at: string): { value: Value | undefined; written: T | null } {
  const { last, next } = around(touching(changes, attribute), at)
  if (last !== undefined) return { value: last.after?.[attribute], written: last }
  return { value: next === undefined ? now : next.before?.[attribute], written: null }
}

/** The change that wrote the value which an attribute has now, if it was one. */
export function writerOf<T extends DoneChange>(attribute: string, now: Value | undefined, changes: T[]): T | null {
  const last = touching(changes, attribute).at(-1)
  return last !== undefined && (sameValue(last.after?.[attribute], now) || String(last.after?.[attribute]) === String(now)) ? last : null
}

/** Whether the account held an entitlement. */
export function heldAt(entitlementId: string, now: boolean, changes: DoneChange[], at: string): boolean {
  const { last, next } = around(changes.filter((c) => c.entitlementId === entitlementId && (c.kind === 'grant' || c.kind === 'revoke')), at)
  if (last !== undefined) return last.kind === 'grant'
  return next === undefined ? now : next.kind === 'revoke'
}

function touching<T extends DoneChange>(changes: T[], attribute: string): T[] {
  return changes.filter((c) => (c.kind === 'create' || c.kind === 'update' || c.kind === 'rename') && (c.before?.[attribute] !== undefined || c.after?.[attribute] !== undefined))
}
