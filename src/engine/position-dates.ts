/** What decides the state of a position, as one text: start, end, leave and time zone. */
import type { MappedPosition } from '../domain/map-row.ts'
import type { Position } from '../domain/person.ts'

export const differentMax = 100_000

/** The dates of positions that go by, each of which is told once, as long as they are not too many to be remembered. */
export class PositionDates {
  #seen = new Set<string>()
  #fresh: string[] = []
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

  /** Those that were not told yet. */
  take(): string[] {
    return this.#fresh.splice(0)
  }

  #add(dates: string): string {
    if (this.#seen.has(dates)) return dates
    if (this.#seen.size < differentMax) this.#seen.add(dates)
    this.#fresh.push(dates)
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
