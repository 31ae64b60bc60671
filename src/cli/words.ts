/** Values as people read them. */
import { Failure } from './exit.ts'
import { clean } from './terminal.ts'

/** An instant in the time zone of whoever reads: `2026-11-21 20:03`. */
export function moment(instant: string | null | undefined, zone = Temporal.Now.timeZoneId()): string {
  if (!instant) return ''
  const { year, month, day, hour, minute } = Temporal.Instant.from(instant).toZonedDateTimeISO(zone)
  return `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}`
}

/** A value of an attribute. */
export function words(value: unknown): string {
  if (value === null || value === undefined || value === '') return '(none)'
  if (Array.isArray(value)) return value.map(words).join(', ')
  return clean(typeof value === 'object' ? JSON.stringify(value) : String(value).trim().replace(/\s+/g, ' '))
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`
}

/** What `--until` and `--at` mean: an instant as it is, a date as all of that day. */
export function endOf(text: string, zone = Temporal.Now.timeZoneId()): string {
  try {
    if (/^\d{4}-\d{2}-\d{2}$/.test(text)) {
      return Temporal.PlainDate.from(text).add({ days: 1 }).toZonedDateTime(zone).toInstant().toString()
    }
    return Temporal.Instant.from(text).toString()
  } catch {
    throw new Failure('usage', `"${text}" is neither a date such as 2026-11-30 nor an instant such as 2026-11-30T12:00:00Z.`)
  }
}

/** What `--from` means: an instant as it is, a date from its first moment on. */
export function startOf(text: string, zone = Temporal.Now.timeZoneId()): string {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) ? Temporal.Instant.from(endOf(text, zone)).toZonedDateTimeISO(zone).subtract({ days: 1 }).toInstant().toString() : endOf(text, zone)
}

/** The last moment of a date, to look at what was on that day. */
export function during(text: string, zone = Temporal.Now.timeZoneId()): string {
  const end = Temporal.Instant.from(endOf(text, zone))
  return (/^\d{4}-\d{2}-\d{2}$/.test(text) ? end.subtract({ seconds: 1 }) : end).toString()
}

function two(n: number): string {
  return String(n).padStart(2, '0')
}
