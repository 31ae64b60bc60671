/** Lines for `copy … from stdin` in text format (PostgreSQL manual, "COPY", File Formats). */
const special: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

/** One row; null becomes `\N`. */
export function copyLine(values: (string | number | boolean | null)[]): string {
  return `${values.map((v) => (v === null ? '\\N' : typeof v === 'string' ? escapeCopy(v) : String(v))).join('\t')}\n`
}

/** One value as it stands in a line. */
export function escapeCopy(text: string): string {
  return /[\\\t\n\r]/.test(text) ? text.replace(/[\\\t\n\r]/g, (c) => special[c]!) : text
}
