/**
 * What a plan asks of the values of all rows together, gathered while they go by, so that they need not be read again:
 * which keys and values two rows may share, and whether all that rows refer to is among them. Whoever takes rows makes
 * prints of the values; who has all the rows gathers the prints.
 */
import type { PeopleJob, Policy } from '../domain/policy.ts'
import type { Attributes, Value } from '../domain/value.ts'
import { KeyFilter, print, printBytes } from './key-filter.ts'
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
  /** The watched attributes in their order. */
  readonly names: string[]
  #prints = new Uint32Array(0)
  #at = 0
  #odd: { name: string; value: string }[] = []
  #uniqueEnd: number
  #referencesFrom: number
  #lastOf: Uint32Array

  constructor({ unique, references, targets }: Watched) {
    this.names = [...unique, ...targets, ...references.map((r) => r.name)]
    this.#uniqueEnd = unique.length
    this.#referencesFrom = unique.length + targets.length
    this.#lastOf = new Uint32Array(this.names.length * 2)
  }

  /** Before so many rows at most. */
  begin(rows: number): void {
    this.#prints = new Uint32Array(rows * (1 + this.names.length) * 2)
    this.#at = 0
    this.#odd = []
    this.#lastOf.fill(0)
  }

  take(): { prints: Uint32Array<ArrayBuffer>; odd: { name: string; value: string }[] } {
    return { prints: this.#prints.slice(0, this.#at), odd: this.#odd }
  }

  add(key: string, positionKey: string, attributes: Attributes): void {
    print(this.#prints, this.#at, rowKey(key, positionKey))
    this.#at += 2
    for (let i = 0; i < this.names.length; i++) this.value(i, attributes[this.names[i]!])
  }

  /** The key of a row whose values follow one by one, in UTF-8. */
  key(bytes: Buffer, from: number, to: number, positionKey: string): void {
    if (positionKey !== '' || !printBytes(this.#prints, this.#at, bytes, from, to, false)) {
      print(this.#prints, this.#at, rowKey(bytes.toString('utf8', from, to), positionKey))
    }
    this.#at += 2
  }

  /** `place`: in `names`. */
  value(place: number, value: Value | undefined): void {
    if (value !== undefined && (place < this.#referencesFrom || typeof value === 'string')) {
      const isUnique = place < this.#uniqueEnd
      const text = String(value)
      print(this.#prints, this.#at, isUnique ? text.toLowerCase() : text)
      // PostgreSQL has the word on what is equal in lower case; beyond ASCII it may differ from ours.
      if (isUnique && !isAscii(text)) this.#odd.push({ name: this.names[place]!, value: text })
      if (place >= this.#referencesFrom) this.#forgetRepeated(place)
    }
    this.#at += 2
  }

  /** A value that is text in UTF-8; the empty one is none. */
  bytes(place: number, bytes: Buffer, from: number, to: number): void {
    if (from < to && !printBytes(this.#prints, this.#at, bytes, from, to, place < this.#uniqueEnd)) {
      this.value(place, bytes.toString('utf8', from, to))
      return
    }
    if (from < to && place >= this.#referencesFrom) this.#forgetRepeated(place)
    this.#at += 2
  }

  /** Neighbours often refer to the same. */
  #forgetRepeated(place: number): void {
    const [prints, at, last] = [this.#prints, this.#at, this.#lastOf]
    const isRepeated = prints[at] === last[place * 2] && prints[at + 1] === last[place * 2 + 1]
    last[place * 2] = prints[at]!
    last[place * 2 + 1] = prints[at + 1]!
    if (isRepeated) prints.fill(0, at, at + 2)
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
    const one = new Uint32Array(2)
    print(one, 0, rowKey(key, positionKey))
    if (this.#keys.seen(one[0]!, one[1]!)) this.#sharedKeys.add(key)
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
