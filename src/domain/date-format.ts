/** Dates as people write them, read and written by formats such as `dd.MM.yyyy`. */

export interface DateParts {
  year: number
  month: number
  day: number
  hour: number
  minute: number
}

export class DateFormatInvalid extends Error {}

type Token = 'yyyy' | 'yy' | 'MM' | 'M' | 'dd' | 'd' | 'HH' | 'H' | 'mm'

const digits: Record<Token, string> = {
  yyyy: '(\\d{4})', yy: '(\\d{2})', MM: '(\\d{2})', M: '(\\d{1,2})', dd: '(\\d{2})', d: '(\\d{1,2})', HH: '(\\d{2})', H: '(\\d{1,2})', mm: '(\\d{2})',
}

interface Format {
  parts: (Token | { literal: string })[]
  tokens: Token[]
  pattern: RegExp
}

const formats = new Map<string, Format>()

/** Throws DateFormatInvalid for what is no format. */
export function parseFormat(format: string): Format {
  const known = formats.get(format)
  if (known !== undefined) return known
  const parts = (format.match(/yyyy|yy|MM|M|dd|d|HH|H|mm|'[^']*'|[^A-Za-z']|[A-Za-z']+/g) ?? []).map((part): Token | { literal: string } => {
    if (part in digits) return part as Token
    if (/^'[^']*'$/.test(part)) return { literal: part.slice(1, -1) }
    if (!/^[A-Za-z']/.test(part)) return { literal: part }
    throw new DateFormatInvalid(`"${format}" is not a date format: "${part}" is not known. Known are yyyy yy MM M dd d HH H mm; other letters in quotes.`)
  })
  const tokens = parts.filter((part) => typeof part === 'string')
  const source = parts.map((part) => (typeof part === 'string' ? digits[part] : part.literal.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))).join('')
  const made = { parts, tokens, pattern: new RegExp(`^${source}$`) }
  if (formats.size >= 1000) formats.clear()
  formats.set(format, made)
  return made
}

/** The different dates that a text is by these formats: none, one, or an ambiguity. */
export function parseAny(written: string, names: string[]): string[] {
  const found: string[] = []
  for (const name of names) {
    const date = parseDate(written, parseFormat(name))
    if (date !== null && !found.includes(date)) found.push(date)
  }
  return found
}

function parseDate(written: string, format: Format): string | null {
  const match = format.pattern.exec(written)
  if (match === null) return null
  let year = '0000', month = '01', day = '01'
  for (let i = 0; i < format.tokens.length; i++) {
    const token = format.tokens[i]!, value = match[i + 1]!
    if (token === 'yyyy') year = value
    else if (token === 'yy') year = (value < '70' ? '20' : '19') + value
    else if (token === 'MM' || token === 'M') month = value.length === 2 ? value : `0${value}`
    else if (token === 'dd' || token === 'd') day = value.length === 2 ? value : `0${value}`
    else if (Number(value) >= (token === 'mm' ? 60 : 24)) return null
  }
  const date = `${year}-${month}-${day}`
  return isDate(date) ? date : null
}

export function formatDate(date: DateParts, format: string): string {
  const { year, month, day, hour, minute } = date
  const values: Record<Token, string> = {
    yyyy: pad(year, 4), yy: pad(year % 100, 2), MM: pad(month, 2), M: String(month), dd: pad(day, 2), d: String(day),
    HH: pad(hour, 2), H: String(hour), mm: pad(minute, 2),
  }
  return parseFormat(format).parts.map((part) => (typeof part === 'string' ? values[part] : part.literal)).join('')
}

/** Whether a text is an ISO date that exists. Called for every date cell, hence by hand. */
export function isDate(text: string): boolean {
  if (text.length !== 10 || text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return false
  const year = decimal(text, 0, 4), month = decimal(text, 5, 7), day = decimal(text, 8, 10)
  if (!(year > 0 && month >= 1 && month <= 12 && day >= 1)) return false
  return day <= (month === 2 ? (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28) : month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31)
}

function decimal(text: string, from: number, to: number): number {
  let value = 0
  for (let i = from; i < to; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return NaN
    value = value * 10 + digit
  }
  return value
}

const pad = (value: number, size: number): string => String(value).padStart(size, '0')
