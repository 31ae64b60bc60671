/** Evaluates people against the policy and lays the outcome over the stored rows of this transaction. */
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { from as copyFrom } from 'pg-copy-streams'
import type { ObjectType } from '../connectors/connector.ts'
import { compilePolicy, evaluatePerson, type CompiledPolicy, type DesiredAccount, type Evaluation } from '../domain/evaluate.ts'
import { compile } from '../domain/expression.ts'
import type { AccountJob } from '../domain/policy.ts'
import type { Finding } from '../domain/plan.ts'
import type { Attributes, Value } from '../domain/value.ts'
import { copyLine } from '../store/copy.ts'
import type { Client } from '../store/database.ts'
import { analyzeOverlay, isNothingGiven, openOverlay, peopleToEvaluate } from '../store/evaluation.ts'
import { matchAccounts } from '../store/match.ts'
import { reservationsOf, reserve, type Reservation } from '../store/name.ts'
import { configOf, connectorOf, systemOf, type Context, type Revision } from './context.ts'
import { expand, openNames, type Names } from './names.ts'

/** An account job with what its system says about its object type. */
export interface PreparedJob {
  job: AccountJob
  type: ObjectType
  nameOf(attributes: Attributes): string
  /** Attribute of a reference → the person attribute by which the other one is known. */
  referenceKeys: Record<string, string>
}

export function prepareJobs(context: Context, compiled: CompiledPolicy): Map<string, PreparedJob> {
  return new Map(compiled.jobs.map(({ job }) => {
    const system = systemOf(compiled.policy, job.destination)
    const definition = connectorOf(context, system)
    const config = configOf(context, system)
    const type = definition.describe(config).objectTypes.find((t) => t.name === job.objectType)
      ?? { name: job.objectType, title: job.objectType, kind: 'account' as const, attributes: [], operations: [] }
    const referenceKeys: Record<string, string> = {}
    for (const description of type.attributes.filter((a) => a.type === 'reference' && a.naming !== true && job.mapping[a.name] !== undefined)) {
      const reads = compile(job.mapping[description.name]!, 'person').reads
      const declared = compiled.policy.settings.attributes.find((a) => a.type === 'reference' && reads.some((r) => r.name === a.name))
      referenceKeys[description.name] = declared?.references ?? 'employeeId'
    }
    return [job.id, { job, type, referenceKeys, nameOf: (attributes: Attributes) => definition.nameOf?.(config, job.objectType, attributes) ?? '' }]
  }))
}

/** Evaluates into the overlay; returns what could not be evaluated. Names are reserved for the plan. */
export async function evaluatePeople(
  context: Context, client: Client, revision: Revision, input: { planId: string; asOf: string; only: string[] | null; layPlan: boolean },
): Promise<{ findings: Finding[]; evaluated: number }> {
  const compiled = compilePolicy(revision.policy)
  const jobs = prepareJobs(context, compiled)
  const findings: Finding[] = []
  const claimed = new Map<string, string>()
  const chosen = new Set<string>()
  let evaluated = 0
  await openOverlay(client)
  // A million people to whom nothing applies are not looked at one by one.
  if (compiled.jobs.length === 0 && revision.policy.rules.length === 0 && await isNothingGiven(client, input.asOf)) return { findings, evaluated }
  const people = peopleToEvaluate(client, { planId: input.layPlan ? input.planId : null, revision: revision.revision, only: input.only, asOf: input.asOf })
  for await (const batch of people) {
    evaluated += batch.length
    const evaluations: Evaluation[] = []
    for (const person of batch) {
      evaluations.push(evaluatePerson(compiled, person, input.asOf))
    }
    const accounts = await resolveAccounts(client, jobs, evaluations, { planId: input.planId, now: context.now(), claimed, chosen, findings })
    const attributes = new Map(batch.map((person) => [person.id, person.attributes]))
    await pour(client, 'eval_person', evaluations.map((e) => copyLine([e.personId, JSON.stringify(attributes.get(e.personId)), e.state, e.endedAt ?? null])))
    await pour(client, 'eval_reason', evaluations.flatMap((e) => [
      ...unique(e.roles, (r) => `${r.rule} ${r.role}`).map((r) => copyLine([e.personId, 'rule', r.role, null, r.rule, r.position])),
      ...e.accounts.filter((a) => a.wanted !== 'none').map((a) => copyLine([e.personId, 'scope', null, a.job.id, null, null])),
    ]))
    await keepUndecided(client, evaluations, findings)
    await pour(client, 'eval_account', accounts.map((a) => copyLine([
      a.personId, a.jobId, a.systemId, a.wanted, JSON.stringify(a.attributes), pgArray(a.clear), a.name, a.matchedId, a.matchedBy])))
    await pour(client, 'eval_reference', accounts.flatMap((a) => Object.entries(a.references).map(([attribute, { key, value }]) =>
      copyLine([a.personId, a.jobId, attribute, key, value]))))
  }
  await analyzeOverlay(client)
  return { findings, evaluated }
}

