/**
 * Policy files: read, checked, and brought onto the policy in force. What the files changed since the revision they
 * started from is carried over; what somebody else changed meanwhile stays; where both changed one thing, it is a conflict.
 */
import type { Policy } from './policy.ts'
import { checkPolicy, type Describe, type PolicyProblem } from './policy-check.ts'
import { changedFields, diffPolicy, objectsById, type PolicyDifference } from './policy-diff.ts'
import { byId, type Files } from './policy-export.ts'
import { isRecord, listKinds, parseObject, parsePolicy, problem, type ListKind, type PolicyKind } from './policy-parse.ts'
import { placeOf, placeOfKey, readYaml, type YamlFile } from './policy-place.ts'
import { canonical } from './value.ts'

export { exportPolicy, policySchemas, type Files } from './policy-export.ts'
export { diffPolicy, type PolicyDifference } from './policy-diff.ts'

export interface PolicyConflict {
  kind: PolicyKind
  id: string
  message: string
}

export interface FilesPlan {
  /** The policy that applying would make; null where something in the files cannot be read, or conflicts. */
  policy: Policy | null
  problems: PolicyProblem[]
  /** Between the policy in force and that. */
  differences: PolicyDifference[]
  conflicts: PolicyConflict[]
}

export interface FilesInput {
  files: Files
  /** The revision that the files started from. */
  base: Policy
  /** The policy in force. */
  current: Policy
  /** A missing file removes its object. */
  prune: boolean
  describe?: Describe
}

type Objects = Record<PolicyKind, Map<string, Record<string, unknown>>>

/** What is wrong with the files, seen together with what they leave out of the policy in force. */
export function checkFiles(files: Files, current: Policy, describe?: Describe): PolicyProblem[] {
  return planFiles({ files, base: current, current, prune: false, ...(describe === undefined ? {} : { describe }) }).problems
}

export function planFiles({ files, base, current, prune, describe }: FilesInput): FilesPlan {
  const { objects, problems, parsed } = parseFiles(files)
  if (problems.length > 0) return { policy: null, problems, differences: [], conflicts: [] }
  const { document, conflicts } = mergeObjects(base, objects, current, prune)
  if (conflicts.length > 0) return { policy: null, problems: [], differences: [], conflicts }
  const { policy, problems: broken } = parsePolicy(document)
  if (policy === null) return { policy, problems: broken, differences: [], conflicts }
  const found = checkPolicy(policy, describe).map((one) => placed(one, parsed, policy))
  return { policy, problems: found, differences: diffPolicy(current, policy), conflicts }
}

/** The policy that files alone make; what is not there is empty or default. */
export function policyFromFiles(files: Files): { policy: Policy | null; problems: PolicyProblem[] } {
  const { objects, problems } = parseFiles(files)
  if (problems.length > 0) return { policy: null, problems }
  return parsePolicy(documentOf(objects))
}

function parseFiles(files: Files): { objects: Objects; problems: PolicyProblem[]; parsed: Map<string, YamlFile> } {
  const objects: Objects = { settings: new Map(), systems: new Map(), jobs: new Map(), roles: new Map(), rules: new Map() }
  const problems: PolicyProblem[] = []
  const parsed = new Map<string, YamlFile>()
  for (const [path, text] of Object.entries(files).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const place = fileName(path)
    if (place === null) {
      problems.push({ ...problem([], 'This is no policy file: they are settings.yaml and systems/, jobs/, roles/, rules/<id>.yaml.'), file: path, line: 1, column: 1 })
      continue
    }
    const yaml = readYaml(text)
    const { object, problems: found } = readFile(yaml, place)
    problems.push(...found.map((one) => ({ ...one, file: path })))
    if (object === null) continue
    if (objects[place.kind].has(place.id)) problems.push({ ...problem([], `There is another file for "${place.id}".`), file: path, line: 1, column: 1 })
    objects[place.kind].set(place.id, object)
    parsed.set(`${place.kind}/${place.id}`, Object.assign(yaml, { path }))
  }
  return { objects, problems, parsed }
}

function fileName(path: string): { kind: PolicyKind; id: string } | null {
  if (/^(\.\/)?settings\.ya?ml$/.test(path)) return { kind: 'settings', id: 'settings' }
  const found = /^(?:\.\/)?(systems|jobs|roles|rules)\/([^/]+)\.ya?ml$/.exec(path)
  return found && { kind: found[1] as ListKind, id: found[2]! }
}

