/**
 * Plain values, as they travel between systems, people and plans.
 * Everything is JSON: dates are ISO 8601 text (`2026-11-21`), instants ISO 8601 text with `Z`, binary is base64 text.
 */

/** One value of an attribute. A list is a multi-valued attribute; its order carries no meaning. */
export type Value = string | number | boolean | string[]

/** Attribute name → value. A missing name means "no value"; `null` never occurs. */
export type Attributes = Record<string, Value>

/** What a mapping decided for one attribute: a value, leave alone what is there, or remove what is there. */
export type Mapped = { set: Value } | 'keep' | 'clear'

/** A value as canonical JSON: object keys sorted, multi-values sorted, so that equal values have equal text. */
export function canonical(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (value !== null && typeof value === 'object') {
    // Millions of changes are hashed: one text that grows is quicker than many that are joined.
    const values = value as Record<string, unknown>
    const names = Object.keys(values)
    if (names.length > 1) names.sort()
    let text = ''
    for (const name of names) if (values[name] !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${canonical(values[name])}`
    return `{${text}}`
  }
  return JSON.stringify(value) ?? 'null'
}

/** Whether two attribute values are the same; lists are compared as sets. */
export function sameValue(a: Value | undefined, b: Value | undefined): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && canonical(a.toSorted()) === canonical(b.toSorted())
  }
  return a === b
}
