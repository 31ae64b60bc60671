/**
 * What a read must be like before an absence in it means anything. Most of it is learned from the last good reads, so that
 * it protects without configuration: a column that was full and is half empty now, twice as many rows, an older file.
 */
import type { Attributes, Value } from './value.ts'

export const cellTypes = ['text', 'number', 'date', 'boolean'] as const
export type CellType = (typeof cellTypes)[number]

/** What is remembered of a read: numbers, and nobody's values. */
export interface ReadProfile {
  rows: number
  columns: Record<string, ColumnProfile>
  /** Rows whose key another row has, too. */
  duplicates?: number
  encoding?: string
  /** When the file was last written, or says that it was made. */
  modifiedAt?: string
  /** Of a destination, what else was seen. */
  entitlements?: number
  memberships?: number
}

export interface ColumnProfile {
  filled: number
  /** Of the values in a sample, how many were of each type. */
  types: Partial<Record<CellType, number>>
}

/** Limits as administrators set them; what is left out has a default. */
export interface ReadContract {
  maxGrowth?: number | undefined
  maxEmptier?: number | undefined
  maxDuplicates?: number | undefined
  maxAgeHours?: number | undefined
  columns?: Record<string, { type?: CellType | undefined; maxEmpty?: number | undefined }> | undefined
}

export const contractDefaults = { maxGrowth: 1, maxEmptier: 0.2, maxDuplicates: 0.05 }

/** One way in which a read is out of contract. Numbers are shares where they are below 1 and `what` says so. */
export interface Breach {
  what: 'column-emptier' | 'column-empty' | 'column-type' | 'grown' | 'duplicates' | 'age' | 'older' | 'encoding' | 'gone' | 'few'
  column?: string
  before?: number | string
  now: number | string
  allowed: number | string
}

/** So few rows may be odd without a meaning. */
const oddMax = 5
const sampledMin = 10
/** A column has a type when nearly all of its values are of it, and has lost it when fewer than half are. */
const typedShare = 0.9
const untypedShare = 0.5

export function breachesOf(contract: ReadContract, before: ReadProfile | null, now: ReadProfile, readAt: string): Breach[] {
  const breaches: Breach[] = []
  const { maxGrowth, maxEmptier, maxDuplicates } = { ...contractDefaults, ...defined(contract) }
  for (const [column, limits] of Object.entries(contract.columns ?? {})) {
    const profile = now.columns[column]
    if (profile === undefined) continue
    const empty = now.rows === 0 ? 0 : 1 - profile.filled / now.rows
    if (limits.maxEmpty !== undefined && empty > limits.maxEmpty) breaches.push({ what: 'column-empty', column, now: rounded(empty), allowed: limits.maxEmpty })
    const sampled = sampleOf(profile)
    if (limits.type !== undefined && sampled > 0 && (profile.types[limits.type] ?? 0) < typedShare * sampled) {
      breaches.push({ what: 'column-type', column, now: typeOf(profile), allowed: limits.type })
    }
  }
  if (before !== null) {
    for (const [column, profile] of Object.entries(now.columns)) {
      const was = before.columns[column]
      if (was === undefined || before.rows === 0 || now.rows === 0) continue
      breaches.push(...emptierBreach(column, was.filled / before.rows, profile.filled, now.rows, maxEmptier))
      if (contract.columns?.[column]?.type === undefined) breaches.push(...typeBreach(column, was, profile))
    }
    if (now.rows > before.rows * (1 + maxGrowth) && now.rows - before.rows > 4 * oddMax) {
      breaches.push({ what: 'grown', before: before.rows, now: now.rows, allowed: Math.floor(before.rows * (1 + maxGrowth)) })
    }
    if (before.encoding !== undefined && now.encoding !== undefined && before.encoding !== now.encoding) {
      breaches.push({ what: 'encoding', before: before.encoding, now: now.encoding, allowed: before.encoding })
    }
    if (before.modifiedAt !== undefined && now.modifiedAt !== undefined && Date.parse(now.modifiedAt) < Date.parse(before.modifiedAt)) {
      breaches.push({ what: 'older', before: before.modifiedAt, now: now.modifiedAt, allowed: before.modifiedAt })
    }
  }
  const duplicates = now.duplicates ?? 0
  const all = now.rows + duplicates
  if (duplicates > oddMax && duplicates > maxDuplicates * all) breaches.push({ what: 'duplicates', now: duplicates, allowed: Math.floor(maxDuplicates * all) })
  if (contract.maxAgeHours !== undefined && now.modifiedAt !== undefined) {
    const hours = Math.floor((Date.parse(readAt) - Date.parse(now.modifiedAt)) / 3_600_000)
    if (hours > contract.maxAgeHours) breaches.push({ what: 'age', now: hours, allowed: contract.maxAgeHours })
  }
  return breaches
}

