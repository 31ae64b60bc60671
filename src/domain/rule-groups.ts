/**
 * Rules asked for many people. A rule depends on nothing but the values that it reads, and people share values: rules that
 * read the same attributes are one group, and a group is evaluated once for each combination of values that occurs.
 */
import { UsherError } from './errors.ts'
import { compile, type Expression, type PersonInput, type Read } from './expression.ts'
import type { Rule } from './policy.ts'
import type { Value } from './value.ts'

export interface CompiledRule {
  rule: Rule
  when: Expression
}

/** What a group's rules say of one combination of values. Indices are the rules' places in the policy. */
interface Outcome {
  holds: number[]
  fails: { index: number; message: string }[]
}

interface Level extends Map<unknown, Level | Outcome> {}

export interface RuleGroup {
  rules: (CompiledRule & { index: number })[]
  /** Null: the rules see a list of positions as a whole, and are asked each time. */
  reads: Read[] | null
  /** Outcomes by the values read: a level of maps for each of them. */
  known: Level
  /** How many maps and outcomes are kept. */
  size: number
  hits: number
  /** The instant that the outcomes are for. */
  now: string
}

/** So much is kept of one group; where that is not found again more often than not, values are nearly everybody's own and nothing is gained. */
const keptMax = 20_000

export function compileRules(rules: Rule[]): CompiledRule[] {
  return rules.map((rule) => ({ rule, when: compile(rule.when, 'person') }))
}

export function groupRules(rules: CompiledRule[]): RuleGroup[] {
  const place = (read: Read): string => `${read.variable}.${read.name}`
  const indexed = rules.map((one, index) => ({ ...one, index }))
  const groups = Map.groupBy(indexed, ({ when }) => (when.seesPositions ? null : when.reads.map(place).toSorted().join('\n')))
  return [...groups].map(([key, members]) => ({
    rules: members, reads: key === null ? null : members[0]!.when.reads, known: new Map(), size: 0, hits: 0, now: '',
  }))
}

/** The rules that hold, in the policy's order, each with the first position for which it does, and those that could not be evaluated. */
export function rulesThatHold(groups: RuleGroup[], inputs: PersonInput[]): { holds: { index: number; input: number }[]; fails: Outcome['fails'] } {
  const holds: { index: number; input: number }[] = []
  const fails: Outcome['fails'] = []
  for (const group of groups) {
    const decided = inputs.length > 1 ? new Set<number>() : null
    for (let at = 0; at < inputs.length; at++) {
      const outcome = outcomeOf(group, inputs[at]!)
      for (const index of outcome.holds) {
        if (decided?.has(index)) continue
        decided?.add(index)
        holds.push({ index, input: at })
      }
      for (const failed of outcome.fails) {
        if (decided?.has(failed.index)) continue
        decided?.add(failed.index)
        fails.push(failed)
      }
    }
  }
  if (holds.length > 1) holds.sort((a, b) => a.index - b.index)
  if (fails.length > 1) fails.sort((a, b) => a.index - b.index)
  return { holds, fails }
}

function outcomeOf(group: RuleGroup, input: PersonInput): Outcome {
  const { reads } = group
  if (reads === null) return ask(group, input)
  if (group.now !== input.now) {
    group.known = new Map()
    group.size = 0
    group.hits = 0
    group.now = input.now
  }
  if (group.size >= keptMax && group.hits < group.size) return ask(group, input)
  let level = group.known
  const last = reads.length - 1
  for (let i = 0; i < last; i++) {
    const value = valueOf(reads[i]!, input)
    if (typeof value === 'object') return ask(group, input)
    let next = level.get(value) as Level | undefined
    if (next === undefined) {
      if (group.size >= keptMax) return ask(group, input)
      level.set(value, next = new Map())
      group.size++
    }
    level = next
  }
  const value = last < 0 ? undefined : valueOf(reads[last]!, input)
  // Lists are rare and would need a text of their own to be found by.
  if (typeof value === 'object') return ask(group, input)
  const known = level.get(value) as Outcome | undefined
  if (known !== undefined) {
    group.hits++
    return known
  }
  const outcome = ask(group, input)
  if (group.size < keptMax) {
    level.set(value, outcome)
    group.size++
  }
  return outcome
}

function valueOf(read: Read, input: PersonInput): Value | undefined {
  const from = read.variable === 'person' ? input.person : input.position
  return Object.hasOwn(from, read.name) ? from[read.name] : undefined
}

function ask(group: RuleGroup, input: PersonInput): Outcome {
  const holds: number[] = []
  const fails: Outcome['fails'] = []
  for (const { index, when } of group.rules) {
    try {
      if (when.evaluate(input) === true) holds.push(index)
    } catch (error) {
      fails.push({ index, message: failureOf(error) })
    }
  }
  return { holds, fails }
}

/** The words of an expression that failed on somebody's values; anything else is not an answer. */
export function failureOf(error: unknown): string {
  if (error instanceof UsherError && error.code === 'EXPRESSION_FAILED') return error.message
  throw error
}
