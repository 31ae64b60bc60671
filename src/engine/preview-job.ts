/** One person, or one source row, through a job, with every step shown. The job may be a draft. Nothing is kept. */
import { UsherError } from '../domain/errors.ts'
import { decide, type DecidedChange } from '../domain/decide.ts'
import { compile, firstFailed, type ExpressionScope, type Input } from '../domain/expression.ts'
import { rowMapper } from '../domain/map-row.ts'
import { applyMapping, compileMapping } from '../domain/mapping.ts'
import { standing } from '../domain/person.ts'
import { accountJobs, type AccountJob, type PeopleJob, type Policy } from '../domain/policy.ts'
import type { Attributes } from '../domain/value.ts'
import { rehearse, type Client } from '../store/database.ts'
import { loadFacts } from '../store/facts.ts'
import { currentRevision } from '../store/policy.ts'
import { personAt, type PersonRow } from '../store/why.ts'
import { openReader, systemOf, type Context, type Revision } from './context.ts'
import type { JobPreview, PreviewStep } from './engine.ts'
import { evaluatePeople } from './evaluate-people.ts'
import { factsOf } from './facts.ts'
import { originsOf } from './origin.ts'
import { holdersOf, prepareDeciding } from './plan-systems.ts'
import { placeOf } from './place.ts'
import { waitForNames } from './wait-for-names.ts'
import { lookAt } from './why.ts'

export async function previewJob(context: Context, input: { job: PeopleJob; row?: number } | { job: AccountJob; personId: string }): Promise<JobPreview> {
  const current = await currentRevision(context.pool)
  const revision = { revision: current.revision, policy: withJob(current.policy, input.job) }
  return 'personId' in input ? await previewAccount(context, revision, input.job, input.personId) : await previewRow(context, revision, input.job, input.row)
}

function withJob(policy: Policy, job: PeopleJob | AccountJob): Policy {
  const others = policy.jobs.filter((j) => j.id !== job.id)
  const at = policy.jobs.findIndex((j) => j.id === job.id)
  return { ...policy, jobs: at < 0 ? [...others, job] : others.toSpliced(at, 0, job) }
}

/* ------------------------------------------------------------------ a source row */

async function previewRow(context: Context, revision: Revision, job: PeopleJob, wanted: number | undefined): Promise<JobPreview> {
  const reader = openReader(context, systemOf(revision.policy, job.source))
  const steps: PreviewStep[] = []
  try {
    const shape = (await reader.inspect?.(AbortSignal.timeout(30_000))) ?? null
    const found = await findRow(reader.read({ objectTypes: [] }, AbortSignal.timeout(60_000)), wanted)
    if (found === null) throw new UsherError('NOT_FOUND', wanted === undefined ? 'The source has no usable row.' : `Row ${wanted} is not among the source's usable rows.`)
    steps.push({ step: 'read', title: 'Read the row', says: `${placeOf(shape, found.name)}, row ${found.row}`, inputs: found.attributes, ok: true })
    const input: Input = { row: found.attributes, now: context.now() }
    steps.push(expressionStep('key', 'Key', job.key, 'row', input))
    if (job.positionKey !== undefined) steps.push(expressionStep('key', 'Position key', job.positionKey, 'row', input))
    if (job.scope !== undefined) steps.push(scopeStep(job.scope, 'row', input))
    steps.push(...fieldSteps('field', job.mapping, 'row', input), ...fieldSteps('position-field', job.position, 'row', input))
    const mapped = rowMapper(job, revision.policy.settings).map(found.attributes, context.now())
    if (mapped.row === 'faulty') {
      steps.push({ step: 'change', title: 'Result', says: `Set aside: expected ${mapped.fault.expected}${mapped.fault.column === undefined ? '' : ` in column "${mapped.fault.column}"`}.`, ok: false })
    } else if (mapped.row === 'out-of-scope') {
      steps.push({ step: 'change', title: 'Result', says: 'Out of scope: nothing is made of this row.', ok: true })
    } else {
      const { attributes, ...dates } = mapped.mapped.position
      const now = standing([{ key: 'preview', job: job.id, attributes, ...dates }], context.now(), revision.policy.settings.timeZone)
      steps.push({ step: 'state', title: 'State', result: now.state, says: `By its dates, this position makes the person ${now.state}.`, ok: true })
      steps.push(await matchStep(context, job, mapped.key, mapped.mapped.attributes))
    }
    return { job, steps }
  } finally {
    await reader.close()
  }
}

