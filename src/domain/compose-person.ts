/**
 * A person as the rows of all their sources make them: attributes, where the first job of the policy that has a value
 * decides, and positions, one per row.
 */
import type { MappedRow, PositionDate } from './map-row.ts'
import { positionDates } from './map-row.ts'
import type { Position } from './person.ts'
import type { Attributes } from './value.ts'

export interface SourceRow {
  job: string
  key: string
  positionKey: string
  mapped: MappedRow
}

export interface KnownPerson {
  attributes: Attributes
  positions: Position[]
  /** What each job gave, where several did. */
  contributions: Record<string, Attributes> | null
  /** Jobs that gave rows so far. */
  jobs: string[]
}

export interface Composed {
  attributes: Attributes
  positions: Position[]
  contributions: Record<string, Attributes> | null
}

export const positionKeyOf = (row: { job: string; key: string; positionKey: string }): string => `${row.job}/${row.key}/${row.positionKey}`

/** `rows`: those that are there now, of any job that was read; other positions stay as they are. `order`: job ids of the policy. */
export function composePerson(known: KnownPerson | null, rows: SourceRow[], order: string[]): Composed {
  if (known !== null && rows.length === 0) return { attributes: known.attributes, positions: known.positions, contributions: known.contributions }
  const contributions = new Map(Object.entries(known?.contributions ?? onlyOne(known)))
  const before = new Map((known?.positions ?? []).map((p) => [p.key, p]))
  for (const [job, own] of Map.groupBy(rows, (r) => r.job)) {
    const newest = own.reduce((a, b) => (newer(b, a) ? b : a))
    if (contributions.has(job) && anotherIsNewer(newest, own, before)) continue
    contributions.set(job, withKept(newest.mapped.attributes, newest.mapped.keep?.attributes, contributions.get(job)))
  }
  const positions = new Map(before)
  for (const row of rows) positions.set(positionKeyOf(row), positionOf(row, before.get(positionKeyOf(row))))
  return {
    attributes: merged(contributions, order),
    positions: [...positions.values()].sort((a, b) => (a.key < b.key ? -1 : 1)),
    contributions: contributions.size > 1 ? Object.fromEntries(contributions) : null,
  }
}

function onlyOne(known: KnownPerson | null): Record<string, Attributes> {
  const [job] = known?.jobs ?? []
  return known === null || job === undefined ? {} : { [job]: known.attributes }
}

function merged(contributions: Map<string, Attributes>, order: string[]): Attributes {
  const rank = (job: string): number => (order.includes(job) ? order.indexOf(job) : order.length)
  const jobs = [...contributions.keys()].sort((a, b) => rank(b) - rank(a) || (a < b ? 1 : -1))
  return Object.assign({}, ...jobs.map((job) => contributions.get(job)!)) as Attributes
}

/** Of several rows of one person in one source, the one that starts last says who they are. */
function newer(a: { key: string; positionKey: string; mapped: MappedRow }, b: { key: string; positionKey: string; mapped: MappedRow }): boolean {
  const [first, second] = [a.mapped.position.start ?? '', b.mapped.position.start ?? '']
  return first === second ? `${a.key}/${a.positionKey}` > `${b.key}/${b.positionKey}` : first > second
}

/** Whether a row that is not there now (set aside, vanished) would say more about the person than those that are. */
function anotherIsNewer(newest: SourceRow, own: SourceRow[], before: Map<string, Position>): boolean {
  const present = new Set(own.map(positionKeyOf))
  const start = newest.mapped.position.start ?? ''
  return [...before.values()].some((p) => p.job === newest.job && !present.has(p.key) && p.missingSince === undefined && (p.start ?? '') > start)
}

function withKept(attributes: Attributes, keep: string[] | undefined, before: Attributes | undefined): Attributes {
  if (keep === undefined || before === undefined) return attributes
  const kept = keep.filter((name) => before[name] !== undefined).map((name) => [name, before[name]!])
  return { ...attributes, ...Object.fromEntries(kept) }
}

function positionOf(row: SourceRow, before: Position | undefined): Position {
  const { attributes, ...dates } = row.mapped.position
  const keep = row.mapped.keep?.position
  const isKept = (name: PositionDate): boolean => keep?.includes(name) === true && before?.[name] !== undefined
  const keptDates = positionDates.filter(isKept).map((name) => [name, before![name]!])
  return {
    key: positionKeyOf(row), job: row.job,
    attributes: withKept(attributes, keep, before?.attributes),
    ...dates, ...Object.fromEntries(keptDates),
  }
}
