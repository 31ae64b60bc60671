/** What becomes of one person in stage 1 of a plan: pure, from what was loaded of them. */
import { hash } from 'node:crypto'
import type { SourceShape } from '../connectors/connector.ts'
import { composePerson, positionKeyOf } from '../domain/compose-person.ts'
import { lifeWithin, standing, type Cuts, type PersonState, type Position } from '../domain/person.ts'
import type { Because, ChangeKind } from '../domain/plan.ts'
import { stricter, type Method } from '../domain/policy.ts'
import { canonical, type Attributes } from '../domain/value.ts'
import type { LoadedPerson, OverlayPerson, PeopleChange } from '../store/people-plan.ts'
import { placeOf } from './place.ts'

/**
 * What a vanished row of a job does.
 * nothing  The read proves no absence.
 * held     The person ends when an operator says so.
 * missing  Held, too, and the position is marked as missing.
 * ends     The position ends: the source proves its completeness, or an operator released the set.
 */
export type Absence = 'nothing' | 'held' | 'missing' | 'ends'

export interface JobView {
  id: string
  method: Method
  absence: Absence
  /** The code of the finding that holds the vanished ones, or held them until they were released. */
  heldCode: string | null
  shape: SourceShape | null
  source: string
  /** Attribute → columns, as the job maps them. */
  columnsOf: Map<string, string[]>
}

export interface PeopleView {
  asOf: string
  timeZone: string
  /** Ids of the policy's jobs to people, in order. */
  order: string[]
  jobs: Map<string, JobView>
}

interface Standing {
  attributes: Attributes
  positions: Position[]
  state: PersonState
  nextChangeAt: string | null
}

export interface PersonPlan {
  changes: PeopleChange[]
  overlay: OverlayPerson | null
  /** The job that holds the person's end. */
  heldBy: string | null
}

export function planPerson(person: LoadedPerson, view: PeopleView): PersonPlan {
  const { known } = person
  if (known === null && person.rows.length === 0) return { changes: [], overlay: null, heldBy: null }
  const composed = composePerson(known, person.rows, view.order)
  const before: Standing | null = known === null ? null : { attributes: known.attributes, positions: known.positions, state: known.state, nextChangeAt: known.nextChangeAt }
  const cuts = known?.cuts ?? []
  const after = stand(composed.attributes, withAbsences(composed.positions, person, view, false), view, cuts)
  const changes: PeopleChange[] = []
  const timeCame = known !== null && known.nextChangeAt !== null && known.nextChangeAt <= view.asOf
  const differs = before === null || timeCame || !same(before, after) || canonical(known?.contributions ?? null) !== canonical(composed.contributions)
  if (differs) {
    const released = person.vanished.map((v) => view.jobs.get(v.job)).find((job) => job?.absence === 'ends')?.heldCode ?? null
    changes.push({ ...change(person, before, after, view, 0, reasonsOf(person, before, after, view)), code: released })
  }

  const ended = stand(composed.attributes, withAbsences(composed.positions, person, view, true), view, cuts)
  const heldJob = person.vanished.map((v) => view.jobs.get(v.job)).find((job) => job?.absence === 'held' || job?.absence === 'missing')
  const holds = heldJob !== undefined && !same(after, ended)
  if (holds) {
    const reasons = person.vanished.filter((v) => v.job === heldJob.id).map((v) => vanishedReason(heldJob, v.row))
    changes.push({ ...change(person, after, ended, view, 1, reasons), jobId: heldJob.id, state: heldJob.method === 'observe' ? 'observed' : 'held', code: heldJob.heldCode })
  }
  const overlay = !differs ? null
    : { personId: person.id, ...composed, positions: after.positions, state: after.state, nextChangeAt: after.nextChangeAt }
  return { changes, overlay, heldBy: holds ? heldJob.id : null }
}

