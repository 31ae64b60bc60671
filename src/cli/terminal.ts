/** Where the CLI reads and writes. Colours and redrawing are for people at a terminal; everything else gets plain text. */
import process from 'node:process'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { stripVTControlCharacters, styleText } from 'node:util'
import { Failure } from './exit.ts'

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'cyan' | 'magenta'

export interface Terminal {
  out(text: string): void
  err(text: string): void
  /** Columns to fill; absent when nobody looks, and nothing is cut then. */
  width?: number
  /** Somebody is there to answer. */
  interactive: boolean
  /** Colours text where colours are shown. */
  paint(style: Style | Style[], text: string): string
  /** Replaces the last line that it wrote; a line of its own where nothing can be replaced. */
  redraw(text: string): void
  ask(question: string, options?: { hidden?: boolean }): Promise<string>
  /** All of standard input. */
  input(): Promise<string>
}

export function processTerminal(): Terminal {
  const { stdin, stdout, stderr } = process
  let drawn = false
  const finishLine = () => {
    if (drawn) stderr.write('\n')
    drawn = false
  }
  return {
    ...(stdout.isTTY ? { width: stdout.columns } : {}),
    interactive: Boolean(stdin.isTTY && stderr.isTTY),
    out(text) { finishLine(); stdout.write(`${text}\n`) },
    err(text) { finishLine(); stderr.write(`${text}\n`) },
    paint: (style, text) => styleText(style, text, { stream: stdout }),
    redraw(text) {
      if (!stderr.isTTY) return void stderr.write(`${text}\n`)
      stderr.write(`\r\u001b[2K${text}`)
      drawn = true
    },
    async ask(question, options = {}) {
      stderr.write(question)
      const output = options.hidden ? new Writable({ write: (_chunk, _encoding, done) => done() }) : stderr
      const lines = createInterface({ input: stdin, output, terminal: Boolean(stdin.isTTY) })
      try {
        // Ctrl-C and Ctrl-D are answers, too.
        return await new Promise<string>((resolve, reject) => {
          for (const event of ['SIGINT', 'close'] as const) lines.once(event, () => reject(new Failure('interrupted', '')))
          lines.question('').then(resolve, reject)
        })
      } finally {
        lines.close()
        if (options.hidden) stderr.write('\n')
      }
    },
    async input() {
      const chunks: Buffer[] = []
      for await (const chunk of stdin) chunks.push(Buffer.from(chunk))
      return Buffer.concat(chunks).toString('utf8')
    },
  }
}

/** Text from a system or file, without what could steer a terminal. */
export function clean(text: string): string {
  return stripVTControlCharacters(text).replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, ' ')
}