async function findRow(pages: AsyncGenerator<{ records: { name: string; row?: number; attributes: Attributes }[] }, { complete: boolean; because?: string }>, wanted: number | undefined) {
  for (;;) {
    const next = await pages.next()
    if (next.done === true) {
      if (!next.value.complete && wanted === undefined) throw new UsherError('SOURCE_UNREADABLE', next.value.because ?? 'The source could not be read.')
      return null
    }
    const hit = wanted === undefined ? next.value.records[0] : next.value.records.find((r) => r.row === wanted)
    if (hit !== undefined) {
      await pages.return({ complete: false })
      return hit
    }
  }
}

async function matchStep(context: Context, job: PeopleJob, key: string, attributes: Attributes): Promise<PreviewStep> {
  const { rows: known } = await context.pool.query<{ name: string }>(
    `select p.attributes ->> 'displayName' as name from record r join person p on p.id = r.person_id where r.job_id = $1 and r.key = $2 limit 1`, [job.id, key])
  if (known[0] !== undefined) return { step: 'match', title: 'Match', result: 'known', says: `The key is known: it is ${known[0].name}.`, ok: true }
  for (const names of job.match) {
    const values = names.map((name) => attributes[name])
    if (values.some((v) => v === undefined)) continue
    const { rows } = await context.pool.query<{ name: string }>(
      `select attributes ->> 'displayName' as name from person where ${names.map((_, i) => `lower(attributes ->> $${2 * i + 1}) = lower($${2 * i + 2})`).join(' and ')} limit 3`,
      names.flatMap((name, i) => [name, String(values[i])]))
    if (rows.length === 1) return { step: 'match', title: 'Match', result: 'matched', says: `By ${names.join(' and ')}, it is ${rows[0]!.name}.`, ok: true }
    if (rows.length > 1) return { step: 'match', title: 'Match', result: 'ambiguous', says: `By ${names.join(' and ')}, it could be ${rows.map((r) => r.name).join(' or ')}: a person decides.`, ok: false }
  }
  return { step: 'match', title: 'Match', result: 'new', says: 'Nobody known fits: a new person.', ok: true }
}

/* ------------------------------------------------------------------ an account */

async function previewAccount(context: Context, revision: Revision, job: AccountJob, personId: string): Promise<JobPreview> {
  return await rehearse(context.pool, async (client) => {
    const person = await personAt(client, personId, null)
    if (person === null) throw new UsherError('NOT_FOUND', 'There is no such person.')
    const looking = lookAt(revision, person, context.now(), originsOf(revision.policy, []))
    const input = looking.inputFor(looking.primary)
    const steps: PreviewStep[] = [
      { step: 'read', title: 'Person', inputs: person.attributes, says: `${String(person.attributes['displayName'] ?? 'The person')} is ${person.state}.`, ok: true },
    ]
    if (job.scope !== undefined) steps.push(scopeStep(job.scope, 'person', input))
    steps.push(...fieldSteps('field', job.mapping, 'person', input))
    steps.push(...await outcomeSteps(context, client, revision, job, person))
    return { job, steps }
  })
}

