/**
 * Sentences about changes and their reasons: the same words in the UI, the CLI, exports and history.
 * Reasons are clauses that follow "because"; a sentence begins with a capital and ends with a full stop.
 */
import type { Because, ChangeKind, ChangeState } from './plan.ts'
import type { Value } from './value.ts'

/** Id → name to show; an id that is not known any more shows itself. */
export interface Names {
  system(id: string): string
  job(id: string): string
  role(id: string): string
  rule(id: string): string
  user(id: string): string
}

/** Whom a change is about, and when they came and go, as far as known. */
export interface Subject {
  name: string
  start?: string
  end?: string
  /** Where the source says so: `company.xlsx, Staff!A17`. */
  origin?: string
}

export interface ChangeWords {
  kind: ChangeKind
  stage: number
  systemId: string
  subject: string
  before: Record<string, unknown> | null
  after: Record<string, unknown> | null
  entitlement?: string
  reasons: Because[]
}

/** "Disable account anna.nowak in Active Directory, because Anna Nowak left on 2026-11-20 (company.xlsx, Staff!N17)." */
export function changeSentence(change: ChangeWords, person: Subject | null, names: Names): string {
  const clauses = [...new Set(change.reasons.map((r) => becauseClause(r, person, names)))]
  const why = clauses.length === 0 ? '' : `, because ${list(clauses)}`
  return `${change.stage === 1 ? personDeed(change, person) : accountDeed(change, person, names)}${why}.`
}

/** One reason as a clause: "Anna Nowak left on 2026-11-20". */
export function becauseClause(reason: Because, person: Subject | null, names: Names): string {
  const who = person?.name ?? 'the person'
  switch (reason.because) {
    case 'new-row': return `there is a new row for ${who}${place(reason)}`
    case 'row-changed': return `the row of ${who} changed${place(reason)}`
    case 'row-vanished': return `the row of ${who} is no longer there${place(reason)}`
    case 'in-scope': return `"${names.job(reason.job)}" is for ${who}`
    case 'out-of-scope': return `"${names.job(reason.job)}" is not for ${who} any more`
    case 'state': return `${stateClause(reason, person, who)}`
    case 'rule': return `rule "${names.rule(reason.rule)}" gives the role "${names.role(reason.role)}"`
    case 'role': return `the role "${names.role(reason.role)}" gives it (by ${names.user(reason.by)})`
    case 'manual': return `${names.user(reason.by)} gave it by hand${reason.until === undefined ? '' : ` until ${day(reason.until)}`}`
    case 'found': return `it was there when Usher linked the account${reason.at === '' ? '' : ` on ${day(reason.at)}`}`
    case 'grace': return `the role "${names.role(reason.role)}" is kept until ${day(reason.until)} after a move`
    case 'expired': return expiredClause(reason, names)
    case 'rule-over': return `rule "${names.rule(reason.rule)}" no longer gives the role "${names.role(reason.role)}"`
    case 'no-reason': return `no reason for it is left`
    case 'mapping': return `"${names.job(reason.job)}" maps ${list(reason.attributes)}`
    case 'matched': return `its ${reason.attribute} is that of ${who}`
    case 'drifted': return `${list(reason.things)} ${reason.things.length === 1 ? 'was' : 'were'} changed in the system by somebody other than Usher${drifted(reason)}`
    case 'undo': return `plan ${reason.plan} is taken back`
    case 'put-back': return `${names.user(reason.by)} puts back what was changed in the system`
    case 'by-hand': return `${names.user(reason.by)} says so`
    case 'grace-over': return `it has been disabled for ${reason.days} ${reason.days === 1 ? 'day' : 'days'}`
  }
}

function expiredClause(reason: Extract<Because, { because: 'expired' }>, names: Names): string {
  if (reason.rule !== undefined) return `it was kept until ${day(reason.at)} after a move`
  return reason.agreed < reason.at ? `${names.user(reason.by)} gave it until ${day(reason.at)}` : `what ${names.user(reason.by)} gave was ended on ${day(reason.at)}`
}

function drifted(reason: Extract<Because, { because: 'drifted' }>): string {
  return reason.since === undefined ? `, seen ${minute(reason.found)}` : ` between ${minute(reason.since)} and ${minute(reason.found)}`
}

