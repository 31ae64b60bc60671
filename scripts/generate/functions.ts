import { functions, macros } from '../../src/domain/expression-functions.ts'
import type { Generator } from '../generate.ts'

const groups = { Text: 'Text', Nothing: 'What is missing', Choice: 'Choices', Dates: 'Dates', Lists: 'Lists', Names: 'Unique names', Numbers: 'Numbers and kinds' } as const

/** `docs/reference/functions.md`: what expressions may use, each with an example that a test runs. */
export const functionsPage: Generator = {
  name: 'functions',
  files: () => ({
    'docs/reference/functions.md': [
      '# Expressions and their functions',
      '',
      'Generated from `src/domain/expression-functions.ts` by `npm run generate`. Every example is run by a test.',
      '',
      'Mappings, scopes and rules are written in CEL, the Common Expression Language. A job to people sees the source row:',
      '`row["E-mail"]`. Jobs to systems and rules see `person.email`, `position.department` (the primary position; in a',
      'rule the one that is tried) and the list `positions`.',
      '',
      '- What is missing is `null`. Functions and operators let it through: null in, null out. `join` leaves it out.',
      '- Compared with something else, null is unequal and neither less nor greater. As a condition it counts as false.',
      '- A mapping whose result is null or empty text has no value: what the destination has is removed. `keep()` leaves it.',
      '- Numbers are plain numbers; `+` joins text with numbers. Dates are text such as `2026-11-21` and compare as such.',
      '- Functions may also be written as methods: `row["E-mail"].trim().lower()`.',
      '- Operators: `+ - * / %`, `== != < <= > >=`, `&& || !`, `in`, and `condition ? this : that`.',
      ...Object.entries(groups).flatMap(([group, title]) => [
        '', `## ${title}`, '', ...table(functions.filter((entry) => entry.group === group)),
      ]),
      '', '## Going through lists', '', ...table(macros), '',
    ].join('\n'),
  }),
}

type Row = Pick<(typeof functions)[number], 'signature' | 'description' | 'example' | 'result'>

function table(rows: Row[]): string[] {
  return [
    '| function | what it gives | example | result |', '|---|---|---|---|',
    ...rows.map((row) => `| \`${cell(row.signature)}\` | ${cell(row.description)} | \`${cell(row.example)}\` | ${result(row.result)} |`),
  ]
}

const cell = (text: string): string => text.replaceAll('|', '\\|')

function result(value: unknown): string {
  const marker = typeof value === 'object' && value !== null && 'mapped' in value ? `(${String(value.mapped)})` : null
  return marker ?? `\`${cell(JSON.stringify(value))}\``
}