async function outcomeSteps(context: Context, client: Client, revision: Revision, job: AccountJob, person: PersonRow): Promise<PreviewStep[]> {
  const asOf = context.now()
  const { findings } = await evaluatePeople(context, client, revision, { planId: '00000000-0000-0000-0000-000000000000', asOf, only: [person.id], layPlan: false })
  const pair = { personId: person.id, jobId: job.id }
  const loaded = await loadFacts(client, 'overlay', asOf, [pair], holdersOf(accountJobs(revision.policy)))
  const deciding = await prepareDeciding(context, client, revision, asOf)
  const inTheWay = await waitForNames(client, loaded, deciding.jobs)
  const facts = factsOf(loaded, pair, deciding)
  if (facts === null) {
    const finding = findings.find((f) => f.job === job.id)
    return [{ step: 'account', title: 'Account', says: finding?.message ?? 'It cannot be said what this account should be.', ok: false }]
  }
  const seen = facts.account ?? facts.matched
  const steps: PreviewStep[] = [{
    step: facts.account === null && facts.matched !== null ? 'match' : 'account', title: 'Account', result: facts.wanted,
    says: seen === null
      ? facts.wanted === 'none' ? 'There is no account, and none is wanted.' : `There is no account yet; it will be ${facts.name}.`
      : facts.account === null ? `${seen.name} is there, belongs to nobody, and fits by ${facts.matched!.by}.` : `${seen.name} is this person's account, ${seen.enabled ? 'enabled' : 'disabled'}.`,
    ok: true,
  }]
  for (const { message } of inTheWay) steps.push({ step: 'account', title: 'Name', says: message, ok: false })
  const changes = decide(facts)
  if (changes.length === 0) steps.push({ step: 'change', title: 'Changes', says: seen?.protected === true ? 'The record is protected and is never touched.' : 'Nothing to change.', ok: true })
  for (const change of changes) {
    steps.push({ step: 'change', title: change.kind, result: { before: change.before, after: change.after }, says: changeText(change), ok: true })
  }
  return steps
}

/* ------------------------------------------------------------------ steps */

function fieldSteps(step: 'field' | 'position-field', mapping: Record<string, string>, scope: ExpressionScope, input: Input): PreviewStep[] {
  return Object.entries(mapping).map(([attribute, expression]) => {
    const { values, failures } = applyMapping(compileMapping({ [attribute]: expression }, scope), input)
    const inputs = compile(expression, scope).trace(input).saw
    const failure = failures[0]
    if (failure !== undefined) return { step, title: attribute, attribute, expression, inputs, says: failure.message, ok: false }
    const value = values[attribute]!
    return { step, title: attribute, attribute, expression, inputs, result: value, says: fieldText(value), ok: true }
  })
}

function fieldText(value: ReturnType<typeof applyMapping>['values'][string]): string {
  if (value === 'keep') return 'keeps what is there'
  if (value === 'clear') return 'no value'
  if ('candidates' in value) return `the first free of ${value.candidates.join(', ')}`
  return Array.isArray(value.set) ? value.set.join(', ') : String(value.set)
}

function expressionStep(step: 'key', title: string, expression: string, scope: ExpressionScope, input: Input): PreviewStep {
  const compiled = compile(expression, scope)
  const trace = compiled.trace(input)
  const ok = trace.error === undefined && trace.result !== null && trace.result !== ''
  return { step, title, expression, inputs: trace.saw, result: trace.result, says: trace.error ?? (ok ? String(trace.result) : 'empty'), ok }
}

function scopeStep(expression: string, scope: ExpressionScope, input: Input): PreviewStep {
  const trace = compile(expression, scope).trace(input)
  const failed = firstFailed(trace)
  const saw = failed === null ? '' : Object.entries(failed.saw).map(([name, value]) => `${name} is ${value ?? 'empty'}`).join(', ')
  return { step: 'scope', title: 'Scope', expression, inputs: trace.saw, result: trace.result, says: failed === null ? 'in scope' : `out of scope: ${failed.text} does not hold (${saw})`, ok: true }
}


function changeText({ kind, subject, before, after }: DecidedChange): string {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])]
  const shown = names.map((name) => `${name}: ${String(before?.[name] ?? '(empty)')} → ${String(after?.[name] ?? '(empty)')}`)
  if (kind === 'grant') return `give ${String(after?.['entitlement'])}`
  if (kind === 'revoke') return `take away ${String(before?.['entitlement'])}`
  return `${kind} ${subject}${kind === 'update' || kind === 'rename' ? ` (${shown.join('; ')})` : ''}`
}