/** A rule that failed on somebody's values decides nothing: the roles that it gave them before stay, and the finding says why. */
async function keepUndecided(client: Client, evaluations: Evaluation[], findings: Finding[]): Promise<void> {
  const undecided = evaluations.flatMap((e) => e.undecided.map(({ rule, message }) => ({ personId: e.personId, rule, message })))
  if (undecided.length === 0) return
  findings.push(...undecided.map(({ personId, rule, message }) => ({ code: 'EXPRESSION_FAILED', person: personId, message: `Rule "${rule.name}": ${message}` })))
  await client.query(
    `insert into eval_reason (person_id, kind, role_id, job_id, rule_id, position_key)
     select r.person_id, r.kind, r.role_id, null, r.rule_id, r.position_key
       from reason r join unnest($1::uuid[], $2::text[]) as u (person_id, rule_id) using (person_id, rule_id) where r.kind = 'rule' and r.valid_until is null`,
    [undecided.map((u) => u.personId), undecided.map((u) => u.rule.id)])
}

interface ResolvedAccount {
  personId: string
  jobId: string
  systemId: string
  wanted: 'enabled' | 'disabled' | 'broken'
  attributes: Attributes
  clear: string[]
  references: Record<string, { key: string; value: string }>
  name: string
  matchedId: string | null
  matchedBy: string | null
}

interface Passing {
  planId: string
  now: string
  /** Account id → person that claimed it, over all batches. */
  claimed: Map<string, string>
  /** Names chosen in this pass: `system attribute value`. */
  chosen: Set<string>
  findings: Finding[]
}

async function resolveAccounts(client: Client, jobs: Map<string, PreparedJob>, evaluations: Evaluation[], passing: Passing): Promise<ResolvedAccount[]> {
  const wanted = evaluations.flatMap((e) => e.accounts.filter((a) => a.wanted !== 'none').map((account) => ({ personId: e.personId, account })))
  const linked = await linkedAttributes(client, evaluations.map((e) => e.personId))
  const reserved = new Map((await reservationsOf(client, evaluations.map((e) => e.personId))).map((r) => [`${r.personId} ${r.jobId} ${r.attribute}`, r.value]))
  const resolved: ResolvedAccount[] = []
  const fresh: Reservation[] = []
  for (const [jobId, group] of Map.groupBy(wanted, (w) => w.account.job.id)) {
    const prepared = jobs.get(jobId)!
    const matches = await findMatches(client, prepared, group.filter((w) => !linked.has(`${w.personId} ${jobId}`)), passing)
    const firsts: Record<string, string[]> = {}
    for (const { personId, account } of group) {
      for (const [attribute, candidates] of Object.entries(account.candidates)) {
        if (!reserved.has(`${personId} ${jobId} ${attribute}`)) (firsts[attribute] ??= []).push(...expand(candidates, 1))
      }
    }
    const names = openNames(client, prepared.job.destination, passing.chosen)
    for (const [attribute, values] of Object.entries(firsts)) await names.ask(attribute, values)
    for (const { personId, account } of group) {
      const match = matches.get(personId)
      const present = linked.get(`${personId} ${jobId}`) ?? match?.attributes ?? null
      const one: ResolvedAccount = {
        personId, jobId, systemId: prepared.job.destination, wanted: account.wanted as 'enabled' | 'disabled', attributes: { ...account.set }, clear: account.clear,
        references: {}, name: '', matchedId: match?.id ?? null, matchedBy: match?.by ?? null,
      }
      const problem = match?.problem ?? await chooseNames(one, prepared, account, present, reserved, names, fresh) ?? brokenBecause(account, prepared, one)
      if (problem !== null) {
        one.wanted = 'broken'
        passing.findings.push({ ...problem, system: one.systemId, job: jobId, person: personId })
      }
      for (const [attribute, key] of Object.entries(prepared.referenceKeys)) {
        const value = one.attributes[attribute]
        delete one.attributes[attribute]
        if (value !== undefined) one.references[attribute] = { key, value: String(value) }
      }
      for (const secret of prepared.type.attributes.filter((a) => a.secret === true)) delete one.attributes[secret.name]
      one.name = prepared.nameOf(one.attributes)
      resolved.push(one)
    }
  }
  await reserve(client, fresh, passing.planId, passing.now)
  return resolved
}

type Problem = Pick<Finding, 'code' | 'message'>