function stateClause(reason: Extract<Because, { because: 'state' }>, person: Subject | null, who: string): string {
  const origin = person?.origin === undefined ? '' : ` (${person.origin})`
  const end = person?.end ?? (reason.since === undefined ? undefined : day(reason.since))
  switch (reason.state) {
    case 'ended': return end === undefined ? `${who} has left${origin}` : `${who} left on ${end}${origin}`
    case 'before-start': return person?.start === undefined ? `${who} is yet to start${origin}` : `${who} starts on ${person.start}${origin}`
    case 'on-leave': return `${who} is on leave${origin}`
    case 'active': return `${who} is at work${origin}`
    default: return `${who} is ${reason.state}${origin}`
  }
}

function place(reason: { source: string; row: number; cells: string[] }): string {
  const where = reason.cells.length === 0 ? `row ${reason.row}` : shortened(reason.cells, 4).join(', ')
  // A cell of a file without sheets is named by the file already.
  return ` (${reason.source === '' || where.startsWith(`${reason.source}!`) ? where : `${reason.source}, ${where}`})`
}

function personDeed(change: ChangeWords, person: Subject | null): string {
  const who = person?.name ?? change.subject
  switch (change.kind) {
    case 'create': return `Add ${who}`
    case 'disable': return `End ${who}`
    case 'enable': return `Bring ${who} back`
    case 'delete': return `Remove ${who}`
    default: {
      const fields = changedFields(change).map((f) => f.attribute)
      return fields.length === 0 ? `Change ${who}` : `Change ${who}: ${list(shortened(fields, 6))}`
    }
  }
}

function accountDeed(change: ChangeWords, person: Subject | null, names: Names): string {
  const account = `account ${shortName(change.subject)}`
  const where = `in ${names.system(change.systemId)}`
  const entitlement = shortName(change.entitlement ?? text(change.after?.['entitlement'] ?? change.before?.['entitlement']))
  switch (change.kind) {
    case 'create': return `Create ${account} ${where}${change.after?.['enabled'] === false ? ', disabled' : ''}`
    case 'update': return `Update ${account} ${where}: ${list(shortened(changedFields(change).map((f) => f.attribute), 6))}`
    case 'rename': return `Rename ${account} ${where}: ${list(changedFields(change).map((f) => `${f.attribute} becomes ${text(f.after)}`))}`
    case 'enable': return `Enable ${account} ${where}`
    case 'disable': return `Disable ${account} ${where}`
    case 'delete': return `Delete ${account} ${where}`
    case 'grant': return `Give ${entitlement} to ${account} ${where}`
    case 'revoke': return `Take ${entitlement} from ${account} ${where}`
    case 'link': return `Link ${account} ${where} to ${person?.name ?? 'the person'}`
    case 'unlink': return `Unlink ${account} ${where} from ${person?.name ?? 'the person'}`
  }
}

export interface FieldChange {
  attribute: string
  before: unknown
  after: unknown
}

/**
 * What differs, attribute by attribute; null: no value. A change of a person nests its attributes and positions:
 * they are shown as `department`, and with several positions as `department (1002)`.
 */
export function changedFields(change: Pick<ChangeWords, 'stage' | 'before' | 'after'>): FieldChange[] {
  const several = new Set([...positionsOf(change.before), ...positionsOf(change.after)].map((p) => text(p['key']))).size > 1
  const flat = (side: Record<string, unknown> | null) => (change.stage === 1 ? flatPerson(side, several) : side ?? {})
  const before = flat(change.before)
  const after = flat(change.after)
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted()
    .map((attribute) => ({ attribute, before: before[attribute] ?? null, after: after[attribute] ?? null }))
    .filter((f) => JSON.stringify(f.before) !== JSON.stringify(f.after))
}

function flatPerson(side: Record<string, unknown> | null, several: boolean): Record<string, unknown> {
  if (side === null) return {}
  const flat: Record<string, unknown> = { ...record(side['attributes']) }
  for (const { key, job: _, attributes, missingSince, ...dates } of positionsOf(side)) {
    const suffix = several ? ` (${text(key).split('/').slice(1).filter((part) => part !== '').at(-1) ?? ''})` : ''
    const missing = missingSince === undefined ? {} : { 'missing since': missingSince }
    for (const [name, found] of Object.entries({ ...record(attributes), ...dates, ...missing })) flat[`${name}${suffix}`] = found
  }
  if (side['state'] !== undefined) flat['state'] = side['state']
  return flat
}

function positionsOf(side: Record<string, unknown> | null): Record<string, unknown>[] {
  const positions = side?.['positions']
  return Array.isArray(positions) ? positions.map(record) : []
}

