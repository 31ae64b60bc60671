/** CSV as spreadsheets read it, and never run it. */
import { Readable } from 'node:stream'

export function csvLine(cells: unknown[]): string {
  return `${cells.map(cell).join(',')}\r\n`
}

/** A table as it is read from the database, page by page. */
export function csvStream(header: string[], rows: AsyncIterable<unknown[]>): Readable {
  return Readable.from((async function* lines() {
    // The mark tells Excel that this is UTF-8.
    yield `\ufeff${csvLine(header)}`
    for await (const row of rows) yield csvLine(row)
  })())
}

/** Every item of a view that comes in pages. */
export async function* allPages<T>(page: (after: string | undefined) => Promise<{ items: T[]; next: string | null }>): AsyncGenerator<T> {
  for (let after: string | undefined; ;) {
    const { items, next } = await page(after)
    yield* items
    if (next === null) return
    after = next
  }
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return ''
  const plain = typeof value === 'object' ? JSON.stringify(value) : String(value)
  // A text that begins like a formula would be run by the spreadsheet that opens it.
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(plain) ? `'${plain}` : plain
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