/** What the time or a human makes of a person, without a row of a source: where they stand, and the change that says so. */
export function planTurn(
  person: { id: string; attributes: Attributes; positions: Position[]; contributions: unknown; state: PersonState; nextChangeAt: string | null; cuts: Cuts; jobId: string | null },
  view: Pick<PeopleView, 'asOf' | 'timeZone'>,
): { state: PersonState; endedAt: string | null; change: { change: PeopleChange; overlay: OverlayPerson } | null } {
  const { attributes, positions, state, nextChangeAt } = person
  const before: Standing = { attributes, positions, state, nextChangeAt }
  const after = stand(attributes, positions, view, person.cuts)
  const { endedAt } = standing(positions, view.asOf, view.timeZone, person.cuts)
  if (before.state === after.state) return { state: after.state, endedAt: endedAt ?? null, change: null }
  const kind = kindOf(before, after)
  const diff = difference(before, after)
  return {
    state: after.state, endedAt: endedAt ?? null,
    change: {
      change: {
        personId: person.id, kind, wave: 0, jobId: person.jobId ?? '', subject: String(attributes['displayName'] ?? attributes['employeeId'] ?? ''), ...diff,
        reasons: [{ because: 'state', state: after.state, ...(endedAt === undefined ? {} : { since: endedAt }) }],
        hash: hash('sha256', canonical([kind, person.id, diff.before, diff.after])), state: 'planned', code: null,
      },
      overlay: {
        personId: person.id, attributes, positions, contributions: person.contributions, state: after.state, nextChangeAt: after.nextChangeAt,
      },
    },
  }
}

function stand(attributes: Attributes, positions: Position[], view: Pick<PeopleView, 'asOf' | 'timeZone'>, cuts: Cuts): Standing {
  const { state, nextChangeAt } = standing(positions, view.asOf, view.timeZone, cuts)
  return { attributes, positions, state, nextChangeAt: nextChangeAt === undefined ? null : new Date(nextChangeAt).toISOString() }
}

function same(a: Standing, b: Standing): boolean {
  return a.state === b.state && canonical(a.attributes) === canonical(b.attributes) && canonical(a.positions) === canonical(b.positions)
}

/** Positions with what their vanished rows do to them; `released`: as if the operator had let the held ones go. */
function withAbsences(positions: Position[], person: LoadedPerson, view: PeopleView, released: boolean): Position[] {
  if (person.vanished.length === 0) return positions
  const vanished = new Map(person.vanished.map((v) => [positionKeyOf(v), v]))
  return positions.map((position) => {
    const row = vanished.get(position.key)
    const absence = row === undefined ? 'nothing' : view.jobs.get(row.job)?.absence ?? 'nothing'
    if (row === undefined || absence === 'nothing' || isOver(position, view, person.known?.cuts ?? [])) return position
    const marked = { ...position, missingSince: position.missingSince ?? row.missingSince ?? view.asOf }
    if (absence === 'ends' || released) return { ...marked, end: dayBefore(view.asOf, zoneOf(position, view)) }
    return absence === 'missing' ? marked : position
  })
}

/** By its dates, or because somebody ended the person by hand: then there is nothing left for an absence to end, and nothing to release. */
function isOver(position: Position, view: PeopleView, cuts: Cuts): boolean {
  const { until } = lifeWithin(position, view.timeZone, cuts)
  return until !== undefined && Date.parse(until) <= Date.parse(view.asOf)
}

function zoneOf(position: Position, view: PeopleView): string {
  const own = position.attributes['timeZone']
  return typeof own === 'string' && own !== '' ? own : view.timeZone
}

function dayBefore(instant: string, zone: string): string {
  return Temporal.Instant.from(instant).toZonedDateTimeISO(zone).toPlainDate().subtract({ days: 1 }).toString()
}

function kindOf(before: Standing | null, after: Standing): ChangeKind {
  if (before === null) return 'create'
  if (before.state !== 'ended' && after.state === 'ended') return 'disable'
  return before.state === 'ended' && after.state !== 'ended' ? 'enable' : 'update'
}

