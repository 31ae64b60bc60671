/**
 * What a read shows of an account as one text, by which it is told whether that is what is known. PostgreSQL makes the same
 * text of what stands in a row (`account_digest`): the two flags, the attributes as jsonb writes them, the name.
 */
import type { Attributes, Value } from './value.ts'

export interface Shown {
  name: string
  attributes: Attributes
  enabled: boolean
  protected: boolean
}

/** Makes texts of many accounts. */
export function openTexts(): (shown: Shown) => string {
  let names: string[] = []
  let order: { name: string; prefix: string }[] = []
  return ({ name, attributes, enabled, protected: isProtected }) => {
    // Nearly all records of a system have the same attributes in the same order.
    const own = Object.keys(attributes)
    if (own.length !== names.length || own.some((one, i) => one !== names[i])) {
      names = own
      order = own.toSorted(asJsonb).map((one, i) => ({ name: one, prefix: `${i === 0 ? '' : ', '}${JSON.stringify(one)}: ` }))
    }
    let text = `${enabled ? 1 : 0}${isProtected ? 1 : 0}{`
    for (const one of order) text += one.prefix + shownValue(attributes[one.name]!)
    return `${text}}${name}`
  }
}

export function shownValue(value: Value): string {
  return Array.isArray(value) ? `[${value.map((one) => JSON.stringify(one)).join(', ')}]` : JSON.stringify(value)
}

/** jsonb keeps its keys by length, then by their bytes. */
export function asJsonb(a: string, b: string): number {
  return Buffer.byteLength(a) - Buffer.byteLength(b) || Buffer.compare(Buffer.from(a), Buffer.from(b))
}
