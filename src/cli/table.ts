/** Tables for people: aligned columns, the widest one shortened to what fits. */
import { stripVTControlCharacters } from 'node:util'
import { clean, type Style, type Terminal } from './terminal.ts'

export interface Column<T> {
  title: string
  value(row: T): string | number | null | undefined
  align?: 'right'
  style?(row: T): Style | undefined
}

const gap = '  '
const narrowest = 12

export function table<T>(terminal: Terminal, columns: Column<T>[], rows: T[]): string {
  const cells = rows.map((row) => columns.map((column) => clean(String(column.value(row) ?? ''))))
  const widths = columns.map((column, i) => Math.max(length(column.title), ...cells.map((row) => length(row[i] ?? ''))))
  if (terminal.width !== undefined) fit(widths, terminal.width)
  const line = (texts: string[], paint: (text: string, i: number) => string) =>
    texts.map((text, i) => paint(pad(text, widths[i] ?? 0, columns[i]?.align), i)).join(gap).trimEnd()
  const head = line(columns.map((column) => column.title), (text) => terminal.paint('dim', text))
  const body = cells.map((texts, r) => line(texts, (text, i) => {
    const style = columns[i]?.style?.(rows[r] as T)
    return style === undefined ? text : terminal.paint(style, text)
  }))
  return [head, ...body].join('\n')
}

/** Name and value under each other, for one thing. */
export function properties(terminal: Terminal, entries: [name: string, value: string | number | null | undefined][]): string {
  const shown = entries.filter(([, value]) => value !== null && value !== undefined && value !== '')
  const widest = Math.max(0, ...shown.map(([name]) => length(name)))
  return shown.map(([name, value]) => `${terminal.paint('dim', name.padEnd(widest))}  ${clean(String(value))}`).join('\n')
}

export function shorten(text: string, width: number): string {
  return length(text) <= width ? text : `${[...text].slice(0, Math.max(0, width - 1)).join('')}…`
}

function fit(widths: number[], width: number): void {
  const total = () => widths.reduce((sum, w) => sum + w, 0) + gap.length * (widths.length - 1)
  while (total() > width) {
    const widest = widths.indexOf(Math.max(...widths))
    const next = (widths[widest] ?? 0) - 1
    if (next < narrowest) return
    widths[widest] = next
  }
}

function pad(text: string, width: number, align: 'right' | undefined): string {
  const short = shorten(text, width)
  const space = ' '.repeat(Math.max(0, width - length(short)))
  return align === 'right' ? space + short : short + space
}

function length(text: string): number {
  return [...stripVTControlCharacters(text)].length
}
