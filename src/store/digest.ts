/** Digests of accounts as a read shows them, the same as those that the database keeps of the accounts it has (`account.digest`). */
import { hash } from 'node:crypto'
import type { Attributes } from '../domain/value.ts'

export interface Digested {
  name: string
  attributes: Attributes
  enabled: boolean
  protected: boolean
}

/** Makes digests of many records, as hexadecimal text. Where it should ever differ from the database's, the record is only compared the long way. */
export function openDigests(): (record: Digested) => string {
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
    for (const one of order) text += one.prefix + jsonOf(attributes[one.name]!)
    return hash('sha256', `${text}}${name}`, 'hex').slice(0, 32)
  }
}

function jsonOf(value: Attributes[string]): string {
  return Array.isArray(value) ? `[${value.map((one) => JSON.stringify(one)).join(', ')}]` : JSON.stringify(value)
}

/** jsonb keeps its keys by length, then by their bytes. */
function asJsonb(a: string, b: string): number {
  return Buffer.byteLength(a) - Buffer.byteLength(b) || Buffer.compare(Buffer.from(a), Buffer.from(b))
}
