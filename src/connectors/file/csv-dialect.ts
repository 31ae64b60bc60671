/** How a delimited file is written, found out from its beginning. */

export interface Dialect {
  delimiter: string
  /** Empty: quotes are ordinary characters. */
  quote: string
  lineEnd: '\n' | '\r'
}

const delimiters = [',', ';', '\t', '|']

/** The dialect of a file that begins with this text. `sep=;` in its first line is Excel's own way to say it. */
export function findDialect(head: string, given: { delimiter?: string; quote?: string }): Dialect {
  const quote = given.quote === 'none' ? '' : (given.quote ?? '"')
  const lineEnd = head.includes('\r') && !head.includes('\n') ? '\r' : '\n'
  const delimiter = given.delimiter ?? declaredDelimiter(head) ?? likelyDelimiter(head, quote, lineEnd)
  return { delimiter, quote, lineEnd }
}

/** The delimiter in a first line `sep=;`, which is no row of the table. */
export function declaredDelimiter(head: string): string | undefined {
  return /^sep=([^\r\n])(\r|\n|$)/i.exec(head)?.[1]
}

/** The candidate that cuts most rows into the same number of cells, and the more cells the better. */
function likelyDelimiter(head: string, quote: string, lineEnd: string): string {
  const bare = quote === '' ? head : head.replace(quote === '"' ? /"[^"]*"/g : /'[^']*'/g, '')
  const lines = bare.split(lineEnd).filter((line) => line.trim() !== '')
  // The last line of the head is usually cut.
  const whole = lines.length > 2 ? lines.slice(0, -1) : lines
  const scores = delimiters.map((delimiter) => score(whole.map((line) => line.split(delimiter).length)))
  const best = Math.max(...scores)
  return best > 0 ? (delimiters[scores.indexOf(best)] ?? ',') : ','
}

function score(widths: number[]): number {
  const rows = new Map<number, number>()
  for (const width of widths) rows.set(width, (rows.get(width) ?? 0) + 1)
  return Math.max(0, ...[...rows].map(([width, count]) => (count / widths.length) ** 2 * (width - 1)))
}
