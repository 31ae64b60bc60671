/**
 * What a person should have, decided from policy alone: the roles that rules give and the accounts that jobs want.
 * Pure: the same person, policy and instant always give the same evaluation.
 */
import { compile, type Expression, type PersonInput } from './expression.ts'
import { applyMapping, compileMapping, type CompiledMapping } from './mapping.ts'
import { standing, type Cuts, type Person, type PersonState, type Position } from './person.ts'
import { accountJobs, type AccountJob, type Policy, type Rule } from './policy.ts'
import { compileRules, failureOf, groupRules, rulesThatHold, type CompiledRule, type RuleGroup } from './rule-groups.ts'
import type { Attributes, Value } from './value.ts'

export interface CompiledPolicy {
  policy: Policy
  rules: CompiledRule[]
  /** The same, by what they read; keeps what they said of values that occurred. */
  ruleGroups: RuleGroup[]
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
  const rules = compileRules(policy.rules)
  return {
    policy, rules, jobs,
    ruleGroups: groupRules(rules),
    primary: policy.settings.primaryPosition.map((source) => compile(source, 'person')),
    daysBefore: Math.max(0, ...jobs.map(({ job }) => job.lifecycle.createDaysBefore)),
  }
}

export function evaluatePerson(compiled: CompiledPolicy, person: Pick<Person, 'id' | 'attributes' | 'positions'> & { cuts?: Cuts }, asOf: string): Evaluation {
  const now = standing(person.positions, asOf, compiled.policy.settings.timeZone, person.cuts)
  const counted = countedPositions(compiled, person.positions, now, asOf, compiled.daysBefore)
  const attributes = { ...person.attributes, id: person.id, state: now.state }
  const positions = counted.map(positionInput)
  const inputs = positions.map((position): PersonInput => ({ person: attributes, position, positions, now: asOf }))
  const primary = primaryPosition(compiled, person, counted, attributes, asOf)
  const primaryInput = inputs[primary === undefined ? -1 : counted.indexOf(primary)] ?? { person: attributes, position: positionInput(primary), positions, now: asOf }
  return {
    personId: person.id,
    state: now.state,
    ...(now.endedAt === undefined ? {} : { endedAt: now.endedAt }),
    ...rolesOf(compiled, counted, inputs),
    accounts: compiled.jobs.map((job) => accountOf(job, now, asOf, primaryInput)),
  }
}

/** The position whose values accounts are filled from: the first ordered condition that one meets, else the earliest started. */
export function primaryPosition(
  compiled: CompiledPolicy, person: Pick<Person, 'id' | 'positions'>, counted: Position[], attributes: Attributes & { id: string; state: string }, asOf: string,
): Position | undefined {
  if (counted.length === 1) return counted[0]
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

function rolesOf(compiled: CompiledPolicy, counted: Position[], inputs: PersonInput[]): Pick<Evaluation, 'roles' | 'undecided'> {
  const { holds, fails } = rulesThatHold(compiled.ruleGroups, inputs)
  const roles: Evaluation['roles'] = []
  for (const { index, input } of holds) {
    const { rule } = compiled.rules[index]!
    for (const role of rule.roles) roles.push({ rule: rule.id, role, position: counted[input]!.key })
  }
  return { roles, undecided: fails.map(({ index, message }) => ({ rule: compiled.rules[index]!.rule, message })) }
}

function accountOf(
  { job, scope, mapping }: CompiledPolicy['jobs'][number], now: ReturnType<typeof standing>, asOf: string, input: PersonInput,
): DesiredAccount {
  const none: DesiredAccount = { job, wanted: 'none', set: {}, clear: [], candidates: {}, failures: [] }
  if (now.state === 'ended' || (now.state === 'before-start' && !soon(now.startsAt, asOf, job.lifecycle.createDaysBefore))) return none
  try {
    if (scope !== null && scope.evaluate(input) !== true) return none
  } catch (error) {
    return { ...none, wanted: 'disabled', failures: [{ attribute: 'scope', message: failureOf(error) }] }
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
