/** What is wrong with a policy that has the right shape: references, expressions, attributes, schedules. */
import type { AttributeDescription } from './attribute.ts'
import { cronProblem } from './cron.ts'
import { UsherError } from './errors.ts'
import { compile, type Expression, type ExpressionScope } from './expression.ts'
import { isPeopleJob, peopleJobs, type AccountJob, type Job, type PeopleJob, type Policy, type System } from './policy.ts'
import { listKinds, problem, type PolicyProblem } from './policy-parse.ts'

export type { PolicyProblem } from './policy-parse.ts'

/** What a connector says of a system: what it can do, or what is wrong with its configuration. */
export type Described =
  | { source: boolean; destination: boolean; objectTypes: { name: string; kind: string; attributes: AttributeDescription[] }[] }
  | { problems: { path: (string | number)[]; message: string }[] }

/** Undefined: nobody knows, and nothing is checked against it. */
export type Describe = (system: System) => Described | undefined

type Report = (path: (string | number)[], message: string, severity?: 'error' | 'warning') => void

interface Check {
  policy: Policy
  report: Report
  /** Compiles, or reports why not. */
  expression(source: string, scope: ExpressionScope, path: (string | number)[]): Expression | null
  condition(source: string, scope: ExpressionScope, path: (string | number)[]): void
  described: Map<string, Described | undefined>
}

export function checkPolicy(policy: Policy, describe: Describe = () => undefined): PolicyProblem[] {
  const problems: PolicyProblem[] = []
  const report: Report = (path, message, severity) => { problems.push(problem(path, message, severity)) }
  const readable = attributesToRead(policy)
  const check: Check = {
    policy, report,
    expression: (source, scope, path) => {
      try {
        const compiled = compile(source, scope)
        for (const { variable, name } of compiled.reads) {
          if (variable === 'row' || readable[variable].has(name)) continue
          report(path, `${variable}.${name} is not known. ${near(name, readable[variable])}`, 'warning')
        }
        return compiled
      } catch (error) {
        if (!(error instanceof UsherError)) throw error
        const { line, column, message } = error.details as { line: number; column: number; message: string }
        problems.push({ ...problem(path, message), within: { line, column } })
        return null
      }
    },
    condition: (source, scope, path) => {
      const compiled = check.expression(source, scope, path)
      if (compiled && !['boolean', 'any', 'null'].includes(compiled.kind)) report(path, `This is a condition; the expression gives ${compiled.kind}.`)
    },
    described: new Map(policy.systems.map((system) => [system.id, describe(system)])),
  }
  for (const kind of listKinds) duplicates(policy[kind], [kind], report)
  checkSettings(check)
  checkSystems(check)
  for (const [index, job] of policy.jobs.entries()) checkJob(check, job, ['jobs', index])
  checkRoles(check)
  checkRules(check)
  return problems
}

function checkSettings({ policy, report, condition }: Check): void {
  const { attributes, primaryPosition } = policy.settings
  for (const [index, attribute] of attributes.entries()) {
    const path = ['settings', 'attributes', index]
    if (attributes.findIndex((other) => other.name === attribute.name) < index) report([...path, 'name'], `There are two attributes "${attribute.name}".`)
    if (attribute.name === 'id' || attribute.name === 'state') report([...path, 'name'], `"${attribute.name}" is Usher's own; choose another name.`)
    if (attribute.type === 'reference' && attribute.references === undefined) report(path, '"references" is missing: the attribute that the value is looked up in.')
    if (attribute.references !== undefined && !attributes.some((other) => other.name === attribute.references)) {
      report([...path, 'references'], `There is no attribute "${attribute.references}".`)
    }
  }
  for (const [index, source] of primaryPosition.entries()) condition(source, 'person', ['settings', 'primaryPosition', index])
}

function checkSystems({ policy, report, described }: Check): void {
  for (const [index, system] of policy.systems.entries()) {
    if (system.id === 'people') report(['systems', index, 'id'], '"people" means the people in Usher; choose another id.')
    const found = described.get(system.id)
    if (found !== undefined && 'problems' in found) for (const one of found.problems) report(['systems', index, ...one.path], one.message)
  }
}

function checkJob(check: Check, job: Job, path: (string | number)[]): void {
  const { policy, report, condition } = check
  for (const end of ['source', 'destination'] as const) {
    const id = job[end]
    if (id === 'people') continue
    const system = policy.systems.find((s) => s.id === id)
    if (system === undefined) report([...path, end], `There is no system "${id}". ${near(id, policy.systems.map((s) => s.id))}`)
    const described = check.described.get(id)
    if (described !== undefined && 'source' in described && !described[end]) report([...path, end], `System "${id}" cannot be a ${end}.`)
  }
  if (job.scope !== undefined) condition(job.scope, isPeopleJob(job) ? 'row' : 'person', [...path, 'scope'])
  const wrong = job.schedule && cronProblem(job.schedule.cron)
  if (wrong) report([...path, 'schedule', 'cron'], wrong)
  if (isPeopleJob(job)) checkPeopleJob(check, job, path)
  else checkAccountJob(check, job, path)
}

