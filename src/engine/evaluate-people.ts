/** Evaluates people against the policy and lays the outcome over the stored rows of this transaction. */
import { setImmediate } from 'node:timers/promises'
import { compilePolicy, evaluatePerson, type Evaluation } from '../domain/evaluate.ts'
import type { Finding } from '../domain/plan.ts'
import { together, type Client } from '../store/database.ts'
import { keptAfterMoves } from '../store/grace.ts'
import { isNothingGiven, peopleAsTheyAre, peopleToEvaluate, rulesGivenBefore, type PersonToEvaluate } from '../store/evaluation.ts'
import { releaseUnused } from '../store/name.ts'
import { analyzeOverlay, openOverlay, pourOverlay, type EvaluatedRows } from '../store/overlay.ts'
import type { Context, Revision } from './context.ts'
import { prepareJobs } from './prepared-job.ts'
import { presentOf, resolveAccounts, type Passing, type Present, type ResolvedAccount } from './resolve-accounts.ts'

export interface EvaluationInput {
  planId: string
  asOf: string
  only: string[] | null
  /** Whether people are looked at as the plan will have made them. */
  layPlan: boolean
}

/** Evaluates into the overlay; returns what could not be evaluated. Names are reserved for the plan. */
export async function evaluatePeople(context: Context, client: Client, revision: Revision, input: EvaluationInput): Promise<{ findings: Finding[]; evaluated: number }> {
  const evaluate = openEvaluation(context, client, revision, { ...input, partial: input.only !== null || !input.layPlan })
  let evaluated = 0
  await openOverlay(client)
  // A million people to whom nothing applies are not looked at one by one.
  if (!evaluate.hasWork && await isNothingGiven(client, input.asOf)) return { findings: evaluate.findings, evaluated }
  const people = peopleToEvaluate(client, { planId: input.layPlan ? input.planId : null, applying: input.layPlan ? null : input.planId, revision: revision.revision, only: input.only, asOf: input.asOf })
  for await (const batch of people) {
    evaluated += batch.length
    evaluate.lay(await evaluate.batch(batch))
  }
  await evaluate.laid()
  await analyzeOverlay(client)
  return { findings: evaluate.findings, evaluated }
}

export interface LoadedFew {
  people: (PersonToEvaluate & { due: boolean })[]
  present: Present
}

/** A few people as they are, once names are given back that plans which are over reserved for them and never used. */
export async function loadFew(client: Client, only: string[], asOf: string): Promise<LoadedFew> {
  const [people, present] = await together(client, () => peopleAsTheyAre(client, only, asOf), () => presentOf(client, only))
  if (!present.meant) return { people, present }
  await releaseUnused(client, only)
  return { people, present: await presentOf(client, only) }
}

/** The same evaluation for a few people as they are: its rows are laid over the stored ones without a table being made. */
export async function evaluateFew(
  context: Context, client: Client, revision: Revision, { people, present }: LoadedFew, input: { planId: string; asOf: string },
): Promise<{ findings: Finding[]; rows: EvaluatedRows }> {
  const evaluate = openEvaluation(context, client, revision, { ...input, partial: true })
  return { findings: evaluate.findings, rows: await evaluate.batch(people, present) }
}

/** So many people are evaluated before others have their turn. */
const atOnce = 16

function openEvaluation(context: Context, client: Client, revision: Revision, { planId, asOf, partial }: { planId: string; asOf: string; partial: boolean }) {
  const compiled = compilePolicy(revision.policy)
  const jobs = prepareJobs(context, compiled)
  const findings: Finding[] = []
  const passing: Passing = { planId, now: context.now(), claimed: new Map(), chosen: new Set(), findings, partial, laid: Promise.resolve() }
  const keeps = revision.policy.roles.some((role) => role.grants.some((g) => g.graceDays !== undefined))
  const given = revision.policy.rules.flatMap((rule) => rule.roles.map((role) => ({ rule: rule.id, role })))
  return {
    findings,
    hasWork: compiled.jobs.length > 0 || revision.policy.rules.length > 0,
    async batch(people: PersonToEvaluate[], present?: Present): Promise<EvaluatedRows> {
      const evaluations: Evaluation[] = []
      for (const person of people) {
        evaluations.push(evaluatePerson(compiled, person, asOf))
        if (evaluations.length % atOnce === 0) await setImmediate()
      }
      const accounts = await resolveAccounts(client, jobs, evaluations, passing, present)
      const rows = rowsOf(people, evaluations, accounts)
      rows.reasons.push(...await undecided(client, evaluations, findings))
      if (keeps) rows.graces.push(...await keptAfterMoves(client, rows, given, asOf))
      return rows
    },
    /** Not waited for: those who come next are evaluated meanwhile. */
    lay(rows: EvaluatedRows): void {
      passing.laid = pourOverlay(client, rows)
      // Whoever waits for it hears of a failure.
      passing.laid.catch(() => {})
    },
    laid: (): Promise<void> => passing.laid,
  }
}

function rowsOf(people: PersonToEvaluate[], evaluations: Evaluation[], accounts: ResolvedAccount[]): EvaluatedRows {
  return {
    people: evaluations.map((e, i) => ({ person_id: e.personId, attributes: people[i]!.attributes, state: e.state, ended_at: e.endedAt ?? null, changed_at: people[i]!.changedAt })),
    reasons: evaluations.flatMap((e) => [
      ...unique(e.roles, (r) => `${r.rule} ${r.role}`).map((r) => ({ person_id: e.personId, kind: 'rule', role_id: r.role, job_id: null, rule_id: r.rule, position_key: r.position })),
      ...e.accounts.filter((a) => a.wanted !== 'none').map((a) => ({ person_id: e.personId, kind: 'scope', role_id: null, job_id: a.job.id, rule_id: null, position_key: null })),
    ]),
    accounts: accounts.map((a) => ({
      person_id: a.personId, job_id: a.jobId, system_id: a.systemId, wanted: a.wanted, attributes: a.attributes, clear: a.clear, name: a.name,
      matched_account_id: a.matchedId, matched_by: a.matchedBy,
    })),
    references: accounts.flatMap((a) => Object.entries(a.references).map(([attribute, { key, value }]) =>
      ({ person_id: a.personId, job_id: a.jobId, attribute, key_attribute: key, value }))),
    graces: [],
  }
}

/** A rule that failed on somebody's values decides nothing: the roles that it gave them before stay, and the finding says why. */
async function undecided(client: Client, evaluations: Evaluation[], findings: Finding[]): Promise<EvaluatedRows['reasons']> {
  const all = evaluations.flatMap((e) => e.undecided.map(({ rule, message }) => ({ personId: e.personId, rule, message })))
  if (all.length === 0) return []
  findings.push(...all.map(({ personId, rule, message }) => ({ code: 'EXPRESSION_FAILED', person: personId, message: `Rule "${rule.name}": ${message}` })))
  return await rulesGivenBefore(client, all.map((u) => ({ personId: u.personId, ruleId: u.rule.id })))
}

function unique<T>(items: T[], key: (item: T) => string): T[] {
  return items.length < 2 ? items : [...new Map(items.map((item) => [key(item), item])).values()]
}
