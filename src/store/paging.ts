/** Pages by key, never by offset: the next page begins after the last row shown, however much changed meanwhile. */
import { UsherError } from '../domain/errors.ts'

export interface PageOf<T> {
  items: T[]
  /** Give it as `after` to get the next page; null: there is none. */
  next: string | null
}

type Key = (string | number | null)[]

/** `rows` were asked for with one more than `limit`, which tells whether there is another page. */
export function pageOf<Row, T>(rows: Row[], limit: number, key: (row: Row) => Key, shown: (row: Row) => T): PageOf<T> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items: items.map(shown), next: rows.length > limit && last !== undefined ? cursorOf(key(last)) : null }
}

export function cursorOf(key: Key): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url')
}

/** The key that a page begins after; undefined for the first page. */
export function readCursor(after: string | undefined, parts: number): Key | undefined {
  if (after === undefined) return undefined
  try {
    const key: unknown = JSON.parse(Buffer.from(after, 'base64url').toString())
    if (Array.isArray(key) && key.length === parts && key.every((k) => k === null || ['string', 'number'].includes(typeof k))) return key as Key
  } catch {
    // Falls through to the refusal.
  }
  throw new UsherError('INVALID_INPUT', 'In the query: after: is not the `next` of a page before.')
}

/** A text to be found inside another, for `like`. */
export function inside(text: string): string {
  return `%${text.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`
}

/** Each word of a search, for `like all`. */
export function words(search: string | undefined): string[] {
  return (search ?? '').split(/\s+/).filter((w) => w !== '').slice(0, 10).map(inside)
}
