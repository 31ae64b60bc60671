/** What differs between two policies, object by object and field by field. */
import type { Policy } from './policy.ts'
import { isRecord, listKinds, type PolicyKind } from './policy-parse.ts'
import { canonical } from './value.ts'

export interface PolicyDifference {
  kind: PolicyKind
  id: string
  change: 'added' | 'changed' | 'removed'
  /** Of changed objects. `mapping.email` for an entry of a mapping; null where there is nothing. */
  fields: { field: string; before: unknown; after: unknown }[]
}

export function diffPolicy(before: Policy, after: Policy): PolicyDifference[] {
  const differences: PolicyDifference[] = []
  const fields = changedFields(before.settings, after.settings)
  if (fields.length > 0) differences.push({ kind: 'settings', id: 'settings', change: 'changed', fields })
  for (const kind of listKinds) {
    const [old, now] = [objectsById(before, kind), objectsById(after, kind)]
    for (const id of [...new Set([...old.keys(), ...now.keys()])].sort()) {
      const [a, b] = [old.get(id), now.get(id)]
      if (a === undefined) differences.push({ kind, id, change: 'added', fields: [] })
      else if (b === undefined) differences.push({ kind, id, change: 'removed', fields: [] })
      else {
        const changed = changedFields(a, b)
        if (changed.length > 0) differences.push({ kind, id, change: 'changed', fields: changed })
      }
    }
  }
  return differences
}

export function objectsById(policy: Policy, kind: PolicyKind): Map<string, Record<string, unknown>> {
  if (kind === 'settings') return new Map([['settings', policy.settings]])
  return new Map(policy[kind].map((object) => [object.id, object]))
}

export function changedFields(before: Record<string, unknown>, after: Record<string, unknown>, prefix = ''): { field: string; before: unknown; after: unknown }[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) => {
    const [a, b] = [before[name], after[name]]
    if (canonical(a) === canonical(b)) return []
    if (isRecord(a) && isRecord(b)) return changedFields(a, b, `${prefix}${name}.`)
    return [{ field: prefix + name, before: a ?? null, after: b ?? null }]
  })
}
