import { z } from 'zod'
import * as policy from '../../src/domain/policy.ts'
import type { Generator } from '../generate.ts'

interface Schema {
  type?: string; title?: string; description?: string; enum?: unknown[]; const?: unknown; default?: unknown; $ref?: string
  properties?: Record<string, Schema>; required?: string[]; items?: Schema; anyOf?: Schema[]; additionalProperties?: Schema | boolean
  minimum?: number; maximum?: number; pattern?: string
}

const kinds: [file: string, what: string, schema: z.ZodType][] = [
  ['settings.yaml', 'The organisation, its time zone, the attributes of people, brakes on people.', policy.settings],
  ['systems/<id>.yaml', 'A source or destination. `config` is what its connector asks for; see [the connectors](../connectors/index.md).', policy.system],
  ['jobs/<id>.yaml, to people', 'From a source of rows to people.', policy.peopleJob],
  ['jobs/<id>.yaml, to a system', 'From people to accounts of one type in a destination.', policy.accountJob],
  ['roles/<id>.yaml', 'A named bundle of entitlements and other roles.', policy.role],
  ['rules/<id>.yaml', 'A condition that gives roles.', policy.rule],
]

const brakesMeaning = 'For each of create, update, rename, disable, delete, grant and revoke: `{ share, count }`. Held when more than `count` and more than '
  + '`share` (0 to 1) of what is there would change; with one of them set, that one alone decides. '
  + 'A system has `errorRate` besides: it pauses while changes are carried out when more than `count` and more than `share` of the last ones failed. '
  + 'See [methods and brakes](../concepts/methods-and-brakes.md).'

/** `docs/reference/policy.md`: every field of the policy files, from the schemas. */
export const policyPage: Generator = {
  name: 'policy page',
  files: () => ({ 'docs/reference/policy.md': page() }),
}

function page(): string {
  return [
    '# Policy files',
    '',
    'Generated from `src/domain/policy.ts` by `npm run generate`.',
    '',
    'One YAML file per object, in the folder that `usher policy export DIR` writes. The UI edits the same model. The export also writes the JSON',
    'Schemas, and each file names its own in the first line, so that an editor completes and checks while you type. Secrets are',
    'references (`usher secret set NAME`), never values. Expressions are CEL with [these functions](functions.md).',
    ...kinds.flatMap(([file, what, schema]) => [
      '', `## \`${file}\``, '', what, '', '| field | type | default | meaning |', '|---|---|---|---|',
      ...rows(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Schema, ''),
    ]),
    '',
  ].join('\n')
}

function rows(schema: Schema, prefix: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const required = schema.required?.includes(name) ? '**required**' : field.default === undefined ? '' : `\`${JSON.stringify(field.default)}\``
    const path = `${prefix}${name}`
    const shown = required.length > 60 ? 'see the export' : required
    const isBrakes = field.title === 'Brakes'
    const meaning = isBrakes ? brakesMeaning : field.description ?? (field.title && field.title.toLowerCase() !== name.toLowerCase() ? field.title : '')
    const row = `| \`${path}\` | ${cell(typeOf(field))} | ${cell(shown)} | ${cell(meaning)} |`
    const inner = isBrakes ? [] : field.properties ? rows(field, `${path}.`) : field.items?.properties ? rows(field.items, `${path}[].`) : []
    return [row, ...inner]
  })
}

function typeOf(field: Schema): string {
  if (field.enum) return field.enum.map((value) => `\`${String(value)}\``).join(', ')
  if (field.const !== undefined) return `\`${String(field.const)}\``
  if (field.anyOf) return field.anyOf.map(typeOf).join(' or ')
  if (field.type === 'array') return `list of ${field.items ? typeOf(field.items) : 'anything'}`
  if (field.type === 'object' && typeof field.additionalProperties === 'object') return `name → ${typeOf(field.additionalProperties)}`
  if ((field.type === 'number' || field.type === 'integer') && field.maximum !== undefined && field.maximum < 10_000) return `${field.type}, ${field.minimum ?? 0} to ${field.maximum}`
  if (field.type === 'string') return field.description === 'CEL' ? 'expression' : 'text'
  return field.type ?? 'anything'
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
