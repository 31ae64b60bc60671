/** The part of JSON Schema that connectors use, read for a form. */
import { isRecord } from '../api.ts'

export interface Field {
  name: string
  title: string
  description?: string
  required: boolean
  kind: 'text' | 'secret' | 'number' | 'boolean' | 'choice' | 'list' | 'words' | 'group' | 'pairs'
  options: string[]
  fields: Field[]
  default?: unknown
}

type Schema = Record<string, unknown>

/** Fields of an object's schema, in its order. */
export function fieldsOf(schema: Schema): Field[] {
  const properties = isRecord(schema['properties']) ? schema['properties'] : {}
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  return Object.entries(properties)
    .filter((entry): entry is [string, Schema] => isRecord(entry[1]))
    .map(([name, property]) => fieldOf(name, property, required.includes(name) && property['default'] === undefined))
}

/** Those that everybody fills in, and the rest. Without required fields, all before the first group count as the first. */
export function mainFields(fields: Field[]): [main: Field[], rest: Field[]] {
  const group = fields.findIndex((field) => field.kind === 'group')
  const first = fields.some((field) => field.required) ? [] : fields.slice(0, group === -1 ? fields.length : group)
  const main = fields.filter((field) => field.required || field.kind === 'secret' || first.includes(field))
  return [main, fields.filter((field) => !main.includes(field))]
}

function fieldOf(name: string, schema: Schema, required: boolean): Field {
  const base = {
    name,
    required,
    title: textOf(schema['title']) ?? name,
    description: textOf(schema['description']),
    default: schema['default'],
    options: optionsOf(schema),
    fields: [],
  }
  if (schema['secret'] === true) return { ...base, kind: 'secret' }
  if (schema['type'] === 'object') {
    return isRecord(schema['properties'])
      ? { ...base, kind: 'group', fields: fieldsOf(schema) }
      : { ...base, kind: 'pairs' }
  }
  if (schema['type'] === 'array') return { ...base, kind: 'list' }
  if (variantsOf(schema).some((variant) => variant['type'] === 'array')) return { ...base, kind: 'words' }
  if (base.options.length > 0) return { ...base, kind: 'choice' }
  if (schema['type'] === 'boolean') return { ...base, kind: 'boolean' }
  return { ...base, kind: schema['type'] === 'number' || schema['type'] === 'integer' ? 'number' : 'text' }
}

function optionsOf(schema: Schema): string[] {
  const own = Array.isArray(schema['enum']) ? schema['enum'] : schema['const'] === undefined ? [] : [schema['const']]
  return [...own, ...variantsOf(schema).flatMap(optionsOf)].filter((option) => typeof option === 'string')
}

function variantsOf(schema: Schema): Schema[] {
  const variants = schema['anyOf'] ?? schema['oneOf']
  return Array.isArray(variants) ? variants.filter(isRecord) : []
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined)
