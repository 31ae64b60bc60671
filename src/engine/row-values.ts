/**
 * What a plan asks of the values of all rows together, gathered while they go by, so that they need not be read again:
 * which keys and values two rows may share, and whether all that rows refer to is among them. Whoever takes rows makes
 * prints of the values; who has all the rows gathers the prints.
 */
import type { PeopleJob, Policy } from '../domain/policy.ts'
import type { Attributes } from '../domain/value.ts'
import { addPrint, KeyFilter } from './key-filter.ts'
import { notByKey, uniqueAttributes } from './people-unique.ts'

/** Attribute → values that several rows may have; null: too many to be listed. An attribute that is not there is shared by nobody. */
export type Suspects = Map<string, string[] | null>

/** Names of attributes. */
export interface Watched {
  /** Each person has them alone. */
  unique: string[]
  references: { name: string; to: string }[]
  /** What references lead to. */
  targets: string[]
}

const suspectsMax = 5_000

export function watched(job: PeopleJob, policy: Policy): Watched {
  const references = policy.settings.attributes.filter((a) => a.type === 'reference' && !a.multiValued && job.mapping[a.name] !== undefined)
    .map(({ name, references }) => ({ name, to: references ?? 'employeeId' }))
  return { unique: notByKey(job, uniqueAttributes(policy)), references, targets: [...new Set(references.map((r) => r.to))] }
}

/** Where positions have keys of their own, a person may have several rows. */
export const rowKey = (key: string, positionKey: string): string => (positionKey === '' ? key : `${key}\u0000${positionKey}`)

/** Of each row the prints of its key, then of the values that are watched in their order: two numbers each, zeros where there is none. */
export class RowPrints {
  #watched: Watched
  #prints: number[] = []
  #odd: { name: string; value: string }[] = []
  #lastOf: string[]

  constructor(watched: Watched) {
    this.#watched = watched
    this.#lastOf = watched.references.map(() => '')
  }

  add(key: string, positionKey: string, attributes: Attributes): void {
    const prints = this.#prints
    const { unique, references, targets } = this.#watched
    addPrint(prints, rowKey(key, positionKey))
    for (const name of unique) {
      const value = attributes[name]
      const text = value === undefined ? undefined : String(value)
      this.#print(text?.toLowerCase())
      // PostgreSQL has the word on what is equal in lower case; beyond ASCII it may differ from ours.
      if (text !== undefined && !isAscii(text)) this.#odd.push({ name, value: text })
    }
    for (const name of targets) {
      const value = attributes[name]
      this.#print(value === undefined ? undefined : String(value))
    }
    for (let i = 0; i < references.length; i++) {
      const value = attributes[references[i]!.name]
      // Neighbours often have the same.
      const isNew = typeof value === 'string' && value !== this.#lastOf[i]
      this.#print(isNew ? value : undefined)
      if (isNew) this.#lastOf[i] = value
    }
  }

  take(): { prints: Uint32Array<ArrayBuffer>; odd: { name: string; value: string }[] } {
    const taken = { prints: new Uint32Array(this.#prints), odd: this.#odd }
    this.#prints = []
    this.#odd = []
    this.#lastOf.fill('')
    return taken
  }

  #print(text: string | undefined): void {
    if (text === undefined) this.#prints.push(0, 0)
    else addPrint(this.#prints, text)
  }
}

/** Some rows that were taken together. */
export interface TakenRows extends ReturnType<RowPrints['take']> {
  rows: number
  /** Of the row at this place among them. */
  keyAt(place: number): string
  attributesAt(place: number): Attributes
}

export class RowValues {
  #keys = new KeyFilter()
  #sharedKeys = new Set<string>()
  #unique: { name: string; seen: KeyFilter; suspects: Set<string> | null }[]
  #targets: { name: string; known: KeyFilter }[]
  #references: { name: string; to: string; referred: KeyFilter }[]

  constructor({ unique, references, targets }: Watched) {
    this.#unique = unique.map((name) => ({ name, seen: new KeyFilter(), suspects: new Set() }))
    this.#targets = targets.map((name) => ({ name, known: new KeyFilter() }))
    this.#references = references.map((r) => ({ ...r, referred: new KeyFilter() }))
  }

  add(taken: TakenRows): void {
    const { rows, prints, odd } = taken
    const filters = [this.#keys, ...this.#unique.map((u) => u.seen), ...this.#targets.map((t) => t.known), ...this.#references.map((r) => r.referred)]
    for (let place = 0, at = 0; place < rows; place++) {
      for (let i = 0; i < filters.length; i++, at += 2) {
        const low = prints[at]!
        if (low === 0 || !filters[i]!.seen(low, prints[at + 1]!)) continue
        if (i === 0) this.#sharedKeys.add(taken.keyAt(place))
        else if (i <= this.#unique.length) this.#suspect(this.#unique[i - 1]!.name, () => String(taken.attributesAt(place)[this.#unique[i - 1]!.name]))
      }
    }
    for (const { name, value } of odd) this.#suspect(name, () => value)
  }

  /** The key of a row that cannot be used is its own all the same. */
  addKey(key: string, positionKey: string): void {
    const print: number[] = []
    addPrint(print, rowKey(key, positionKey))
    if (this.#keys.seen(print[0]!, print[1]!)) this.#sharedKeys.add(key)
  }

  /** Keys that several rows may have. */
  sharedKeys(): Set<string> {
    return this.#sharedKeys
  }

  suspects(): Suspects {
    return new Map(this.#unique.flatMap(({ name, suspects }) => (suspects?.size === 0 ? [] : [[name, suspects === null ? null : [...suspects]] as const])))
  }

  /** Attributes whose references all lead to a row of the same source. */
  settled(): string[] {
    return this.#references.filter(({ to, referred }) => this.#targets.find((t) => t.name === to)!.known.hasAllOf(referred)).map((r) => r.name)
  }

  #suspect(name: string, value: () => string): void {
    const one = this.#unique.find((u) => u.name === name)!
    if (one.suspects === null) return
    one.suspects.add(value())
    if (one.suspects.size > suspectsMax) one.suspects = null
  }
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false
  return true
}
