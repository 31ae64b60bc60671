/** A policy as files: one YAML file per object, holding only what differs from the defaults, in a stable order. */
import { Document } from 'yaml'
import { z } from 'zod'
import { accountJob, peopleJob, role, rule, settings, system, type Policy } from './policy.ts'
import { isRecord, listKinds, schemaOf, type PolicyKind } from './policy-parse.ts'
import { canonical } from './value.ts'

/** Path → text: `settings.yaml`, `systems/hr.yaml`, `jobs/hr-people.yaml`. */
export type Files = Record<string, string>

export function exportPolicy(policy: Policy): Files {
  const files: Files = { 'settings.yaml': fileOf('settings', policy.settings) }
  for (const kind of listKinds) for (const object of policy[kind].toSorted(byId)) files[pathOf(kind, object.id)] = fileOf(kind, object)
  return files
}

export const pathOf = (kind: PolicyKind, id: string): string => (kind === 'settings' ? 'settings.yaml' : `${kind}/${id}.yaml`)

export const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

/** Text of one object's file. */
export function fileOf(kind: PolicyKind, object: unknown): string {
  const document = new Document(sorted(withoutDefaults(kind, object)))
  const schema = kind === 'settings' ? 'schema/settings.json' : `../schema/${kind}.json`
  return `# yaml-language-server: $schema=${schema}\n${document.toString({ lineWidth: 0, singleQuote: true })}`
}

/** JSON Schema by kind, for editors. In a file the id may be left out: the file's name says it. */
export function policySchemas(): Record<PolicyKind, Record<string, unknown>> {
  const schemas = { settings, systems: system, jobs: z.union([peopleJob, accountJob]), roles: role, rules: rule }
  const made = Object.entries(schemas).map(([kind, schema]) => {
    const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>
    for (const variant of (json['anyOf'] ?? [json]) as { required?: string[] }[]) {
      if (variant.required) variant.required = variant.required.filter((name) => name !== 'id')
    }
    return [kind, json]
  })
  return Object.fromEntries(made) as Record<PolicyKind, Record<string, unknown>>
}

/** What can be left out, because parsing puts it back. */
function withoutDefaults(kind: PolicyKind, object: unknown): unknown {
  const schema = schemaOf(kind, object)
  const whole = canonical(schema.parse(object))
  const lean: unknown = structuredClone(object)
  const shrink = (part: unknown): void => {
    // Items of long lists (a role's grants) have no defaults worth the search.
    if (Array.isArray(part)) return part.length > 30 ? undefined : part.forEach(shrink)
    if (!isRecord(part)) return
    for (const key of Object.keys(part)) {
      const value = part[key]
      delete part[key]
      const parsed = schema.safeParse(lean)
      if (parsed.success && canonical(parsed.data) === whole) continue
      // Put back at the end, so that the order of keys stays.
      part[key] = value
      if (key !== 'config') shrink(value)
    }
  }
  shrink(lean)
  return lean
}

/** Fields keep the schema's order; what is keyed by names (mappings, configuration) goes by the alphabet. */
function sorted(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => sorted(item))
  if (!isRecord(value)) return value
  const named = key === 'mapping' || key === 'position' || key === 'config'
  const entries = Object.entries(value)
  if (named) entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([name, item]) => [name, sorted(item, named ? 'config' : name)]))
}
