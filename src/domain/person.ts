/**
 * A person and their positions. A person's state follows from dates and positions; nobody sets it.
 *
 * before-start  No position lives, one is still to come.
 * active        Some position lives and is not on leave.
 * on-leave      Positions live, and all of them are on leave.
 * ended         No position lives or is to come (also: there is none).
 */
import type { Attributes } from './value.ts'

export type PersonState = 'before-start' | 'active' | 'on-leave' | 'ended'

/** One contract of a person, as one source row says. Dates are ISO dates; end dates are inclusive. */
export interface Position {
  /** `<job id>/<person key>/<position key>`: stable, unique within the person. */
  key: string
  job: string
  attributes: Attributes
  start?: string
  end?: string
  leaveFrom?: string
  leaveUntil?: string
  /** The row vanished from the source at this instant; the position lives on until the absence is proven or released. */
  missingSince?: string
}

export interface Person {
  id: string
  attributes: Attributes
  positions: Position[]
  state: PersonState
}

/**
 * Instants at which an authorised human ended the person: a position that lives at one of them ends there, whatever its
 * source says. One that starts later is another beginning.
 */
export type Cuts = readonly string[]

/** Half-open interval of instants, in ISO text; an absent end is open. */
export interface Interval {
  from?: string
  until?: string
}

/** Start of an ISO date in a time zone, as an instant in ISO text. */
export const startOfDay: (date: string, timeZone: string) => string = remembered((date, timeZone) =>
  Temporal.PlainDate.from(date).toZonedDateTime(timeZone).toInstant().toString())

/** The first instant after an inclusive end date. */
export const afterDay: (date: string, timeZone: string) => string = remembered((date, timeZone) =>
  Temporal.PlainDate.from(date).add({ days: 1 }).toZonedDateTime(timeZone).toInstant().toString())

/** When a position lives. The position's own `timeZone` attribute counts, else the organisation's. */
export function lifeOf(position: Position, timeZone: string): Interval {
  const zone = zoneOf(position, timeZone)
  return {
    ...(position.start === undefined ? {} : { from: startOfDay(position.start, zone) }),
    ...(position.end === undefined ? {} : { until: afterDay(position.end, zone) }),
  }
}

/** When a position lives, where a human may have ended it. */
export function lifeWithin(position: Position, timeZone: string, cuts: Cuts): Interval {
  const life = lifeOf(position, timeZone)
  const cut = cuts.filter((at) => contains(life, at)).sort((a, b) => epoch(a) - epoch(b))[0]
  return cut === undefined ? life : { ...life, until: cut }
}

export function leaveOf(position: Position, timeZone: string): Interval | undefined {
  if (position.leaveFrom === undefined) return undefined
  const zone = zoneOf(position, timeZone)
  return {
    from: startOfDay(position.leaveFrom, zone),
    ...(position.leaveUntil === undefined ? {} : { until: afterDay(position.leaveUntil, zone) }),
  }
}

export function contains(interval: Interval, instant: string): boolean {
  const at = epoch(instant)
  return (interval.from === undefined || epoch(interval.from) <= at) && (interval.until === undefined || at < epoch(interval.until))
}

export interface Standing {
  state: PersonState
  /** The next instant at which the state or the set of living positions changes by itself; absent if never. */
  nextChangeAt?: string
  /** Keys of the living positions. */
  living: string[]
  /** When the person's last position ended; only for `ended` people that had one. */
  endedAt?: string
  /** When the first position to come starts. */
  startsAt?: string
}

/** Where a person stands at an instant. */
export function standing(positions: Position[], asOf: string, timeZone: string, cuts: Cuts = []): Standing {
  const now = epoch(asOf)
  const moments: string[] = []
  const living: string[] = []
  let working = false
  let startsAt: string | undefined
  let endedAt: string | undefined
  for (const position of positions) {
    const life = lifeWithin(position, timeZone, cuts)
    const leave = leaveOf(position, timeZone)
    for (const moment of [life.from, life.until, leave?.from, leave?.until]) if (moment !== undefined && epoch(moment) > now) moments.push(moment)
    if (contains(life, asOf)) {
      living.push(position.key)
      if (leave === undefined || !contains(leave, asOf)) working = true
    } else if (life.from !== undefined && epoch(life.from) > now && !emptyInterval(life)) {
      if (startsAt === undefined || epoch(life.from) < epoch(startsAt)) startsAt = life.from
    } else if (life.until !== undefined && epoch(life.until) <= now) {
      if (endedAt === undefined || epoch(life.until) > epoch(endedAt)) endedAt = life.until
    }
  }
  const state: PersonState = working ? 'active' : living.length > 0 ? 'on-leave' : startsAt !== undefined ? 'before-start' : 'ended'
  moments.sort((a, b) => epoch(a) - epoch(b))
  return {
    state, living,
    ...(moments[0] === undefined ? {} : { nextChangeAt: moments[0] }),
    ...(state === 'ended' && endedAt !== undefined ? { endedAt } : {}),
    ...(startsAt === undefined ? {} : { startsAt }),
  }
}

function zoneOf(position: Position, organisation: string): string {
  const own = position.attributes['timeZone']
  return typeof own === 'string' && own !== '' ? own : organisation
}

function emptyInterval(interval: Interval): boolean {
  return interval.from !== undefined && interval.until !== undefined && epoch(interval.until) <= epoch(interval.from)
}

const epochs: (instant: string, _: string) => number = remembered((instant) => Temporal.Instant.from(instant).epochMilliseconds)
const epoch = (instant: string): number => epochs(instant, '')

/** The calendar is slow and its answers never change: a million people have a few thousand dates. */
function remembered<T>(ask: (text: string, timeZone: string) => T): (text: string, timeZone: string) => T {
  const byZone = new Map<string, Map<string, T>>()
  return (text, timeZone) => {
    const known = byZone.get(timeZone) ?? new Map<string, T>()
    if (known.size === 0) byZone.set(timeZone, known)
    const found = known.get(text)
    if (found !== undefined) return found
    const answer = ask(text, timeZone)
    if (known.size >= 50_000) known.clear()
    known.set(text, answer)
    return answer
  }
}
