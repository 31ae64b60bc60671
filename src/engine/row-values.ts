/**
 * What a plan asks of the values of all rows together, gathered while they go by, so that they need not be read again:
 * which values two rows may share although each person has them alone, and whether all that rows refer to is among them.
 */
import type { PeopleJob, Policy } from '../domain/policy.ts'
import type { Attributes } from '../domain/value.ts'
import { KeyFilter } from './key-filter.ts'
import { notByKey, uniqueAttributes } from './people-unique.ts'

/** Attribute → values that several rows may have; null: too many to be listed. An attribute that is not there is shared by nobody. */
export type Suspects = Map<string, string[] | null>

const suspectsMax = 5_000

export class RowValues {
  #unique: { name: string; seen: KeyFilter; suspects: Set<string> | null }[]
  #references: { name: string; to: string; referred: KeyFilter; last: string }[]
  #targets: { name: string; known: KeyFilter }[]

  constructor(job: PeopleJob, policy: Policy) {
    const mapped = (name: string): boolean => job.mapping[name] !== undefined
    const references = policy.settings.attributes.filter((a) => a.type === 'reference' && !a.multiValued && mapped(a.name))
    this.#unique = notByKey(job, uniqueAttributes(policy)).map((name) => ({ name, seen: new KeyFilter(), suspects: new Set() }))
    this.#references = references.map(({ name, references }) => ({ name, to: references ?? 'employeeId', referred: new KeyFilter(), last: '' }))
    this.#targets = [...new Set(this.#references.map((r) => r.to))].map((name) => ({ name, known: new KeyFilter() }))
  }

  add(attributes: Attributes): void {
    for (const one of this.#unique) {
      const value = attributes[one.name]
      if (value === undefined || one.suspects === null) continue
      const text = String(value)
      // PostgreSQL has the word on what is equal in lower case; beyond ASCII it may differ from ours.
      if (!one.seen.seen(text.toLowerCase()) && isAscii(text)) continue
      one.suspects.add(text)
      if (one.suspects.size > suspectsMax) one.suspects = null
    }
    for (const { name, known } of this.#targets) {
      const value = attributes[name]
      if (value !== undefined) known.seen(String(value))
    }
    for (const one of this.#references) {
      const value = attributes[one.name]
      // Neighbours often have the same.
      if (typeof value !== 'string' || value === one.last) continue
      one.referred.seen(value)
      one.last = value
    }
  }

  suspects(): Suspects {
    return new Map(this.#unique.flatMap(({ name, suspects }) => (suspects?.size === 0 ? [] : [[name, suspects === null ? null : [...suspects]] as const])))
  }

  /** Attributes whose references all lead to a row of the same source. */
  settled(): string[] {
    return this.#references.filter(({ to, referred }) => this.#targets.find((t) => t.name === to)!.known.hasAllOf(referred)).map((r) => r.name)
  }
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false
  return true
}
