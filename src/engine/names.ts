/** Which of the candidates for a unique name is free, asked of the database as far as needed. */
import { accountJobs, type AccountJob, type Policy } from '../domain/policy.ts'
import type { Client } from '../store/database.ts'
import { takenNames } from '../store/name.ts'

export interface Names {
  /** Finds out about these names at once; whatever else is needed is found out one person at a time. */
  ask(attribute: string, values: string[]): Promise<void>
  /** The first candidate that nobody has, neither in the database nor by this pass. */
  firstFree(attribute: string, candidates: string[]): Promise<string | undefined>
  choose(attribute: string, value: string): void
}

/** `chosen` are the names given out in this pass, over all batches: `system attribute value`. */
export function openNames(client: Client, systemId: string, chosen: Set<string>): Names {
  const asked = new Set<string>()
  const taken = new Set<string>()
  const key = (attribute: string, value: string): string => `${systemId} ${attribute} ${value.toLowerCase()}`

  const ask = async (attribute: string, values: string[]): Promise<void> => {
    const unknown: string[] = []
    for (const value of values) {
      const name = key(attribute, value)
      if (asked.has(name)) continue
      asked.add(name)
      unknown.push(value.toLowerCase())
    }
    if (unknown.length === 0) return
    for (const value of await takenNames(client, systemId, attribute, unknown)) taken.add(key(attribute, value))
  }

  return {
    ask,
    async firstFree(attribute, candidates) {
      const isFree = (value: string): boolean => !taken.has(key(attribute, value)) && !chosen.has(key(attribute, value))
      // Nearly everybody gets their first candidate; the long tail is only asked for where it comes to that.
      const first = expand(candidates, 1)
      await ask(attribute, first)
      const early = first.find(isFree)
      if (early !== undefined) return early
      const all = expand(candidates)
      await ask(attribute, all)
      return all.find(isFree)
    },
    choose: (attribute, value) => { chosen.add(key(attribute, value)) },
  }
}

/** The attributes that a job draws unique names for. */
export function namedBy({ mapping }: AccountJob): string[] {
  return Object.entries(mapping).filter(([, source]) => /\bunique\s*\(/.test(source)).map(([attribute]) => attribute)
}

/** Those of all jobs. */
export function namedAttributes(policy: Policy): string[] {
  return [...new Set(accountJobs(policy).flatMap(namedBy))]
}

const numberMax = 99

/** Candidates in order, `limit` at most; `{n}` in one stands for 2, 3, … and is tried after those without. */
export function expand(candidates: string[], limit = Infinity): string[] {
  const plain = candidates.filter((c) => !c.includes('{n}'))
  if (plain.length >= limit) return plain.slice(0, limit)
  const counted = candidates.filter((c) => c.includes('{n}'))
  return [...plain, ...counted.flatMap((c) => Array.from({ length: numberMax - 1 }, (_, i) => c.replaceAll('{n}', String(i + 2))))].slice(0, limit)
}