/** Columns whose empty cells clear nothing as long as they are out of contract. */
export function columnsToKeep(breaches: Breach[]): string[] {
  return [...new Set(breaches.flatMap((b) => ((b.what === 'column-emptier' || b.what === 'column-empty') && b.column !== undefined ? [b.column] : [])))]
}

/** The good reads, newest first, as one to compare with: what creeps in over several reads counts as well. */
export function learnedFrom(reads: ReadProfile[]): ReadProfile | null {
  const [newest] = reads
  if (newest === undefined) return null
  const columns = Object.entries(newest.columns).map(([column, own]) => {
    const shares = reads.flatMap((r) => (r.columns[column] === undefined || r.rows === 0 ? [] : [r.columns[column].filled / r.rows]))
    return [column, { ...own, filled: Math.max(0, ...shares) * newest.rows }] as const
  })
  return { ...newest, columns: Object.fromEntries(columns) }
}

function emptierBreach(column: string, was: number, filled: number, rows: number, maxEmptier: number): Breach[] {
  const is = filled / rows
  const least = was > maxEmptier ? was - maxEmptier : was / 2
  if (is >= least || was * rows - filled <= oddMax) return []
  return [{ what: 'column-emptier', column, before: rounded(was), now: rounded(is), allowed: rounded(least) }]
}

/** Whether more of what was known is gone than may be. */
export function goneBreach(what: string, known: number, seen: number, maxShrink: number): Breach[] {
  if (known - seen <= oddMax || known - seen <= maxShrink * known) return []
  return [{ what: 'gone', column: what, before: known, now: seen, allowed: Math.ceil(known * (1 - maxShrink)) }]
}

function typeBreach(column: string, was: ColumnProfile, is: ColumnProfile): Breach[] {
  const [before, now] = [sampleOf(was), sampleOf(is)]
  if (before < sampledMin || now < sampledMin) return []
  const type = typeOf(was)
  if ((was.types[type] ?? 0) < typedShare * before || (is.types[type] ?? 0) >= untypedShare * now) return []
  return [{ what: 'column-type', column, before: type, now: typeOf(is), allowed: type }]
}

const sampleOf = ({ types }: ColumnProfile): number => cellTypes.reduce((sum, type) => sum + (types[type] ?? 0), 0)
const typeOf = ({ types }: ColumnProfile): CellType => cellTypes.reduce((a, b) => ((types[b] ?? 0) > (types[a] ?? 0) ? b : a))
const rounded = (share: number): number => Math.round(share * 1000) / 1000
const defined = (contract: ReadContract) => Object.fromEntries(Object.entries(contract).filter(([, value]) => value !== undefined))

