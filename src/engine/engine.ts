/**
 * What the doors (API, scheduler, demo) may ask of the engine. Each call is one file in this folder.
 * `actor` is the user's id, `token:<id>` or `usher` (the scheduler); authorisation happened before.
 */
import type { Check, SourceShape } from '../connectors/connector.ts'
import type { Thing } from '../domain/exception.ts'
import type { PlanScope } from '../domain/plan.ts'
import type { AccountJob, Job, PeopleJob, System } from '../domain/policy.ts'
import type { Attributes, Mapped } from '../domain/value.ts'

export interface Engine {
  /** Begins a plan and returns at once; a worker reads, maps, compares. Scope null: everything. With `asOf` it is a forecast. */
  startPlan(input: { cause: string; actor: string; scope: PlanScope; asOf?: string; readAnew?: boolean }): Promise<{ planId: string }>
  /** Waits until the plan left `computing` or, with `applied`, until it is over. */
  waitForPlan(planId: string, until: 'computed' | 'over', signal: AbortSignal): Promise<void>
  /** Approves exactly the plan with this hash: PLAN_HASH_DIFFERS otherwise. */
  approvePlan(planId: string, hash: string, actor: string): Promise<void>
  /** Lets the exact set that a brake or finding holds go on with the plan; `pending`: as soon as a second user confirms it. */
  releaseHeld(planId: string, setHash: string, actor: string): Promise<{ pending: boolean; planId: string }>
  stopPlan(planId: string, actor: string): Promise<void>
  resumePlan(planId: string, actor: string): Promise<void>
  /** Begins a plan that takes back what another did; what it undoes is left as it is until then (a week where nothing is said). */
  undoPlan(input: { planId: string; until?: string | undefined }, actor: string): Promise<{ planId: string }>
  /** Begins a plan that puts back exactly these findings of drift. */
  putBackDrift(ids: string[], actor: string): Promise<{ planId: string }>
  /** Makes drift right as it is: a reason for access that somebody gave by hand, an exception without end for anything else. */
  adoptDrift(ids: string[], note: string, actor: string): Promise<void>
  leaveDrift(ids: string[], until: string, note: string, actor: string): Promise<void>
  /** Ends an exception: the plan that follows treats the thing like everything else. */
  endException(id: string, actor: string): Promise<{ planId: string }>
  /** Begins a plan that makes an account of nobody a person's. */
  linkAccount(input: { accountId: string; personId: string; jobId?: string | undefined }, actor: string): Promise<{ planId: string }>
  markAccount(input: { accountId: string; kind: 'service' | 'shared' | 'ignored'; ownerId?: string | undefined; note?: string | undefined; until?: string | undefined }, actor: string): Promise<void>
  unmarkAccount(accountId: string, kind: 'service' | 'shared' | 'ignored', actor: string): Promise<void>
  protectAccount(accountId: string, actor: string): Promise<void>
  /** Tries a change in `again` or `stuck` once more, now. */
  retryChange(planId: string, changeId: string, actor: string): Promise<void>

  /** A stuck change that a person dealt with otherwise; the next plan looks for itself. */
  settleChange(planId: string, changeId: string, settled: { how: 'by-hand' | 'not-needed'; note: string }, actor: string): Promise<void>
  /** Lets a system that is paused at an error rate go on. */
  resumeSystem(systemId: string, actor: string): Promise<void>

  /** Reads a source or destination fully, without planning. */
  readSystem(systemId: string, actor: string): Promise<void>
  checkSystem(system: System): Promise<Check>
  inspectSource(system: System): Promise<SourceShape>

  /** One person (or one source row) through a job, with every step shown. `job` may be a draft. Writes nothing. */
  previewJob(input: { job: PeopleJob; row?: number } | { job: AccountJob; personId: string }): Promise<JobPreview>
  /** Everything that a person has or lacks, and because of what. */
  why(personId: string, asOf?: string): Promise<Why>
  /** Why a person does not have an entitlement, or an account in a system. */
  whyNot(personId: string, target: { entitlementId: string } | { jobId: string } | { roleId: string }, asOf?: string): Promise<WhyNot>

