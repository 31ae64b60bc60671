/** Names for ids: of policy objects as they are now, and of those who acted. */
import { errors } from '../domain/errors.ts'
import type { ErrorCode } from '../domain/errors.ts'
import type { Policy } from '../domain/policy.ts'
import type { Names } from '../domain/sentence.ts'
import { currentRevision } from '../store/policy.ts'
import { actorNames } from '../store/sign-in.ts'
import type { Door } from './door.ts'

export interface Named { id: string; name: string }

export interface Lexicon extends Names {
  policy: Policy
  revision: number
  namedSystem(id: string): Named
  namedUser(id: string): Named
}

/** `actors`: whose names will be wanted. */
export async function lexicon(door: Door, actors: (string | null | undefined)[] = []): Promise<Lexicon> {
  const { pool } = door.context
  const known = actors.filter((a) => a !== null && a !== undefined)
  const [{ policy, revision }, users] = await Promise.all([currentRevision(pool), actorNames(pool, known)])
  const nameIn = (objects: { id: string; name: string }[]) => (id: string) => objects.find((o) => o.id === id)?.name ?? id
  const system = (id: string) => (id === 'people' ? 'People' : nameIn(policy.systems)(id))
  const user = (id: string) => users.get(id) ?? id
  return {
    policy, revision, system, user,
    job: nameIn(policy.jobs), role: nameIn(policy.roles), rule: nameIn(policy.rules),
    namedSystem: (id) => ({ id, name: system(id) }),
    namedUser: (id) => ({ id, name: user(id) }),
  }
}

/** What to do about an error code; codes of other versions have none. */
export function adviceFor(code: string | null): string {
  return code !== null && code in errors ? errors[code as ErrorCode].advice : ''
}

export function namedPerson(id: string | null, name: string | null): Named | null {
  return id === null ? null : { id, name: name ?? id }
}
