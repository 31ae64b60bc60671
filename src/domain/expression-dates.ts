/** Date functions of expressions. Dates are ISO text without a zone (2026-11-21), instants ISO text with Z. */
import { DateFormatInvalid, formatDate, isDate, parseAny, parseFormat, type DateParts } from './date-format.ts'
import type { FunctionEntry } from './expression-function.ts'
import { Unfit } from './expression-value.ts'
import { startOfDay } from './person.ts'

const aDate = 'a date such as 2026-11-21'
const anInstant = 'a date such as 2026-11-21, or an instant such as 2026-11-21T08:00:00Z'
const dayMs = 86_400_000
/** 1601-01-01 to 1970-01-01, from which Active Directory counts. */
const adOffsetMs = 11_644_473_600_000n
const adNever = new Set(['0', '9223372036854775807'])

export const dateFunctions: FunctionEntry[] = [
  {
    name: 'now', group: 'Dates', signature: 'now(): instant', description: 'The instant for which the expression is computed.',
    example: 'now()', result: '2026-11-21T08:00:00Z',
    // The compiler reads it from the input.
    run: () => null,
  },
  {
    name: 'date', group: 'Dates', signature: 'date(value: text, formats?: list): date',
    description: 'A date from text: ISO, or in the given format (yyyy, yy, MM, M, dd, d, HH, mm). Several formats may be given as a list; a value that they read differently is refused. Dates that are dates already pass.',
    example: 'date("21.11.2026", "dd.MM.yyyy")', result: '2026-11-21',
    prepare: ([, formats]) => { checkFormats(formats) },
    run: (value: string, formats?: unknown[]) => withFormat(formats, () => readDate(value, formats)),
  },
  {
    name: 'formatDate', group: 'Dates', signature: 'formatDate(value: date, format: text, zone?: text): text',
    description: 'A date or instant in a format. The zone (UTC unless given) matters for instants only.',
    example: 'formatDate("2026-11-21", "d.M.yy")', result: '21.11.26',
    prepare: ([, format]) => { if (typeof format === 'string') parseFormat(format) },
    run: (value: string, format: string, zone = 'UTC') => withFormat(format, () => formatDate(partsOf(value, zone), format)),
  },
  {
    name: 'addDays', group: 'Dates', signature: 'addDays(value: date, days: int): date', description: 'A date or instant some days later; earlier with a negative number.',
    example: 'addDays("2026-12-30", 3)', result: '2027-01-02',
    run: (value: string, days: number) => (isDate(value) ? isoDay(dayOf(value) + days * dayMs) : isoInstant(instantOf(value) + days * dayMs)),
  },
  {
    name: 'addMonths', group: 'Dates', signature: 'addMonths(value: date, months: int): date', description: 'A date some months later, at most the last day of that month.',
    example: 'addMonths("2026-01-31", 1)', result: '2026-02-28',
    run: (value: string, months: number) => Temporal.PlainDate.from(onlyDate(value)).add({ months }).toString(),
  },
  {
    name: 'dateDiff', group: 'Dates', signature: 'dateDiff(from: date, to: date, unit?: text): int',
    description: 'Whole days, "months" or "years" from one date to another; negative backwards.',
    example: 'dateDiff("2026-11-21", "2026-12-01")', result: 10,
    run: (from: string, to: string, unit = 'days') => {
      if (unit === 'days') return Math.round((dayOf(onlyDate(to)) - dayOf(onlyDate(from))) / dayMs)
      if (unit !== 'months' && unit !== 'years') throw new Unfit(unit, '"days", "months" or "years"')
      return Temporal.PlainDate.from(onlyDate(from)).until(onlyDate(to), { largestUnit: unit })[unit]
    },
  },
  {
    name: 'startOfDay', group: 'Dates', signature: 'startOfDay(value: date, zone: text): instant', description: 'The instant at which a date begins in a time zone.',
    example: 'startOfDay("2026-11-21", "Europe/Berlin")', result: '2026-11-20T23:00:00Z',
    run: (value: string, zone: string) => {
      const day = onlyDate(value)
      return inZone(zone, () => startOfDay(day, zone))
    },
  },
  {
    name: 'adTime', group: 'Dates', signature: 'adTime(value: instant): text', description: 'As Active Directory counts: 100 ns since 1601, for `accountExpires` and the like. A date is its start in UTC.',
    example: 'adTime("2026-11-21")', result: '134396928000000000', run: (value: string) => String((BigInt(instantOf(value)) + adOffsetMs) * 10_000n),
  },
  {
    name: 'fromAdTime', group: 'Dates', signature: 'fromAdTime(value: text): instant', description: 'The instant of an Active Directory time; nothing for "never".',
    example: 'fromAdTime("134396928000000000")', result: '2026-11-21T00:00:00Z',
    run: (value: string) => {
      if (!/^\d{1,19}$/.test(value)) throw new Unfit(value, 'an Active Directory time such as 134396928000000000')
      return adNever.has(value) ? null : isoInstant(Number(BigInt(value) / 10_000n - adOffsetMs))
    },
  },
  {
    name: 'unixTime', group: 'Dates', signature: 'unixTime(value: instant): int', description: 'Seconds since 1970.',
    example: 'unixTime("2026-11-21")', result: 1795219200, run: (value: string) => Math.floor(instantOf(value) / 1000),
  },
  {
    name: 'fromUnixTime', group: 'Dates', signature: 'fromUnixTime(value: number): instant', description: 'The instant that is so many seconds after 1970.',
    example: 'fromUnixTime(1795219200)', result: '2026-11-21T00:00:00Z', run: (value: number) => isoInstant(value * 1000),
  },
]

