/**
 * The inverse of one change that was carried out, from what its account is now: re-enable, restore, give back, take back.
 * Nothing is deleted. What is not any more as the change left it is not touched: somebody else decided since.
 */
import type { AttributeDescription } from './attribute.ts'
import { sameAttribute, waves, type DecidedChange, type SeenAccount } from './decide.ts'
import type { ErrorCode } from './errors.ts'
import type { ChangeKind } from './plan.ts'
import type { Attributes, Value } from './value.ts'

export interface DoneChange {
  id: string
  kind: ChangeKind
  personId: string
  systemId: string
  jobId: string
  objectType: string
  accountId: string | null
  entitlementId: string | null
  subject: string
  before: Attributes | null
  after: Attributes | null
}

/** Whether a change gives somebody access. */
export const givesAccess = ({ kind }: { kind: ChangeKind }): boolean => kind === 'enable' || kind === 'grant'

export interface UndoFacts {
  /** The account that the change was done to, if it is there and still the person's. */
  account: SeenAccount | null
  held: ReadonlySet<string>
  /** The entitlement of the change is still there. */
  entitlementThere: boolean
  descriptions: AttributeDescription[]
  /** The account was made by the plan that is undone: it is disabled, and keeps its values. */
  made: boolean
  /** The plan that is undone. */
  plan: number
}

export interface Undone {
  /** What takes it back; null where it is so already, or cannot be. */
  change: DecidedChange | null
  left: { code: ErrorCode; words: string }[]
}

export function undo(done: DoneChange, facts: UndoFacts): Undone {
  const { account } = facts
  const cannot = (code: ErrorCode, words: string): Undone => ({ change: null, left: [{ code, words }] })
  const already: Undone = { change: null, left: [] }
  if (done.kind === 'delete') return cannot('NOT_UNDOABLE', 'A deleted account cannot be brought back.')
  if (done.kind === 'unlink') return cannot('NOT_UNDOABLE', 'Link it again by hand.')
  if (account === null) return cannot('TARGET_GONE', 'The account is not there any more, or is somebody else\'s.')
  if (account.protected) return cannot('PROTECTED', 'The account is protected and is never touched.')
  const change = (kind: ChangeKind, values: Partial<DecidedChange> = {}): Undone => ({
    left: [],
    change: {
      kind, wave: waves[kind], personId: done.personId, systemId: done.systemId, jobId: done.jobId, objectType: done.objectType, accountId: account.id,
      entitlementId: null, subject: account.name, before: null, after: null, because: [{ because: 'undo', plan: facts.plan }], ...values,
    },
  })
  switch (done.kind) {
    case 'create':
    case 'enable': return account.enabled ? change('disable') : already
    case 'disable': return account.enabled ? already : change('enable')
    case 'link': return change('unlink', { before: { name: account.name } })
    case 'grant': {
      if (!facts.held.has(done.entitlementId!)) return already
      return change('revoke', { entitlementId: done.entitlementId, before: { entitlement: entitlementOf(done) } })
    }
    case 'revoke': {
      if (facts.held.has(done.entitlementId!)) return already
      if (!facts.entitlementThere) return cannot('TARGET_GONE', `${entitlementOf(done)} is not there any more.`)
      return change('grant', { entitlementId: done.entitlementId, after: { entitlement: entitlementOf(done) } })
    }
    default: {
      if (facts.made) return already
      const { before, after, differing } = restored(done, account, facts.descriptions)
      const left: Undone['left'] = differing.length === 0 ? []
        : [{ code: 'CHANGE_DIFFERS', words: `${differing.join(', ')} changed again since, and ${differing.length === 1 ? 'stays' : 'stay'} as it is now.` }]
      return Object.keys({ ...before, ...after }).length === 0 ? { change: null, left } : { change: change(done.kind, { before, after }).change, left }
    }
  }
}

/** Values that are still as the change left them go back to what they were before. */
function restored(done: DoneChange, account: SeenAccount, descriptions: AttributeDescription[]) {
  const before: Attributes = {}
  const after: Attributes = {}
  const differing: string[] = []
  for (const name of new Set([...Object.keys(done.before ?? {}), ...Object.keys(done.after ?? {})])) {
    const same = (value: Value | undefined): boolean => sameAttribute(descriptions.find((d) => d.name === name), account.attributes[name], value)
    const [was, now] = [done.before?.[name], account.attributes[name]]
    if (same(was)) continue
    if (!same(done.after?.[name])) {
      differing.push(name)
      continue
    }
    if (now !== undefined) before[name] = now
    if (was !== undefined) after[name] = was
  }
  return { before, after, differing }
}

function entitlementOf(done: DoneChange): string {
  return String(done.before?.['entitlement'] ?? done.after?.['entitlement'] ?? '')
}

/** Whether a planned undoing can be carried out as it was planned: the thing is still as it was then, or it is undone already. */
export function stillToUndo(
  change: Pick<DecidedChange, 'kind' | 'entitlementId' | 'before' | 'after'>, account: SeenAccount, held: ReadonlySet<string>, descriptions: AttributeDescription[],
): 'yes' | 'done' | 'differs' {
  switch (change.kind) {
    case 'enable': return account.enabled ? 'done' : 'yes'
    case 'disable': return account.enabled ? 'yes' : 'done'
    case 'grant': return held.has(change.entitlementId!) ? 'done' : 'yes'
    case 'revoke': return held.has(change.entitlementId!) ? 'yes' : 'done'
    case 'update':
    case 'rename': {
      const is = (values: Attributes | null): boolean => [...new Set([...Object.keys(change.before ?? {}), ...Object.keys(change.after ?? {})])].every((name) =>
        sameAttribute(descriptions.find((d) => d.name === name), account.attributes[name], values?.[name]))
      return is(change.after) ? 'done' : is(change.before) ? 'yes' : 'differs'
    }
    default: return 'differs'
  }
}
