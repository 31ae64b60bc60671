/**
 * Compares what one account should be with what it is, and says which changes would make them agree.
 * Pure, and the only place where changes to systems come from: the plan of everybody, the plan of one person and the
 * recomputation before a write all call it.
 */
import type { AttributeDescription } from './attribute.ts'
import type { Wanted } from './evaluate.ts'
import { leftOf, type Left, type LivingException } from './exception.ts'
import type { Because, ChangeKind } from './plan.ts'
import { canonical, sameValue, type Attributes, type Value } from './value.ts'

/** Everything that a decision about one person's account of one job depends on. */
export interface AccountFacts {
  personId: string
  systemId: string
  jobId: string
  objectType: string
  descriptions: AttributeDescription[]
  wanted: Wanted
  /** Attributes that the account shall have, names resolved, references left out. */
  set: Attributes
  clear: string[]
  /** What the record's name will be. */
  name: string
  /** Attribute → the account referred to, there or still to be created under that name; null: nobody knows it yet. */
  references: Record<string, { name: string; there: boolean } | null>
  /** The person's account as last seen, or null. */
  account: SeenAccount | null
  /** A record of nobody that a match rule claims for this person. */
  matched: (SeenAccount & { by: string }) | null
  /** Entitlements to have, with the reasons. */
  desired: DesiredEntitlement[]
  /** Entitlements there now, with whether Usher may take them away, and how the last reason for them ended. */
  held: { id: string; objectType: string; nativeId: string; name: string; ours: boolean; ended?: Because }[]
  /** The disabled account has been kept long enough. */
  deleteDue: boolean
  /** What is left as it is, by decision. */
  exceptions?: readonly LivingException[]
  because: Because[]
}

export interface SeenAccount {
  id: string
  nativeId: string
  name: string
  attributes: Attributes
  enabled: boolean
  protected: boolean
}

export interface DesiredEntitlement {
  id: string
  objectType: string
  nativeId: string
  name: string
  because: Because[]
}

export interface DecidedChange {
  kind: ChangeKind
  wave: number
  personId: string
  systemId: string
  jobId: string
  objectType: string
  accountId: string | null
  entitlementId: string | null
  subject: string
  before: Attributes | null
  after: Attributes | null
  because: Because[]
}

/** Changes of one wave do not depend on each other; a wave begins when the one before is over. Disable first, delete last. */
export const waves: Record<ChangeKind, number> = {
  link: 0, disable: 1, revoke: 2, create: 3, rename: 4, update: 5, enable: 6, grant: 7, unlink: 8, delete: 9,
}

export function decide(facts: AccountFacts): DecidedChange[] {
  const seen = facts.account ?? facts.matched
  if (seen?.protected === true) return []
  const left = leftOf(facts.exceptions, facts.wanted, seen?.id ?? null)
  if (facts.account === null && left.account) return []
  const changes: DecidedChange[] = []
  const add = (kind: ChangeKind, rest: Partial<DecidedChange> = {}): void => {
    changes.push({
      kind, wave: waves[kind], personId: facts.personId, systemId: facts.systemId, jobId: facts.jobId, objectType: facts.objectType,
      accountId: seen?.id ?? null, entitlementId: null, subject: seen?.name ?? facts.name, before: null, after: null, because: facts.because, ...rest,
    })
  }

  if (facts.account === null && facts.matched !== null) {
    if (facts.wanted === 'none') return []
    const { by, name } = facts.matched
    add('link', { after: { name }, because: [{ because: 'matched', attribute: by }] })
  }

  if (facts.wanted === 'none') {
    if (seen === null) return []
    if (seen.enabled && !left.enabled) add('disable')
    for (const entitlement of facts.held) if (entitlement.ours && !left.held(entitlement.id)) add('revoke', revocation(entitlement, facts.because))
    if (!seen.enabled && facts.deleteDue) add('delete', { before: { name: seen.name } })
    return changes
  }

  if (seen === null) {
    add('create', { after: { ...facts.set, ...referred(facts, true), enabled: facts.wanted === 'enabled' }, subject: facts.name })
    // Accounts may refer to each other, so those that are still to come are set when all are there.
    const later = referred(facts, false)
    if (Object.keys(later).length > 0) add('update', { before: {}, after: later, subject: facts.name })
  } else {
    const { naming, other } = differences(facts, seen, left)
    if (naming !== null) add('rename', naming)
    if (other !== null) add('update', { ...other, because: [...facts.because, { because: 'mapping', job: facts.jobId, attributes: Object.keys({ ...other.before, ...other.after }) }] })
    if (facts.wanted === 'enabled' && !seen.enabled && !left.disabled) add('enable')
    if (facts.wanted === 'disabled' && seen.enabled && !left.enabled) add('disable')
  }

  const has = new Set(facts.held.map((h) => h.id))
  const wants = new Set(facts.desired.map((d) => d.id))
  for (const entitlement of facts.desired) {
    if (!has.has(entitlement.id) && !left.lacking(entitlement.id)) add('grant', { entitlementId: entitlement.id, after: { entitlement: entitlement.name }, because: entitlement.because })
  }
  // What a record holds when it is linked becomes a reason of its own, so nothing is taken from it with the same plan.
  if (facts.account !== null) {
    for (const entitlement of facts.held) {
      if (entitlement.ours && !wants.has(entitlement.id) && !left.held(entitlement.id)) add('revoke', revocation(entitlement, [entitlement.ended ?? { because: 'no-reason' }]))
    }
  }
  return changes
}

