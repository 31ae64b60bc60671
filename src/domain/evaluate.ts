/**
 * What a person should have, decided from policy alone: the roles that rules give and the accounts that jobs want.
 * Pure: the same person, policy and instant always give the same evaluation.
 */
import { UsherError } from './errors.ts'
import { compile, type Expression, type Input } from './expression.ts'
import { applyMapping, compileMapping, type CompiledMapping } from './mapping.ts'
import { standing, type Person, type PersonState, type Position } from './person.ts'
import { accountJobs, type AccountJob, type Policy, type Rule } from './policy.ts'
import type { Attributes, Value } from './value.ts'

export interface CompiledPolicy {
  policy: Policy
  rules: { rule: Rule; when: Expression }[]
  jobs: { job: AccountJob; scope: Expression | null; mapping: CompiledMapping }[]
  primary: Expression[]
  /** The longest time before the start for which some job creates accounts. */
  daysBefore: number
}

/** `enabled` and `disabled`: the account shall be there. `none`: it shall not; one that is there is disabled, later deleted. */
export type Wanted = 'enabled' | 'disabled' | 'none'

export interface DesiredAccount {
  job: AccountJob
  wanted: Wanted
  /** Attributes to have, as mapped; names from candidates and references are not resolved yet. */
  set: Attributes
  clear: string[]
  candidates: Record<string, string[]>
  failures: { attribute: string; message: string }[]
}

export interface Evaluation {
  personId: string
  state: PersonState
  endedAt?: string
  /** Roles that rules give, with the position for which the rule held. */
  roles: { rule: string; role: string; position: string }[]
  /** Rules that could not be evaluated: what they gave before stays. */
  undecided: { rule: Rule; message: string }[]
  accounts: DesiredAccount[]
}

export function compilePolicy(policy: Policy): CompiledPolicy {
  const jobs = accountJobs(policy).map((job) => ({
    job,
    scope: job.scope === undefined ? null : compile(job.scope, 'person'),
    mapping: compileMapping(job.mapping, 'person'),
  }))
  return {
    policy,
    rules: policy.rules.map((rule) => ({ rule, when: compile(rule.when, 'person') })),
    jobs,
    primary: policy.settings.primaryPosition.map((source) => compile(source, 'person')),
    daysBefore: Math.max(0, ...jobs.map(({ job }) => job.lifecycle.createDaysBefore)),
  }
}

export function evaluatePerson(compiled: CompiledPolicy, person: Pick<Person, 'id' | 'attributes' | 'positions'>, asOf: string): Evaluation {
  const now = standing(person.positions, asOf, compiled.policy.settings.timeZone)
  const counted = countedPositions(compiled, person.positions, now, asOf, compiled.daysBefore)
  const attributes = { ...person.attributes, id: person.id, state: now.state }
  const positions = counted.map(positionInput)
  const inputFor = (position: Attributes): Input => ({ person: attributes, position, positions, now: asOf })
  const primary = primaryPosition(compiled, person, counted, attributes, asOf)
  return {
    personId: person.id,
    state: now.state,
    ...(now.endedAt === undefined ? {} : { endedAt: now.endedAt }),
    ...rolesOf(compiled, counted, inputFor),
    accounts: compiled.jobs.map((job) => accountOf(job, now, asOf, inputFor(positionInput(primary)))),
  }
}

/** The position whose values accounts are filled from: the first ordered condition that one meets, else the earliest started. */
export function primaryPosition(
  compiled: CompiledPolicy, person: Pick<Person, 'id' | 'positions'>, counted: Position[], attributes: Attributes & { id: string; state: string }, asOf: string,
): Position | undefined {
  const positions = counted.map(positionInput)
  const ordered = counted.toSorted((a, b) => (a.start ?? '').localeCompare(b.start ?? '') || a.key.localeCompare(b.key))
  for (const condition of compiled.primary) {
    const hit = ordered.find((position) =>
      condition.evaluate({ person: attributes, position: positionInput(position), positions, now: asOf }) === true)
    if (hit !== undefined) return hit
  }
  return ordered[0] ?? person.positions.toSorted((a, b) => (b.end ?? '').localeCompare(a.end ?? ''))[0]
}