function change(person: LoadedPerson, before: Standing | null, after: Standing, view: PeopleView, wave: number, reasons: Because[]): PeopleChange {
  const jobs = [...person.rows.filter((r) => r.kind !== 'same'), ...person.vanished].map((r) => r.job)
  // By the calendar alone nobody's row says anything new: it is nobody's job, and waits for nobody's approval.
  const byCalendar = jobs.length === 0
  const jobId = view.order.find((id) => jobs.includes(id)) ?? null
  const method = (byCalendar ? person.known?.jobs ?? [] : jobs).map((id) => view.jobs.get(id)?.method ?? 'automatic').reduce((a, b) => stricter(a, b), 'automatic' as Method)
  const diff = difference(before, after)
  const kind = kindOf(before, after)
  const name = after.attributes['displayName'] ?? after.attributes['employeeId'] ?? person.rows[0]?.key ?? ''
  return {
    personId: person.id, kind, wave, jobId, subject: String(name), ...diff, reasons,
    hash: hash('sha256', canonical([kind, before === null ? null : person.id, diff.before, diff.after])),
    state: method === 'observe' ? 'observed' : 'planned', code: null,
  }
}

/** Only what differs; a name that is on one side alone was or will be without a value. */
function difference(before: Standing | null, after: Standing): { before: object | null; after: object } {
  if (before === null) return { before: null, after }
  const names = [...new Set([...Object.keys(before.attributes), ...Object.keys(after.attributes)])]
    .filter((name) => canonical(before.attributes[name]) !== canonical(after.attributes[name]))
  const part = (all: Attributes): Attributes => Object.fromEntries(names.filter((n) => all[n] !== undefined).map((n) => [n, all[n]!]))
  const positions = canonical(before.positions) !== canonical(after.positions)
  const side = (s: Standing): object => ({
    ...(names.length === 0 ? {} : { attributes: part(s.attributes) }),
    ...(positions ? { positions: s.positions } : {}),
    ...(before.state === after.state ? {} : { state: s.state }),
    ...(before.nextChangeAt === after.nextChangeAt ? {} : { nextChangeAt: s.nextChangeAt }),
  })
  return { before: side(before), after: side(after) }
}

function reasonsOf(person: LoadedPerson, before: Standing | null, after: Standing, view: PeopleView): Because[] {
  const reasons: Because[] = []
  for (const row of person.rows) {
    const job = view.jobs.get(row.job)
    if (row.kind === 'same' || job === undefined) continue
    const address = (letter: string): string => `${placeOf(job.shape)}!${letter}${row.row}`
    const cells = row.kind === 'changed' ? changedColumns(row, job, before, after).map(address) : []
    reasons.push({ because: row.kind === 'new' ? 'new-row' : 'row-changed', source: job.source, row: row.row, cells: cells.length === 0 ? [address('A')] : cells })
  }
  for (const gone of person.vanished) {
    const job = view.jobs.get(gone.job)
    if (job !== undefined && (job.absence === 'missing' || job.absence === 'ends')) reasons.push(vanishedReason(job, gone.row))
  }
  if (reasons.length === 0) reasons.push({ because: 'state', state: after.state, ...(before?.nextChangeAt ? { since: before.nextChangeAt } : {}) })
  return reasons
}

const vanishedReason = (job: JobView, row: number): Because => ({ because: 'row-vanished', source: job.source, row, cells: [`${placeOf(job.shape)}!A${row}`] })

/** Letters of the columns that a changed row differs in; of those behind the values that differ, where only the mapping changed. */
function changedColumns(row: LoadedPerson['rows'][number], job: JobView, before: Standing | null, after: Standing): string[] {
  const columns = new Set(row.cells?.length ? row.cells : mappedColumns(row, job, before, after))
  return (job.shape?.columns ?? []).filter((c) => columns.has(c.name)).map((c) => c.letter)
}

function mappedColumns(row: LoadedPerson['rows'][number], job: JobView, before: Standing | null, after: Standing): string[] {
  const key = positionKeyOf(row)
  const sides = [before, after].map((s) => ({ own: flat(s?.positions.find((p) => p.key === key)), attributes: s?.attributes ?? {} }))
  return [...job.columnsOf].filter(([name]) => {
    const [was, is] = sides.map((s) => (name.startsWith('position.') ? s.own[name.slice('position.'.length)] : s.attributes[name]))
    return canonical(was) !== canonical(is)
  }).flatMap(([, columns]) => columns)
}

function flat(position: Position | undefined): Record<string, unknown> {
  return position === undefined ? {} : { ...position.attributes, ...position }
}