/** `of`: what a column is a column of. */
export function breachSentence({ what, column, before, now, allowed }: Breach, of: 'rows' | 'accounts' = 'rows'): string {
  const field = of === 'rows' ? 'column' : 'attribute'
  const percent = (share: number | string | undefined): string => `${Math.round(Number(share) * 1000) / 10} %`
  switch (what) {
    case 'column-emptier': return `${field} "${column}" was filled in ${percent(before)} of the ${of} and is in ${percent(now)} (at least ${percent(allowed)} expected)`
    case 'column-empty': return `${field} "${column}" is empty in ${percent(now)} of the ${of} (at most ${percent(allowed)} allowed)`
    case 'column-type': return `column "${column}" holds mostly ${plurals[now] ?? now} ${before === undefined ? `(${plurals[allowed] ?? allowed} expected)` : `where ${plurals[before] ?? before} were`}`
    case 'grown': return `there are ${now} rows where ${before} were (at most ${allowed} expected)`
    case 'duplicates': return `${now} rows have a key that another row has, too (at most ${allowed} allowed)`
    case 'age': return `the file was written ${now} hours ago (at most ${allowed} allowed)`
    case 'older': return `the file is of ${now}, older than the one read before (${before})`
    case 'gone': return `of ${before} ${column} there are ${now} (at least ${allowed} expected)`
    case 'few': return `there are ${now} ${column} (at least ${allowed} expected)`
    case 'encoding': return `the encoding was ${before} and is ${now}`
  }
}

const plurals: Record<string, string> = { text: 'texts', number: 'numbers', date: 'dates', boolean: 'yes or no' }

/* ------------------------------------------------------------------ counting */

/** From each so many rows on, one of as many is looked at closely. */
const sampleStride = 61
const sampledFirst = 100

/** What was counted of some rows; plain data. */
export interface RowCounts {
  rows: number
  /** Of each column. */
  filled: Float64Array
  /** Of each column, for each of `cellTypes`. */
  types: Float64Array
}

export interface Profiler {
  /** `row`: its number, by which it is in the sample or not. */
  add(values: Attributes, row?: number): void
  isSampled(row: number): boolean
  /** Rows that were not looked at: how many, and in how many of them each column is filled. */
  addCounted(count: number, filledIn: Record<string, number>): void
  /** Rows that another one counted. */
  addCounts(counts: RowCounts): void
  counts(): RowCounts
  profile(): Pick<ReadProfile, 'rows' | 'columns'>
}

/** Counts while rows pass; a few nanoseconds for each cell. */
export function profiler(columns: string[]): Profiler {
  const filled = new Float64Array(columns.length)
  const types = new Float64Array(columns.length * cellTypes.length)
  let rows = 0
  const isSampled = (row: number): boolean => row < sampledFirst || row % sampleStride === 0
  const typesOf = (column: number): Partial<Record<CellType, number>> =>
    Object.fromEntries(cellTypes.map((type, i) => [type, types[column * cellTypes.length + i]!] as const).filter(([, count]) => count > 0))
  return {
    isSampled,
    add(values, row = rows) {
      const sampled = isSampled(row)
      rows += 1
      for (let i = 0; i < columns.length; i++) {
        const value = values[columns[i]!]
        if (value === undefined) continue
        filled[i]! += 1
        if (sampled) types[i * cellTypes.length + cellTypes.indexOf(cellType(value))]! += 1
      }
    },
    addCounted(count, filledIn) {
      rows += count
      for (let i = 0; i < columns.length; i++) filled[i]! += filledIn[columns[i]!] ?? 0
    },
    addCounts(counts) {
      rows += counts.rows
      for (let i = 0; i < filled.length; i++) filled[i]! += counts.filled[i]!
      for (let i = 0; i < types.length; i++) types[i]! += counts.types[i]!
    },
    counts: () => ({ rows, filled, types }),
    profile: () => ({ rows, columns: Object.fromEntries(columns.map((column, i) => [column, { filled: filled[i]!, types: typesOf(i) }])) }),
  }
}

function cellType(value: Value): CellType {
  if (typeof value === 'number') return 'number'
  if (typeof value === 'boolean') return 'boolean'
  const text = Array.isArray(value) ? value[0] ?? '' : value
  if (/^[+-]?\d+([.,]\d+)?$/.test(text)) return 'number'
  if (/^(\d{4}-\d{2}-\d{2}([T ].*)?|\d{1,2}[./]\d{1,2}[./]\d{2,4})$/.test(text)) return 'date'
  return /^(true|false|yes|no)$/i.test(text) ? 'boolean' : 'text'
}
