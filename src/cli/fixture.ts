/** A terminal that remembers, for tests beside the source. */
import type { Terminal } from './terminal.ts'

export interface Remembered extends Terminal {
  lines: string[]
  errors: string[]
}

/** `answers` are given one after the other to what it is asked. */
export function rememberingTerminal(answers: string[] = [], width?: number): Remembered {
  const lines: string[] = []
  const errors: string[] = []
  const left = [...answers]
  return {
    lines, errors,
    out: (text) => { lines.push(text) },
    err: (text) => { errors.push(text) },
    redraw: (text) => { errors.push(text) },
    paint: (_style, text) => text,
    interactive: answers.length > 0,
    ask: async () => left.shift() ?? '',
    input: async () => left.join('\n'),
    ...(width === undefined ? {} : { width }),
  }
}