function checkPeopleJob({ policy, report, expression }: Check, job: PeopleJob, path: (string | number)[]): void {
  if (job.source === job.destination) report([...path, 'source'], 'A job to people needs a system as its source.')
  const declared = new Map(policy.settings.attributes.map((attribute) => [attribute.name, attribute]))
  expression(job.key, 'row', [...path, 'key'])
  if (job.positionKey !== undefined) expression(job.positionKey, 'row', [...path, 'positionKey'])
  for (const [attribute, source] of Object.entries(job.mapping)) {
    if (!declared.has(attribute)) report([...path, 'mapping', attribute], `"${attribute}" is not an attribute of people. Declare it in the settings. ${near(attribute, declared.keys())}`)
    expression(source, 'row', [...path, 'mapping', attribute])
  }
  for (const [attribute, source] of Object.entries(job.position)) expression(source, 'row', [...path, 'position', attribute])
  for (const [index, names] of job.match.entries()) {
    for (const [at, name] of names.entries()) if (!declared.has(name)) report([...path, 'match', index, at], `There is no attribute "${name}". ${near(name, declared.keys())}`)
  }
  for (const attribute of declared.values()) {
    if (!attribute.required || peopleJobs(policy).some((other) => other.mapping[attribute.name] !== undefined)) continue
    report([...path, 'mapping'], `"${attribute.name}" is required and no job fills it.`)
  }
}

function checkAccountJob({ report, expression, described }: Check, job: AccountJob, path: (string | number)[]): void {
  for (const [attribute, source] of Object.entries(job.mapping)) expression(source, 'person', [...path, 'mapping', attribute])
  const system = described.get(job.destination)
  if (system === undefined || 'problems' in system || !system.destination) return
  const type = system.objectTypes.find((t) => t.name === job.objectType)
  if (type === undefined) {
    return report([...path, 'objectType'], `System "${job.destination}" has no "${job.objectType}"; it has ${system.objectTypes.map((t) => t.name).join(', ')}.`)
  }
  if (type.kind !== 'account') return report([...path, 'objectType'], `"${job.objectType}" is no account; roles give it.`)
  const known = type.attributes.map((attribute) => attribute.name)
  for (const attribute of type.attributes) {
    if (attribute.required && !attribute.secret && job.mapping[attribute.name] === undefined) {
      report([...path, 'mapping'], `"${attribute.name}" is required by system "${job.destination}" and has no mapping.`)
    }
  }
  for (const name of Object.keys(job.mapping)) {
    if (type.attributes.find((attribute) => attribute.name === name)?.secret) report([...path, 'mapping', name], `"${name}" is a secret; Usher makes it.`)
    else if (!known.includes(name)) report([...path, 'mapping', name], `System "${job.destination}" does not describe "${name}". ${near(name, known)}`, 'warning')
  }
  for (const [index, name] of job.match.entries()) {
    if (name !== 'name' && job.mapping[name] === undefined) report([...path, 'match', index], `"${name}" is matched but has no mapping to be matched with.`)
  }
}

function checkRoles({ policy, report }: Check): void {
  const ids = policy.roles.map((role) => role.id)
  for (const [index, role] of policy.roles.entries()) {
    for (const [at, grant] of role.grants.entries()) {
      if (policy.systems.some((system) => system.id === grant.system)) continue
      report(['roles', index, 'grants', at, 'system'], `There is no system "${grant.system}". ${near(grant.system, policy.systems.map((s) => s.id))}`)
    }
    for (const [at, contained] of role.roles.entries()) {
      if (!ids.includes(contained)) report(['roles', index, 'roles', at], `There is no role "${contained}". ${near(contained, ids)}`)
      else if (contains(policy, contained, role.id)) report(['roles', index, 'roles', at], `Role "${role.id}" would contain itself, through "${contained}".`)
    }
  }
}

function checkRules({ policy, report, condition }: Check): void {
  const ids = policy.roles.map((role) => role.id)
  for (const [index, rule] of policy.rules.entries()) {
    condition(rule.when, 'person', ['rules', index, 'when'])
    for (const [at, role] of rule.roles.entries()) if (!ids.includes(role)) report(['rules', index, 'roles', at], `There is no role "${role}". ${near(role, ids)}`)
  }
}

/** Whether a role contains another, directly or through others, or is it. */
function contains(policy: Policy, from: string, wanted: string): boolean {
  const seen = new Set<string>()
  const stack = [from]
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (next === wanted) return true
    if (seen.has(next)) continue
    seen.add(next)
    stack.push(...(policy.roles.find((role) => role.id === next)?.roles ?? []))
  }
  return false
}

function duplicates(objects: { id: string }[], path: (string | number)[], report: Report): void {
  for (const [index, { id }] of objects.entries()) {
    if (objects.findIndex((other) => other.id === id) < index) report([...path, index, 'id'], `There are two ${String(path[0])} with the id "${id}".`)
  }
}

function attributesToRead(policy: Policy): { person: Set<string>; position: Set<string> } {
  return {
    person: new Set(['id', 'state', ...policy.settings.attributes.map((attribute) => attribute.name)]),
    position: new Set(['start', 'end', 'leaveFrom', 'leaveUntil', 'timeZone', ...peopleJobs(policy).flatMap((job) => Object.keys(job.position))]),
  }
}

/** "Did you mean …?", or what there is. */
function near(word: string, known: Iterable<string>): string {
  const names = [...known]
  const close = names.map((name) => ({ name, far: distance(word.toLowerCase(), name.toLowerCase()) })).sort((a, b) => a.far - b.far)[0]
  if (close !== undefined && close.far <= Math.floor(word.length / 3)) return `Did you mean "${close.name}"?`
  return names.length === 0 ? 'There is none yet.' : names.length > 20 ? '' : `There is ${names.join(', ')}.`
}

/** How many letters must change or change places with their neighbour. */
function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, i) => i)]
  for (let i = 1; i <= a.length; i++) {
    const [row, above] = [[i], rows[i - 1]!]
    for (let j = 1; j <= b.length; j++) {
      row.push(Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j]!, rows[i - 2]![j - 2]! + 1)
    }
    rows.push(row)
  }
  return rows[a.length]![b.length]!
}
