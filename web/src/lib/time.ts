/** How instants and dates are shown. Instants in the reader's time zone, dates as they are. */

const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
const day = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' })
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' })
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })

const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]

/** "21 Nov 2026, 14:03" */
export function showInstant(instant: string): string {
  return dateTime.format(new Date(instant))
}

/** "before 21 Nov 2026, 14:03", "21 Nov 2026, 14:03", "21 Nov 2026, 14:03 to 15:10", "20 Nov 2026, 23:50 to 21 Nov 2026, 00:10" */
export function showBetween(from: string | null, to: string): string {
  if (from === null) return `before ${showInstant(to)}`
  const [begin, end] = [showInstant(from), showInstant(to)]
  if (begin === end) return end
  return `${begin} to ${dateOf(from) === dateOf(to) ? showClock(to) : end}`
}

/** "Saturday, 21 November 2026" */
export function showDay(instant: string): string {
  return day.format(new Date(instant))
}

/** The first instant after an ISO date, in the reader's time zone. */
export function afterDay(date: string): string {
  const [year, month, day] = date.split('-').map(Number)
  return new Date(year!, month! - 1, day! + 1).toISOString()
}

/** The last second of an ISO date, in the reader's time zone. */
export function endOfDay(date: string): string {
  return new Date(Date.parse(afterDay(date)) - 1000).toISOString()
}

/** An instant's date in the reader's time zone, as a date field has it. */
export function dateOf(instant: string | number): string {
  const at = new Date(instant)
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 10)
}

/** "14:03" */
export function showClock(instant: string): string {
  return clock.format(new Date(instant))
}

/** "3 minutes ago", "in 2 days" */
export function showRelative(instant: string, now: number): string {
  const seconds = (new Date(instant).getTime() - now) / 1000
  for (const [unit, size] of units) {
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit)
  }
  return seconds > 5 ? 'in a moment' : 'just now'
}

/** A date so many days from now, as a date field wants it. */
export const daysAhead = (days: number): string => dateOf(Date.now() + days * 86_400_000)