function readFile(yaml: YamlFile, { kind, id }: { kind: PolicyKind; id: string }): { object: Record<string, unknown> | null; problems: PolicyProblem[] } {
  const wrong = [...yaml.document.errors]
  if (wrong.length > 0) {
    return { object: null, problems: wrong.map((error) => {
      const { line, col } = yaml.lines.linePos(error.pos[0])
      return { ...problem([], `${error.message.replace(/\.$/, '')}.`), line, column: col }
    }) }
  }
  let written: unknown
  try {
    written = yaml.document.toJS({ maxAliasCount: 100 }) ?? {}
  } catch {
    return { object: null, problems: [{ ...problem([], 'This refers to itself too often.'), line: 1, column: 1 }] }
  }
  if (!isRecord(written)) return { object: null, problems: [{ ...problem([], 'A file holds fields, such as "name: …".'), line: 1, column: 1 }] }
  const named = kind === 'settings' ? written : { id, ...written }
  const { object, problems } = parseObject(kind, named)
  if (kind !== 'settings' && named['id'] !== id) {
    problems.push(problem(['id'], `The file is called "${id}", its id says "${String(named['id'])}".`))
  }
  const found = problems.map((one) => ({ ...one, ...(one.message.endsWith('is not known here.') ? placeOfKey(yaml, one.path) : placeOf(yaml, one.path)) }))
  return { object: found.length === 0 ? object as Record<string, unknown> : null, problems: found }
}

/** Adds file, line and column to a problem of an object that came from a file. */
function placed(found: PolicyProblem, parsed: Map<string, YamlFile>, policy: Policy): PolicyProblem {
  const [kind, index, ...rest] = found.path
  const inSettings = kind === 'settings'
  const id = inSettings ? 'settings' : policy[kind as ListKind]?.[Number(index)]?.id
  const yaml = parsed.get(`${String(kind)}/${id}`) as (YamlFile & { path: string }) | undefined
  if (yaml === undefined) return found
  return { ...found, file: yaml.path, ...placeOf(yaml, inSettings ? found.path.slice(1) : rest, found.within) }
}

/** Three-way: what the files changed since the base, onto the current policy. */
function mergeObjects(base: Policy, objects: Objects, current: Policy, prune: boolean): { document: unknown; conflicts: PolicyConflict[] } {
  const merged: Objects = { settings: new Map(), systems: new Map(), jobs: new Map(), roles: new Map(), rules: new Map() }
  const conflicts: PolicyConflict[] = []
  for (const kind of ['settings', ...listKinds] as const) {
    const [before, now, files] = [objectsById(base, kind), objectsById(current, kind), objects[kind]]
    for (const id of new Set([...now.keys(), ...files.keys()])) {
      const outcome = mergeObject({ before: before.get(id), now: now.get(id), file: files.get(id), removes: prune && kind !== 'settings' })
      if ('conflict' in outcome) conflicts.push({ kind, id, message: outcome.conflict })
      else if (outcome.object !== undefined) merged[kind].set(id, outcome.object)
    }
  }
  return { document: documentOf(merged), conflicts }
}

type Fields = Record<string, unknown>
type Outcome = { object: Fields | undefined } | { conflict: string }

function mergeObject({ before, now, file, removes }: { before?: Fields; now?: Fields; file?: Fields; removes: boolean }): Outcome {
  if (file === undefined) {
    if (!removes || before === undefined || now === undefined) return { object: now }
    return same(before, now) ? { object: undefined } : { conflict: 'Its file is gone, but it was changed meanwhile.' }
  }
  if (before !== undefined && same(before, file)) return { object: now }
  if (now === undefined) return before === undefined ? { object: file } : { conflict: 'The file changes it, but it was removed meanwhile.' }
  if (same(now, file) || (before !== undefined && same(before, now))) return { object: file }
  if (before === undefined) return { conflict: 'The file adds it, and somebody else added another one meanwhile.' }
  return mergeFields(before, now, file)
}

/** Both changed the object: fine as long as they changed different fields. */
function mergeFields(before: Fields, now: Fields, file: Fields): Outcome {
  const theirs = changedFields(before, now).map((change) => change.field)
  const ours = changedFields(before, file)
  const both = ours.filter(({ field, after }) => theirs.some((other) => overlaps(field, other)) && canonical(at(now, field) ?? null) !== canonical(after))
  if (both.length > 0) return { conflict: `Also changed meanwhile: ${both.map(({ field }) => field).join(', ')}.` }
  const object = structuredClone(now)
  for (const { field } of ours) put(object, field, at(file, field))
  return { object }
}

const overlaps = (a: string, b: string): boolean => a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`)
const same = (a: Fields, b: Fields): boolean => canonical(a) === canonical(b)

/** Names of attributes may hold dots (`config.tls.ca`), so the longest key that fits is followed. */
function at(object: unknown, field: string): unknown {
  if (!isRecord(object)) return undefined
  if (field in object) return object[field]
  const key = Object.keys(object).find((name) => field.startsWith(`${name}.`))
  return key === undefined ? undefined : at(object[key], field.slice(key.length + 1))
}

function put(object: Fields, field: string, value: unknown): void {
  const key = field in object ? undefined : Object.keys(object).find((name) => field.startsWith(`${name}.`) && isRecord(object[name]))
  if (key !== undefined) put(object[key] as Fields, field.slice(key.length + 1), value)
  else if (value === undefined) delete object[field]
  else object[field] = value
}

function documentOf(objects: Objects): unknown {
  const list = (kind: ListKind) => ([...objects[kind].values()] as { id: string }[]).toSorted(byId)
  return {
    settings: objects.settings.get('settings') ?? {},
    systems: list('systems'), jobs: list('jobs'), roles: list('roles'), rules: list('rules'),
  }
}
