/** Dates in workbooks: numbers of days that only their format tells from other numbers. */

export type DateFormat = 'date' | 'time' | 'date-time'

/** Formats without a code of their own, from and to; 27–36 and 50–58 are the dates of East Asian editions. */
const builtin: [number, number, DateFormat][] = [
  [14, 17, 'date'], [18, 21, 'time'], [22, 22, 'date-time'], [27, 36, 'date'], [45, 47, 'time'], [50, 58, 'date'],
]

/** How a number format shows a date, or nothing for a number. `code` is the text of a custom format. */
export function dateFormatOf(id: number, code: string | undefined): DateFormat | undefined {
  if (code === undefined) return builtin.find(([from, to]) => id >= from && id <= to)?.[2]
  const bare = code
    .replace(/"[^"]*"|\\.|_.|\*./g, '')
    .replace(/\[(h+|m+|s+)\]/gi, '$1')
    .replace(/\[[^\]]*\]/g, '')
    .split(';')[0]
    ?.toLowerCase()
    .replace(/general|am\/pm|a\/p/g, '') ?? ''
  const time = /[hs]/.test(bare)
  const date = /[dyeg]/.test(bare.replace(/0e[+-]?0*/g, '')) || (/m/.test(bare) && !time)
  if (date && time) return 'date-time'
  return date ? 'date' : time ? 'time' : undefined
}

const dayMs = 86_400_000
/** 9999-12-31, the last day that Excel knows. */
const lastDay = 2_958_465

/** The date of a serial number as ISO text, or nothing where there is none (before the epoch, 1900-02-29). */
export function isoOfSerial(serial: number, format: DateFormat, from1904: boolean): string | undefined {
  if (!Number.isFinite(serial) || serial < 0) return undefined
  const seconds = format === 'date' ? Math.floor(serial) * 86_400 : Math.round(serial * 86_400)
  const days = Math.floor(seconds / 86_400)
  const rest = seconds % 86_400
  const time = new Date(rest * 1000).toISOString().slice(11, 19)
  if (days === 0 && format === 'time') return time
  const day = from1904 ? days + 1462 : days
  if (day > lastDay || (!from1904 && (day < 1 || day === 60))) return undefined
  // Excel believes that 1900 was a leap year, so the days before its 29 February are one off.
  const date = new Date(Date.UTC(1899, 11, day < 60 && !from1904 ? 31 : 30) + day * dayMs).toISOString().slice(0, 10)
  return rest === 0 ? date : `${date}T${time}`
}