/** Formats that are written out are checked before anything runs. */
function checkFormats(formats: unknown): void {
  for (const format of Array.isArray(formats) ? formats : formats === undefined ? [] : [formats]) {
    if (typeof format !== 'string') throw new DateFormatInvalid('A date format is text, such as "dd.MM.yyyy".')
    parseFormat(format)
  }
}

function readDate(value: string, formats: unknown[] | undefined): string | null {
  // The usual case first: this runs once per date cell.
  if (isDate(value)) return value
  const written = value.trim()
  if (written === '') return null
  if (isDate(written)) return written
  if (written.length > 15 && /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/.test(written) && isDate(written.slice(0, 10))) return written.slice(0, 10)
  if (formats === undefined) throw new Unfit(value, aDate)
  const names = formats as string[]
  const found = parseAny(written, names)
  if (found.length === 1) return found[0]!
  const all = names.join(' or ')
  throw new Unfit(value, found.length === 0 ? `a date written as ${all}, or such as 2026-11-21` : `a date that ${all} do not read differently (${found.join(', ')})`)
}

function onlyDate(value: string): string {
  if (isDate(value)) return value
  instantOf(value)
  return value.slice(0, 10)
}

function dayOf(date: string): number {
  if (!isDate(date)) throw new Unfit(date, aDate)
  return Date.UTC(Number(date.slice(0, 4)), Number(date.slice(5, 7)) - 1, Number(date.slice(8, 10)))
}

function instantOf(value: string): number {
  if (isDate(value)) return dayOf(value)
  const zoned = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(value) ? Date.parse(value) : NaN
  if (Number.isNaN(zoned)) throw new Unfit(value, anInstant)
  return zoned
}

function partsOf(value: string, zone: string): DateParts {
  if (isDate(value)) return { year: Number(value.slice(0, 4)), month: Number(value.slice(5, 7)), day: Number(value.slice(8, 10)), hour: 0, minute: 0 }
  const at = instantOf(value)
  return inZone(zone, () => Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone))
}

/** A format may come from a cell, too. */
function withFormat<T>(format: unknown, compute: () => T): T {
  try {
    return compute()
  } catch (error) {
    if (error instanceof DateFormatInvalid) throw new Unfit(format, 'a date format such as dd.MM.yyyy')
    throw error
  }
}

function inZone<T>(zone: string, compute: () => T): T {
  try {
    return compute()
  } catch (error) {
    if (error instanceof RangeError) throw new Unfit(zone, 'a time zone such as Europe/Berlin')
    throw error
  }
}

const isoDay = (ms: number): string => range(ms, () => new Date(ms).toISOString().slice(0, 10))
const isoInstant = (ms: number): string => range(ms, () => new Date(ms).toISOString().replace('.000Z', 'Z'))

function range(ms: number, format: () => string): string {
  if (ms >= -62_135_596_800_000 && ms <= 253_402_300_799_999) return format()
  throw new Unfit(ms, 'a date between the years 1 and 9999')
}