const nouns: Record<ChangeKind, { system: [string, string]; people: [string, string]; deed: string; did: string }> = {
  create: { system: ['account', 'accounts'], people: ['person', 'people'], deed: 'to create', did: 'created' },
  update: { system: ['account', 'accounts'], people: ['person', 'people'], deed: 'to update', did: 'updated' },
  rename: { system: ['account', 'accounts'], people: ['person', 'people'], deed: 'to rename', did: 'renamed' },
  enable: { system: ['account', 'accounts'], people: ['person', 'people'], deed: 'to enable', did: 'enabled' },
  disable: { system: ['account', 'accounts'], people: ['person', 'people'], deed: 'to disable', did: 'disabled' },
  delete: { system: ['account', 'accounts'], people: ['person', 'people'], deed: 'to delete', did: 'deleted' },
  grant: { system: ['grant', 'grants'], people: ['grant', 'grants'], deed: 'to make', did: 'made' },
  revoke: { system: ['grant', 'grants'], people: ['grant', 'grants'], deed: 'to take back', did: 'taken back' },
  link: { system: ['account', 'accounts'], people: ['account', 'accounts'], deed: 'to link', did: 'linked' },
  unlink: { system: ['account', 'accounts'], people: ['account', 'accounts'], deed: 'to unlink', did: 'unlinked' },
}
const ofPeople: Partial<Record<ChangeKind, { deed: string; did: string }>> = {
  create: { deed: 'to add', did: 'added' }, update: { deed: 'to change', did: 'changed' },
  disable: { deed: 'to end', did: 'ended' }, enable: { deed: 'to bring back', did: 'brought back' },
}

export interface ChangeCount {
  stage: number
  systemId: string
  kind: ChangeKind
  state: ChangeState
  n: number
}

/** What a plan would do, or did: "3 people to add; 12 accounts to create, 61 grants to make in Active Directory; 4 are held." */
export function planSentence(counts: ChangeCount[], names: Names, over: boolean): string {
  const parts: string[] = []
  const shown = counts.filter((c) => c.state !== 'observed')
  const people = shown.filter((c) => c.stage === 1)
  if (people.length > 0) parts.push(deeds(people, 'people', over))
  for (const [systemId, own] of Map.groupBy(shown.filter((c) => c.stage === 2), (c) => c.systemId)) {
    parts.push(`${deeds(own, 'system', over)} in ${names.system(systemId)}`)
  }
  const sum = (...states: ChangeState[]) => counts.filter((c) => states.includes(c.state)).reduce((n, c) => n + c.n, 0)
  const held = sum('held')
  if (held > 0) parts.push(`${held} ${held === 1 ? 'is' : 'are'} held`)
  const failed = sum('stuck', 'refused')
  if (failed > 0) parts.push(`${failed} failed`)
  const observed = sum('observed')
  if (observed > 0) parts.push(`${observed} only observed`)
  return parts.length === 0 ? 'Nothing to change.' : `${parts.join('; ')}.`
}

function deeds(counts: ChangeCount[], what: 'people' | 'system', over: boolean): string {
  const order = Object.keys(nouns) as ChangeKind[]
  const wanted = order.map((kind) => ({ kind, n: counts.filter((c) => c.kind === kind && (!over || c.state === 'done')).reduce((n, c) => n + c.n, 0) }))
    .filter(({ n }) => n > 0)
  if (wanted.length === 0) return over ? 'nothing done' : 'nothing to do'
  return wanted.map(({ kind, n }) => {
    const words = { ...nouns[kind], ...(what === 'people' ? ofPeople[kind] : {}) }
    const noun = words[what][n === 1 ? 0 : 1]
    return `${n} ${noun} ${over ? words.did : words.deed}`
  }).join(', ')
}

/** The part of a name that people know: of a distinguished name the value of its first part. */
export function shortName(name: string): string {
  const first = /^[A-Za-z][\w-]*=((?:\\.|[^,\\])+),/.exec(name)?.[1]
  return first === undefined ? name : first.replace(/\\(.)/g, '$1')
}

/** A value as people read it. */
export function text(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (Array.isArray(value)) return value.map(text).join(', ')
  if (typeof value === 'object') return JSON.stringify(value)
  return String(value as Exclude<Value, string[]>)
}

function list(items: string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`
}

function shortened(items: string[], most: number): string[] {
  return items.length <= most ? items : [...items.slice(0, most - 1), `${items.length - most + 1} more`]
}

function minute(instant: string): string {
  return instant.slice(0, 16).replace('T', ' ')
}

function day(instant: string): string {
  return instant.slice(0, 10)
}

function record(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? value as Record<string, unknown> : {}
}
