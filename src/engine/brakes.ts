/**
 * Brakes: limits that hold part of a plan before its first write, until somebody releases the exact set. They look at the
 * plan and at what other plans did in the last hours, in stored rows: many small runs do not evade them, nor does a restart.
 */
import { createHash } from 'node:crypto'
import { exceeds, windowOf, type Brake, type Limit } from '../domain/brake.ts'
import { brakesOf, privilegedBrakesOf, type Policy } from '../domain/policy.ts'
import { changeKinds, type ChangeKind, type PlanBrake } from '../domain/plan.ts'
import { together, type Client } from '../store/database.ts'
import {
  branchSet, changesPeople, countedElsewhere, countNoMore, holdBranch, markBraked, observeWithPeople, peopleHeldSet, plannedBranches, presentSize, privilegedIds, unholdAll, type Branch,
} from '../store/brake.ts'
import type { ChangeCount } from '../store/plan.ts'
import { countsAlready, latestRelease, releasedBy } from '../store/release.ts'

/** Changes of these kinds leave fewer behind to compare with. */
const shrinking: ChangeKind[] = ['delete', 'revoke']

/**
 * Marks what brakes hold, and what depends on people who are held; returns every brake that met its limit, released ones too.
 * `counts`: the plan's changes, where they were counted: those of kinds that no brake looks at are not gone through.
 */
export async function applyBrakes(client: Client, planId: string, policy: Policy, asOf: string, already: PlanBrake[], counts?: ChangeCount[]): Promise<PlanBrake[]> {
  const [people, privileged] = await together(client, () => counts?.some((c) => c.stage === 1) ?? changesPeople(client, planId), () => privilegedOf(client, policy))
  if (people) await observeWithPeople(client, planId)
  const branches = [...branchesOf(policy)].map(([, b]) => b.branch)
  const looks = privileged.length > 0 || counts === undefined || branches.some((b) => counts.some((c) => c.systemId === b.systemId && c.kind === b.kind))
  const [, met] = await together(client,
    () => looks && markBraked(client, planId, branches, privileged, asOf), () => looks ? metLimits(client, planId, policy, asOf, privileged) : [])
  const brakes = await withWords(client, policy, [...already, ...met], asOf)
  if (people || brakes.length > 0) await holdUnreleased(client, planId, brakes)
  return brakes
}

/**
 * Looks once more when a plan is to go ahead: meanwhile others may have filled the window. Returns the brakes that hold
 * something now, if there are new ones. Those who ask at the same time come one after the other.
 */
export async function brakeAgain(client: Client, planId: string, policy: Policy, asOf: string, known: PlanBrake[]): Promise<PlanBrake[] | null> {
  if ((await plannedBranches(client, planId, policy.settings.peopleBrakes.create !== undefined)).length === 0) return null
  await client.query(`select pg_advisory_xact_lock(hashtext('usher brakes'))`)
  const met = await metLimits(client, planId, policy, asOf, await privilegedOf(client, policy))
  const isKnown = (brake: PlanBrake): boolean => known.some((k) => k.code === undefined && keyOf(branchOf(k)) === keyOf(branchOf(brake)))
  const added = await withWords(client, policy, met.filter((brake) => !isKnown(brake)), asOf)
  if (added.length === 0) return null
  await holdUnreleased(client, planId, added)
  return [...known, ...added]
}

/** After a release: holds again what other brakes still hold. What was released counts no more in the window. */
export async function holdUnreleased(client: Client, planId: string, brakes: PlanBrake[]): Promise<void> {
  const limits = brakes.filter((b) => b.code === undefined)
  for (const brake of limits.filter((b) => b.released === undefined)) await holdBranch(client, planId, branchOf(brake))
  for (const brake of limits.filter((b) => b.released !== undefined)) await countNoMore(client, planId, branchOf(brake))
  await peopleHeldSet(client, planId)
}

/** Lets go of what is released by now, and of nothing else. */
export async function holdAnew(client: Client, planId: string, brakes: PlanBrake[]): Promise<void> {
  await unholdAll(client, planId)
  await holdUnreleased(client, planId, brakes)
}

/** Whether a release of this set needs two users. */
export function needsSecond(policy: Policy, brake: Pick<PlanBrake, 'system' | 'kind' | 'privileged'>): boolean {
  return branchesOf(policy).get(keyOf(branchOf(brake)))?.limit.secondPerson ?? policy.settings.secondPerson
}

function hashSet(hashes: Buffer[], privileged: boolean): string {
  const hash = createHash('sha256')
  // The same changes may be held for two reasons, and each is released by itself.
  if (privileged) hash.update('privileged')
  for (const one of hashes) hash.update(one)
  return hash.digest('hex')
}

