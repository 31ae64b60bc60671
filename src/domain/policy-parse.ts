/** Makes a policy of what people wrote, object by object, so that each problem has its place. */
import { z } from 'zod'
import { accountJob, peopleJob, role, rule, settings, system, type Policy } from './policy.ts'

export interface PolicyProblem {
  /** Where in the policy: `['rules', 3, 'when']`. */
  path: (string | number)[]
  message: string
  severity: 'error' | 'warning'
  /** Inside of an expression: where in its text, both from 1. */
  within?: { line: number; column: number }
  /** Where in the files, if it came from files. */
  file?: string
  line?: number
  column?: number
}

export const listKinds = ['systems', 'jobs', 'roles', 'rules'] as const
export type ListKind = (typeof listKinds)[number]
export type PolicyKind = 'settings' | ListKind

/** The schema of one object. A job's depends on its destination. */
export function schemaOf(kind: PolicyKind, object: unknown): z.ZodType {
  if (kind === 'jobs') return isRecord(object) && object['destination'] === 'people' ? peopleJob : accountJob
  return { settings, systems: system, roles: role, rules: rule }[kind]
}

/** One object with its defaults filled in, or what is wrong with it; paths start at the object. */
export function parseObject(kind: PolicyKind, object: unknown): { object: unknown; problems: PolicyProblem[] } {
  const parsed = schemaOf(kind, object).safeParse(object)
  if (parsed.success) return { object: parsed.data, problems: [] }
  return { object: null, problems: parsed.error.issues.flatMap(problemsOf) }
}

/** The policy is null where some part cannot be read at all. */
export function parsePolicy(document: unknown): { policy: Policy | null; problems: PolicyProblem[] } {
  if (!isRecord(document)) return { policy: null, problems: [problem([], 'A policy is an object with settings, systems, jobs, roles and rules.')] }
  const problems: PolicyProblem[] = []
  const read = (kind: PolicyKind, value: unknown, path: (string | number)[]): unknown => {
    const { object, problems: found } = parseObject(kind, value)
    problems.push(...found.map((one) => ({ ...one, path: [...path, ...one.path] })))
    return object
  }
  for (const key of Object.keys(document)) {
    if (key !== 'settings' && !listKinds.some((kind) => kind === key)) problems.push(problem([key], `"${key}" is not part of a policy.`))
  }
  const list = (kind: ListKind): unknown[] => {
    const value = document[kind] ?? []
    if (Array.isArray(value)) return value.map((item, index) => read(kind, item, [kind, index]))
    problems.push(problem([kind], `"${kind}" is a list.`))
    return []
  }
  const policy = {
    settings: read('settings', document['settings'] ?? {}, ['settings']),
    systems: list('systems'), jobs: list('jobs'), roles: list('roles'), rules: list('rules'),
  }
  return { policy: problems.length === 0 ? policy as Policy : null, problems }
}

export function problem(path: (string | number)[], message: string, severity: 'error' | 'warning' = 'error'): PolicyProblem {
  return { path, message, severity }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function problemsOf(issue: z.core.$ZodIssue): PolicyProblem[] {
  const path = issue.path.filter((part) => typeof part !== 'symbol')
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => problem([...path, key], `"${key}" is not known here.`))
  return [problem(path, wordsFor(issue))]
}

function wordsFor(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') {
    const found = /received (\w+)$/.exec(issue.message)?.[1] ?? 'something else'
    const missing = found === 'undefined'
    return missing ? `"${String(issue.path.at(-1))}" is missing.` : `Expected ${kindWords[issue.expected] ?? issue.expected}, found ${foundWords[found] ?? found}.`
  }
  if (issue.code === 'invalid_value') return `Expected one of ${issue.values.map(String).join(', ')}.`
  if (issue.code === 'invalid_format' && issue.path.at(-1) === 'id') return 'An id has lower-case letters, digits and dashes, and starts with a letter or digit.'
  return `${issue.message}.`
}

const foundWords: Record<string, string> = { string: 'text', number: 'a number', boolean: 'true or false', array: 'a list', object: 'fields', null: 'nothing' }
const kindWords: Record<string, string> = { string: 'text', number: 'a number', int: 'a whole number', boolean: 'true or false', array: 'a list', object: 'fields', record: 'fields' }
