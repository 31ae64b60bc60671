/** What a read need not settle again: accounts that it shows as they are known, told by digests (`account.digest`). */
import type { Client } from './database.ts'
import { digestLength, digestOf } from './digest.ts'

/** All accounts of one type: texts that are long, as so many short ones take longer to make than to compare. */
export interface KnownRow {
  objectType: string
  ids: string[]
  /** One after the other. */
  digests: string
}

/** Accounts that are known, and which of them a read has not shown yet; at the end of a complete read these are gone. */
export class KnownAccounts {
  #types: Map<string, KnownOfType>

  constructor(rows: KnownRow[]) {
    this.#types = new Map(rows.map((row) => [row.objectType, new KnownOfType(row)]))
  }

  /** How many were not seen. */
  get unseen(): number {
    return [...this.#types.values()].reduce((sum, ofType) => sum + ofType.unseen, 0)
  }

  /** The account was seen; whether it is just so. */
  see(objectType: string, id: string, shown: () => string | Uint8Array): boolean {
    const ofType = this.#types.get(objectType)
    const number = ofType?.find(id)
    return number !== undefined && ofType!.tickOff(number) && ofType!.isSame(number, digestOf(shown()))
  }

  /** The same, where only what is just so counts as seen. */
  pass(objectType: string, id: string, shown: Uint8Array): boolean {
    const ofType = this.#types.get(objectType)
    const number = ofType?.find(id)
    return number !== undefined && ofType!.isSame(number, digestOf(shown)) && ofType!.tickOff(number)
  }

  /** Native ids of those that were not seen, by object type. */
  idsUnseen(): [objectType: string, ids: string[]][] {
    return [...this.#types].map(([objectType, ofType]) => [objectType, ofType.idsUnseen()])
  }
}

/** A table of numbers: a `Map` keeps each text that it is asked for among all that the program knows, which takes longer than the rest. */
class KnownOfType {
  unseen: number
  #ids: string[]
  #digests: string
  #seen: Uint8Array
  /** Numbers of accounts, counted from 1, near the place that their id gives them; 0: free. */
  #places: Uint32Array

  constructor({ ids, digests }: KnownRow) {
    this.#ids = ids
    this.#digests = digests
    this.unseen = this.#ids.length
    this.#seen = new Uint8Array(this.unseen)
    this.#places = new Uint32Array(2 ** Math.ceil(Math.log2(this.unseen * 2 + 2)))
    for (let number = 0; number < this.#ids.length; number++) {
      let place = this.#placeOf(this.#ids[number]!)
      while (this.#places[place] !== 0) place = this.#after(place)
      this.#places[place] = number + 1
    }
  }

  find(id: string): number | undefined {
    for (let place = this.#placeOf(id); this.#places[place] !== 0; place = this.#after(place)) {
      const number = this.#places[place]! - 1
      if (this.#ids[number] === id) return number
    }
    return undefined
  }

  isSame(number: number, digest: string): boolean {
    return this.#digests.startsWith(digest, number * digestLength)
  }

  /** false: it was seen before. */
  tickOff(number: number): boolean {
    if (this.#seen[number] === 1) return false
    this.#seen[number] = 1
    this.unseen -= 1
    return true
  }

  idsUnseen(): string[] {
    return this.unseen === 0 ? [] : this.#ids.filter((_, number) => this.#seen[number] === 0)
  }

  #placeOf(id: string): number {
    let hash = 0x811c9dc5
    for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193)
    return (hash ^ (hash >>> 15)) & (this.#places.length - 1)
  }

  #after(place: number): number {
    return (place + 1) & (this.#places.length - 1)
  }
}

export async function knownAccounts(client: Client, systemId: string): Promise<KnownAccounts> {
  const { rows } = await client.query<KnownRow>(
    `select object_type as "objectType", json_agg(native_id) as ids, string_agg(encode(digest, 'hex'), '') as digests
       from account where system_id = $1 and gone_at is null group by object_type`, [systemId])
  return new KnownAccounts(rows)
}