async function metLimits(client: Client, planId: string, policy: Policy, asOf: string, privileged: string[]): Promise<PlanBrake[]> {
  const branches = branchesOf(policy)
  const brakes: PlanBrake[] = []
  for (const found of await plannedBranches(client, planId, policy.settings.peopleBrakes.create !== undefined)) {
    for (const isPrivileged of [false, true]) {
      const planned = isPrivileged ? found.privileged : found.planned
      const known = branches.get(keyOf({ ...found, privileged: isPrivileged }))
      if (known === undefined || planned === 0) continue
      const met = await metLimit(client, planId, known.branch, known.limit, planned, asOf, privileged)
      if (met === null) continue
      const setHash = hashSet(await branchSet(client, planId, known.branch), isPrivileged)
      brakes.push({ system: found.systemId, kind: found.kind, planned, ...met, ...(isPrivileged ? { privileged: true } : {}), setHash })
    }
  }
  return brakes
}

/** Counts what there is to compare with only where the plain number is too much. */
async function metLimit(client: Client, planId: string, branch: Branch, brake: Brake, planned: number, asOf: string, privileged: string[]): Promise<Pick<PlanBrake, 'of' | 'limit' | 'window'> | null> {
  const window = windowOf(brake)
  const since = Temporal.Instant.from(asOf).subtract({ hours: window?.hours ?? 0 }).toString()
  const counted = window === null ? 0 : await countedElsewhere(client, planId, branch, since)
  const many = (count: number | undefined, n: number): boolean => n > (count ?? 0)
  if (!many(brake.count, planned) && !(window !== null && many(window.count, planned + counted))) return null
  const present = await presentSize(client, branch, privileged, enoughFor([brake, ...(window === null ? [] : [window])], planned + counted))
  if (exceeds(brake, planned, present)) return { of: present, limit: limitOf(brake) }
  const before = present + (shrinking.includes(branch.kind) || branch.systemId === 'people' ? counted : 0)
  if (window === null || counted === 0 || !exceeds(window, planned + counted, before)) return null
  return { of: before, limit: limitOf(window), window: { hours: window.hours, counted } }
}

/** Where so many are there, none of the limits is met by these changes, however many more there are; null: where shares do not matter. */
function enoughFor(limits: Limit[], changes: number): number | null {
  const needed = Math.max(...limits.map(({ share }) => (share === undefined ? Infinity : Math.ceil(changes / share))))
  return Number.isFinite(needed) ? needed + 1 : null
}

/** With the word of users on each set, as far as it was given. */
async function withWords(client: Client, policy: Policy, brakes: PlanBrake[], asOf: string): Promise<PlanBrake[]> {
  const all: PlanBrake[] = []
  for (const brake of brakes) {
    const first = await latestRelease(client, brake.setHash, asOf)
    const word = first === null ? {} : countsAlready(first) ? { released: releasedBy(first) } : { pending: { by: first.by, at: first.at } }
    all.push({ ...brake, ...(needsSecond(policy, brake) ? { secondPerson: true } : {}), ...word })
  }
  return all
}

/** Every limit that the policy sets, by system, kind and whether only privileged entitlements are meant. */
function branchesOf(policy: Policy): Map<string, { branch: Branch; limit: Brake }> {
  const all = new Map<string, { branch: Branch; limit: Brake }>()
  const add = (systemId: string, limits: Partial<Record<ChangeKind, Brake | undefined>>, privileged: boolean): void => {
    for (const kind of changeKinds) {
      const limit = limits[kind]
      const branch = { systemId, kind, privileged }
      if (limit?.count !== undefined || limit?.share !== undefined || limit?.window) all.set(keyOf(branch), { branch, limit })
    }
  }
  add('people', policy.settings.peopleBrakes, false)
  for (const system of policy.systems) {
    const { errorRate: _, ...limits } = brakesOf(system)
    add(system.id, limits, false)
    if (system.privileged.length > 0) add(system.id, privilegedBrakesOf(system), true)
  }
  return all
}

async function privilegedOf(client: Client, policy: Policy): Promise<string[]> {
  return await privilegedIds(client, policy.systems.flatMap((s) => s.privileged.map((pattern) => ({ systemId: s.id, pattern }))))
}

const branchOf = (brake: Pick<PlanBrake, 'system' | 'kind' | 'privileged'>): Branch => ({ systemId: brake.system, kind: brake.kind, privileged: brake.privileged === true })
const keyOf = (branch: Branch): string => `${branch.systemId} ${branch.kind} ${branch.privileged}`
const limitOf = ({ share, count }: { share?: number | undefined; count?: number | undefined }) => ({ ...(share === undefined ? {} : { share }), ...(count === undefined ? {} : { count }) })
