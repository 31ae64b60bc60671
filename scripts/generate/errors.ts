import { readFileSync } from 'node:fs'
import path from 'node:path'
import { errors } from '../../src/domain/errors.ts'
import type { Generator } from '../generate.ts'

const source = path.join(import.meta.dirname, '../../src/domain/errors.ts')

/** `docs/reference/errors.md`: a line for each error code, under the headings that the table has as comments. */
export const errorsPage: Generator = {
  name: 'errors',
  files: () => ({
    'docs/reference/errors.md': [
      '# Errors',
      '',
      'Generated from `src/domain/errors.ts` by `npm run generate`.',
      '',
      'Every error has a stable code. Scripts may rely on the code and on the HTTP status; the words of a message may',
      'change. The API answers `{ "error": { "code", "message", "advice", "details" } }`, the CLI prints the message, the',
      'advice and the code, and ends with the [exit code](exit-codes.md) that belongs to the status.',
      ...sections().flatMap(({ title, codes }) => [
        '', `## ${title}`, '', '| code | status | what to do |', '|---|---|---|',
        ...codes.map((code) => `| \`${code}\` | ${errors[code].status} | ${errors[code].advice} |`),
      ]),
      '',
    ].join('\n'),
  }),
}

function sections(): { title: string; codes: (keyof typeof errors)[] }[] {
  const found: { title: string; codes: (keyof typeof errors)[] }[] = []
  for (const line of readFileSync(source, 'utf8').split('\n')) {
    const title = /^ {2}\/\/ (.+)$/.exec(line)?.[1]
    const code = /^ {2}([A-Z_]+): \{/.exec(line)?.[1]
    if (title) found.push({ title, codes: [] })
    if (code && code in errors) found.at(-1)?.codes.push(code as keyof typeof errors)
  }
  return found
}