/** Fills in unique names: the one reserved, else the one that the account has, else the first free candidate. */
async function chooseNames(
  one: ResolvedAccount, prepared: PreparedJob, account: DesiredAccount, present: Attributes | null, reserved: Map<string, string>, names: Names, fresh: Reservation[],
): Promise<Problem | null> {
  for (const [attribute, candidates] of Object.entries(account.candidates)) {
    const key = `${one.personId} ${one.jobId} ${attribute}`
    const value = reserved.get(key) ?? textOf(present?.[attribute]) ?? await names.firstFree(attribute, candidates)
    if (value === undefined) {
      const job = prepared.job.name
      if (candidates.length === 0) return { code: 'REQUIRED_EMPTY', message: `${job}: no candidate for the unique ${attribute}, because what it is made of is empty.` }
      return { code: 'NAME_EXHAUSTED', message: `${job}: all ${candidates.length} candidates for ${attribute} are taken (${candidates.join(', ')}).` }
    }
    names.choose(attribute, value)
    if (!reserved.has(key)) fresh.push({ personId: one.personId, jobId: one.jobId, systemId: one.systemId, attribute, value })
    one.attributes[attribute] = value
  }
  return null
}

function brokenBecause(account: DesiredAccount, prepared: PreparedJob, one: ResolvedAccount): Problem | null {
  const failure = account.failures[0]
  if (failure !== undefined) return { code: 'EXPRESSION_FAILED', message: `${prepared.job.name}, ${failure.attribute}: ${failure.message}` }
  const missing = prepared.type.attributes.find((a) => a.required === true && a.secret !== true && one.attributes[a.name] === undefined)
  if (missing !== undefined) return { code: 'REQUIRED_EMPTY', message: `${prepared.job.name}: ${missing.title ?? missing.name} is required and has no value.` }
  return null
}

interface FoundMatch {
  id: string
  by: string
  attributes: Attributes
  problem: Problem | null
}

/** For people without an account: the record that the first fitting match attribute points to. Two of either kind is a case for a person. */
async function findMatches(client: Client, prepared: PreparedJob, people: { personId: string; account: DesiredAccount }[], passing: Passing): Promise<Map<string, FoundMatch>> {
  const found = new Map<string, FoundMatch>()
  for (const attribute of prepared.job.match) {
    const wishes = people.filter((p) => !found.has(p.personId)).flatMap(({ personId, account }) => {
      const value = textOf(account.set[attribute]) ?? account.candidates[attribute]?.[0]
      return value === undefined || value === '' ? [] : [{ personId, value }]
    })
    if (wishes.length === 0) continue
    const hits = await matchAccounts(client, prepared.job.destination, prepared.job.objectType, attribute, wishes)
    const attributes = new Map<string, Attributes>()
    if (hits.length > 0) {
      const { rows } = await client.query<{ id: string; attributes: Attributes }>('select id, attributes from account where id = any($1::bigint[])', [hits.map((h) => h.accountId)])
      for (const row of rows) attributes.set(row.id, row.attributes)
    }
    for (const [personId, own] of Map.groupBy(hits, (h) => h.personId)) {
      const id = own[0]!.accountId
      const other = passing.claimed.get(id) ?? hits.find((h) => h.accountId === id && h.personId !== personId)?.personId
      if (other !== undefined && other !== personId) await breakClaim(client, other, prepared.job.id)
      const problem: Problem | null = own.length > 1
        ? { code: 'MATCH_AMBIGUOUS', message: `${prepared.job.name}: ${own.length} records have the same ${attribute} as this person. Make it unique, or link one by hand.` }
        : other !== undefined && other !== personId
          ? { code: 'MATCH_AMBIGUOUS', message: `${prepared.job.name}: a record fits this person by ${attribute}, and another person too.` }
          : null
      passing.claimed.set(id, personId)
      found.set(personId, { id, by: attribute, attributes: attributes.get(id) ?? {}, problem })
    }
  }
  return found
}

/** Somebody of an earlier batch claimed the record alone; now nobody does. */
async function breakClaim(client: Client, personId: string, jobId: string): Promise<void> {
  await client.query(
    `update eval_account set wanted = 'broken', matched_account_id = null, matched_by = null where person_id = $1 and job_id = $2 and matched_account_id is not null`, [personId, jobId])
}

async function linkedAttributes(client: Client, personIds: string[]): Promise<Map<string, Attributes>> {
  const { rows } = await client.query<{ key: string; attributes: Attributes }>(
    `select person_id || ' ' || job_id as key, attributes from account where person_id = any($1) and gone_at is null`, [personIds])
  return new Map(rows.map((row) => [row.key, row.attributes]))
}

function textOf(value: Value | undefined): string | undefined {
  return value === undefined || Array.isArray(value) ? undefined : String(value)
}

function unique<T>(items: T[], key: (item: T) => string): T[] {
  return [...new Map(items.map((item) => [key(item), item])).values()]
}

function pgArray(values: string[]): string {
  return `{${values.map((v) => `"${v.replace(/[\\"]/g, '\\$&')}"`).join(',')}}`
}

async function pour(client: Client, table: string, lines: string[]): Promise<void> {
  if (lines.length > 0) await pipeline(Readable.from([lines.join('')]), client.query(copyFrom(`copy ${table} from stdin`)))
}