/** References to accounts that are there already, or to those that are not. */
function referred(facts: AccountFacts, there: boolean): Attributes {
  return Object.fromEntries(Object.entries(facts.references).flatMap(([attribute, reference]) =>
    (reference !== null && reference.there === there ? [[attribute, reference.name]] : [])))
}

function revocation(entitlement: AccountFacts['held'][number], because: Because[]): Partial<DecidedChange> {
  return { entitlementId: entitlement.id, before: { entitlement: entitlement.name }, because }
}

/** Attributes that differ, those of the name apart. A missing value is absent from `before` or `after`. */
function differences(facts: AccountFacts, seen: SeenAccount, left: Left) {
  const naming = new Set(facts.descriptions.filter((d) => d.naming === true).map((d) => d.name))
  const before: Record<'naming' | 'other', Attributes> = { naming: {}, other: {} }
  const after: Record<'naming' | 'other', Attributes> = { naming: {}, other: {} }
  const note = (attribute: string, value: Value | undefined): void => {
    if (left.attribute(attribute)) return
    const group = naming.has(attribute) ? 'naming' : 'other'
    const old = seen.attributes[attribute]
    if (old !== undefined) before[group][attribute] = old
    if (value !== undefined) after[group][attribute] = value
  }
  for (const [attribute, value] of Object.entries(facts.set)) {
    const description = facts.descriptions.find((d) => d.name === attribute)
    if (description?.secret !== true && !sameAttribute(description, seen.attributes[attribute], value)) note(attribute, value)
  }
  for (const [attribute, reference] of Object.entries(facts.references)) {
    const description = facts.descriptions.find((d) => d.name === attribute)
    if (reference !== null && !sameAttribute(description, seen.attributes[attribute], reference.name)) note(attribute, reference.name)
  }
  for (const attribute of facts.clear) if (seen.attributes[attribute] !== undefined && !naming.has(attribute)) note(attribute, undefined)
  const group = (which: 'naming' | 'other') =>
    Object.keys(before[which]).length + Object.keys(after[which]).length === 0 ? null : { before: before[which], after: after[which] }
  return { naming: group('naming'), other: group('other') }
}

/** Whether a system would regard two values of an attribute as the same. */
export function sameAttribute(description: Pick<AttributeDescription, 'compare'> | undefined, a: Value | undefined, b: Value | undefined): boolean {
  if (a === undefined || b === undefined || description?.compare === undefined || description.compare === 'exact') {
    return sameValue(a, b) || (a !== undefined && b !== undefined && !Array.isArray(a) && !Array.isArray(b) && String(a) === String(b))
  }
  const fold = description.compare === 'dn' ? foldDn : (text: string) => text.toLowerCase()
  const folded = (value: Value): string => canonical(Array.isArray(value) ? value.map(fold).toSorted() : fold(String(value)))
  return folded(a) === folded(b)
}

function foldDn(dn: string): string {
  return dn.toLowerCase().replace(/\s*([,=+])\s*/g, '$1')
}

/** What a change's hash covers: what it does to what. Not the account's row, which a create of the same plan may still have to make. */
export function changeText(change: Omit<DecidedChange, 'because' | 'wave' | 'accountId' | 'subject'>): string {
  const { kind, personId, systemId, jobId, objectType, entitlementId, before, after } = change
  // What `canonical` makes of them, put together by hand: millions are hashed, and their names are known.
  return `{"after":${canonical(after)},"before":${canonical(before)},"entitlementId":${canonical(entitlementId)},"jobId":${canonical(jobId)},"kind":${canonical(kind)},`
    + `"objectType":${canonical(objectType)},"personId":${canonical(personId)},"systemId":${canonical(systemId)}}`
}
