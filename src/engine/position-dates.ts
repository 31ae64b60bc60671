/** What decides the state of a position, as one text: start, end, leave and time zone. */
import type { MappedPosition } from '../domain/map-row.ts'
import type { Position } from '../domain/person.ts'

const differentMax = 100_000

/** The different dates of positions that go by. */
export class PositionDates {
  #seen = new Set<string>()
  /** By start, where there is nothing else, as with most. */
  #ofStart = new Map<string, string>()

  add(position: MappedPosition): string {
    const { start, end, leaveFrom, leaveUntil, attributes } = position
    if (start === undefined || (end ?? leaveFrom ?? leaveUntil ?? attributes['timeZone']) !== undefined) return this.#add(datesOf(position))
    const known = this.#ofStart.get(start)
    if (known !== undefined) return known
    const dates = this.#add(datesOf(position))
    if (this.#ofStart.size < differentMax) this.#ofStart.set(start, dates)
    return dates
  }

  /** Null: too many to be remembered. */
  list(): string[] | null {
    return this.#seen.size < differentMax ? [...this.#seen] : null
  }

  #add(dates: string): string {
    if (this.#seen.size < differentMax) this.#seen.add(dates)
    return dates
  }
}

function datesOf(position: MappedPosition): string {
  const zone = position.attributes['timeZone']
  return `${position.start ?? ''}|${position.end ?? ''}|${position.leaveFrom ?? ''}|${position.leaveUntil ?? ''}|${typeof zone === 'string' ? zone : ''}`
}

/** A position that has nothing but its dates. */
export function positionFromDates(dates: string): Position {
  const [start, end, leaveFrom, leaveUntil, timeZone] = dates.split('|').map((part) => (part === '' ? undefined : part))
  return {
    key: '', job: '', attributes: timeZone === undefined ? {} : { timeZone },
    ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }),
    ...(leaveFrom === undefined ? {} : { leaveFrom }), ...(leaveUntil === undefined ? {} : { leaveUntil }),
  }
}