/** What expressions see of a position. */
export function positionInput(position: Position | undefined): Attributes {
  if (position === undefined) return {}
  const { attributes, start, end, leaveFrom, leaveUntil } = position
  return {
    ...attributes,
    ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }),
    ...(leaveFrom === undefined ? {} : { leaveFrom }), ...(leaveUntil === undefined ? {} : { leaveUntil }),
  }
}

/** Living positions count; for somebody who has none yet, those that start soon. */
export function countedPositions(
  compiled: CompiledPolicy, positions: Position[], now: { state: PersonState; living: string[] }, asOf: string, daysBefore: number,
): Position[] {
  if (now.state === 'before-start') {
    return positions.filter((p) => startsWithin(p, asOf, daysBefore, compiled.policy.settings.timeZone))
  }
  return positions.filter((p) => now.living.includes(p.key))
}

function startsWithin(position: Position, asOf: string, days: number, timeZone: string): boolean {
  if (position.start === undefined) return false
  const today = Temporal.Instant.from(asOf).toZonedDateTimeISO(timeZone).toPlainDate()
  return Temporal.PlainDate.compare(position.start, today.add({ days })) <= 0 && (position.end === undefined || position.end >= position.start)
}

function rolesOf(compiled: CompiledPolicy, counted: Position[], inputFor: (position: Attributes) => Input): Pick<Evaluation, 'roles' | 'undecided'> {
  const roles: Evaluation['roles'] = []
  const undecided: Evaluation['undecided'] = []
  for (const { rule, when } of compiled.rules) {
    try {
      const position = counted.find((p) => when.evaluate(inputFor(positionInput(p))) === true)
      if (position !== undefined) for (const role of rule.roles) roles.push({ rule: rule.id, role, position: position.key })
    } catch (error) {
      undecided.push({ rule, message: messageOf(error) })
    }
  }
  return { roles, undecided }
}

function messageOf(error: unknown): string {
  if (error instanceof UsherError && error.code === 'EXPRESSION_FAILED') return error.message
  throw error
}

function accountOf(
  { job, scope, mapping }: CompiledPolicy['jobs'][number], now: ReturnType<typeof standing>, asOf: string, input: Input,
): DesiredAccount {
  const none: DesiredAccount = { job, wanted: 'none', set: {}, clear: [], candidates: {}, failures: [] }
  if (now.state === 'ended' || (now.state === 'before-start' && !soon(now.startsAt, asOf, job.lifecycle.createDaysBefore))) return none
  try {
    if (scope !== null && scope.evaluate(input) !== true) return none
  } catch (error) {
    return { ...none, wanted: 'disabled', failures: [{ attribute: 'scope', message: messageOf(error) }] }
  }
  const { values, failures } = applyMapping(mapping, input)
  const account: DesiredAccount = { ...none, wanted: wantedState(job, now.state), set: {}, clear: [], candidates: {}, failures }
  for (const [attribute, value] of Object.entries(values)) {
    if (value === 'clear') account.clear.push(attribute)
    else if (value !== 'keep' && 'set' in value) account.set[attribute] = value.set as Value
    else if (value !== 'keep') account.candidates[attribute] = value.candidates
  }
  return account
}

function wantedState(job: AccountJob, state: PersonState): Wanted {
  if (state === 'active') return 'enabled'
  return state === 'on-leave' && job.lifecycle.onLeave === 'keep' ? 'enabled' : 'disabled'
}

function soon(startsAt: string | undefined, asOf: string, days: number): boolean {
  if (startsAt === undefined) return false
  return Temporal.Instant.from(startsAt).epochMilliseconds - Temporal.Instant.from(asOf).epochMilliseconds <= days * 86_400_000
}