  decideCase(caseId: string, personId: string | null, actor: string): Promise<void>
  grant(input: { personId: string; roleId?: string; entitlementId?: string; from?: string; until?: string; note?: string }, actor: string): Promise<{ reasonId: string; planId: string }>
  /** Moves the end of what was given, later or earlier; null: no end. */
  changeEnd(reasonId: string, until: string | null, actor: string): Promise<{ planId: string }>
  endReason(reasonId: string, actor: string): Promise<{ planId: string }>
  /** Ends a person, now or at an instant, whatever their source says. `leaverId`: their clock, where it runs already. */
  endPerson(input: { personId: string; at?: string; note?: string }, actor: string): Promise<{ effectiveAt: string; leaverId: string | null }>
  /** Takes the last such end back; null where nobody had to be brought back. */
  liftPersonEnd(personId: string, actor: string): Promise<{ planId: string | null }>
  /** Shows a first password once and shreds it. */
  showPassword(personId: string, jobId: string, actor: string): Promise<string>
}

export interface JobPreview {
  job: Job
  /** In order: read, key, scope, each field, unique names, match, what would change. */
  steps: PreviewStep[]
}

export interface PreviewStep {
  step: 'read' | 'key' | 'scope' | 'field' | 'position-field' | 'state' | 'match' | 'account' | 'change'
  title: string
  /** Attribute of the step, for fields. */
  attribute?: string
  expression?: string
  /** The values that the expression saw, by the name under which it read them. */
  inputs?: Record<string, unknown>
  result?: Mapped | unknown
  /** A sentence for people. */
  says: string
  ok: boolean
}

export interface Why {
  personId: string
  asOf: string
  /** Person attributes, each with the cell it came from. */
  attributes: { attribute: string; value: unknown; origin: Origin | null }[]
  positions: { key: string; attributes: Attributes; start?: string; end?: string; origin: Origin | null }[]
  accounts: { accountId: string; system: string; name: string; enabled: boolean; since: string | null; attributes: WhyValue[]; reasons: WhyReason[] }[]
  access: {
    system: string
    entitlementId: string
    entitlement: string
    /** Seen in the system now. */
    present: boolean
    since: string | null
    until: string | null
    reasons: WhyReason[]
  }[]
  /** What is left as it is by decision, although policy says otherwise. */
  exceptions: WhyException[]
}

/** A thing of an account that is left as it is: kept although policy would take it, or withheld although policy would give it. */
export interface WhyException {
  exceptionId: string
  system: string
  job: string
  accountId: string | null
  thing: Thing
  attribute: string | null
  entitlementId: string | null
  keepsAccess: boolean
  /** "anna.nowak is left without Sales." */
  says: string
  from: string
  /** Null: until somebody ends it. */
  until: string | null
  note: string
  /** Who decided it. */
  by: string
}

/** A value of an account: what made it, when it was written, and the cells that it was made of. */
export interface WhyValue {
  attribute: string
  value: unknown
  job: string
  /** As the mapping said when it was written; null where no mapping does. */
  expression: string | null
  policyRevision: number
  /** Null where Usher did not write it: it was there before, or somebody changed it by hand. */
  written: { at: string; planId: string; plan: number } | null
  origins: Origin[]
}

export interface WhyReason {
  reasonId: string
  kind: 'scope' | 'rule' | 'role' | 'manual' | 'found' | 'grace'
  /** "Rule Sales staff gives role Sales, because department is Sales (company.xlsx, Staff!H17)" */
  says: string
  from: string
  until: string | null
  role?: string
  rule?: string
  policyRevision: number
  /** The cells that the rule's condition read. */
  origins: Origin[]
}

export interface Origin {
  job: string
  source: string
  row: number
  cells: { address: string; column: string; value: unknown }[]
  expression: string
  policyRevision: number
}

export interface WhyNot {
  has: boolean
  /** One per way by which the person could have it. */
  ways: {
    says: string
    rule?: string
    role?: string
    /** The first condition that failed, as written, and the values that it saw. */
    failed: { condition: string; line: number; column: number; saw: Record<string, unknown> } | null
    origins: Origin[]
  }[]
  /** Decisions that keep it from the person, whatever the rules say. */
  exceptions: WhyException[]
}
