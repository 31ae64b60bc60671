/** Plans and changes as the API shows them: rows with their sentences. */
import { symbol } from '../domain/plan.ts'
import type { ChangeState, PlanBrake } from '../domain/plan.ts'
import { becauseClause, changedFields, changeSentence, planSentence } from '../domain/sentence.ts'
import type { ChangeCount, Subject } from '../domain/sentence.ts'
import { countChangesOf } from '../store/plan-views.ts'
import { releaseDays } from '../store/release.ts'
import type { BasisShown, ChangeShown, PlanShown } from '../store/plan-views.ts'
import type { LeftShown } from '../store/undo.ts'
import type { Door } from './door.ts'
import { adviceFor, lexicon, namedPerson } from './names.ts'
import type { Lexicon } from './names.ts'

const over = new Set(['applied', 'applying', 'stopped'])
const failedStates: ChangeState[] = ['stuck', 'refused']

export function actorsOfPlans(plans: PlanShown[]): (string | null)[] {
  return plans.flatMap((p) => [p.madeBy, p.approvedBy, ...p.brakes.flatMap((b) => [b.released?.by ?? null, b.released?.second ?? null, b.pending?.by ?? null])])
}

export function actorsOfChanges(changes: ChangeShown[]): string[] {
  return changes.flatMap((c) => c.reasons.flatMap((r) => ('by' in r ? [r.by] : [])))
}

export async function planRows(door: Door, plans: PlanShown[]) {
  const [names, counts] = await Promise.all([lexicon(door, actorsOfPlans(plans)), countChangesOf(door.context.pool, plans.map((p) => p.id))])
  return plans.map((plan) => {
    const own = counts.get(plan.id) ?? []
    const sum = (states: ChangeState[]) => own.filter((c) => states.includes(c.state)).reduce((n, c) => n + c.n, 0)
    const { id, number, state, cause, scope, policyRevision, asOf, madeAt, approvedAt, startedAt, endedAt } = plan
    return {
      counts: own,
      row: {
        id, number, state, cause, scope, undoes: plan.aim !== null && 'undo' in plan.aim ? { id: plan.aim.undo, number: plan.aim.number } : null, policyRevision, asOf, madeAt, approvedAt, startedAt, endedAt,
        madeBy: names.namedUser(plan.madeBy), approvedBy: plan.approvedBy === null ? null : names.namedUser(plan.approvedBy),
        says: state === 'computing' ? 'Being computed.' : state === 'failed' ? plan.error?.message ?? 'It could not be computed.'
          : planSentence(own, names, over.has(state)),
        total: own.reduce((n, c) => n + c.n, 0), done: sum(['done']), failed: sum(failedStates), skipped: sum(['skipped']), held: sum(['held']),
      },
    }
  })
}

export function shownChange(change: ChangeShown, names: Lexicon) {
  const { id, stage, wave, kind, objectType, subject, state, attempts, nextAttemptAt, startedAt, doneAt } = change
  const person = subjectOf(change)
  const words = { kind, stage, systemId: change.systemId, subject, before: change.before, after: change.after, reasons: change.reasons }
  return {
    id, stage, wave, kind, symbol: symbol[kind], system: names.namedSystem(change.systemId), job: change.jobId, objectType,
    person: namedPerson(change.personId, change.personName), subject,
    entitlement: change.entitlementId === null ? null : { id: change.entitlementId, name: change.entitlement ?? change.entitlementId },
    says: changeSentence({ ...words, ...(change.entitlement === null ? {} : { entitlement: change.entitlement }) }, person, names),
    fields: kind === 'grant' || kind === 'revoke' ? [] : changedFields(words),
    reasons: change.reasons.map((r) => ({ ...r, says: becauseClause(r, person, names) })),
    state, attempts, nextAttemptAt, startedAt, doneAt,
    error: change.code === null && change.words === null ? null
      : { code: change.code ?? '', words: change.words ?? '', advice: adviceFor(change.code) },
  }
}

/** Whom the change is about, with the dates and the source row that its reasons speak of. */
function subjectOf(change: ChangeShown): Subject | null {
  if (change.personId === null) return null
  const starts = (change.positions ?? []).flatMap((p) => p.start ?? []).toSorted()
  const ends = (change.positions ?? []).flatMap((p) => p.end ?? []).toSorted()
  return {
    name: change.personName ?? change.subject,
    ...(starts[0] === undefined ? {} : { start: starts[0] }),
    ...(ends.at(-1) === undefined ? {} : { end: ends.at(-1)! }),
    ...(change.source === null ? {} : { origin: [change.source.name, ...(change.source.cells.length > 0 ? change.source.cells.slice(0, 4) : [`row ${change.source.row}`])].join(', ') }),
  }
}

export function shownLeft(left: LeftShown, names: Lexicon) {
  const { id, code, words, changeId, kind, systemId, personId, personName, subject } = left
  return {
    id, code, words, advice: adviceFor(code),
    change: changeId === null || kind === null ? null
      : { id: changeId, kind, symbol: symbol[kind], subject: subject ?? '', system: names.namedSystem(systemId ?? ''), person: namedPerson(personId, personName) },
  }
}

export function shownBrake(brake: PlanBrake, names: Lexicon) {
  const { kind, planned, of, limit, setHash, released, pending, window } = brake
  const second = brake.secondPerson === true
  return {
    system: names.namedSystem(brake.system), kind, planned, of, limit, setHash,
    code: brake.code ?? null, job: brake.job === undefined ? null : { id: brake.job, name: names.job(brake.job) },
    privileged: brake.privileged === true, window: window ?? null, secondPerson: second,
    pending: pending === undefined ? null : { by: names.namedUser(pending.by), at: pending.at },
    released: released === undefined ? null : {
      by: names.namedUser(released.by), at: released.at, second: released.second === undefined ? null : names.namedUser(released.second),
      until: Temporal.Instant.from(released.at).add({ hours: 24 * releaseDays }).toString(),
    },
    says: [
      brake.because ?? brakeSentence(brake, names.system(brake.system)), brake.code === undefined ? `The limit is ${limitWords(limit)}.` : adviceFor(brake.code),
      ...(released !== undefined ? [] : pending !== undefined ? [`Released by ${names.user(pending.by)}; a second person must confirm.`]
        : second ? ['Two different users must release it.'] : []),
    ].join(' '),
  }
}

/** What would happen to how many, with what other plans did. */
function brakeSentence({ kind, planned, of, privileged, window, system }: PlanBrake, name: string): string {
  const what = system === 'people' ? 'people' : kind === 'grant' || kind === 'revoke' ? `${privileged ? 'privileged ' : ''}memberships` : 'accounts'
  const done = system === 'people' && kind === 'disable' ? 'ended' : participle[kind]
  const where = system === 'people' ? '' : ` in ${name}`
  const many = kind === 'grant' || kind === 'create' ? `${planned} ${what} would be ${done}${where}, where ${of} are.` : `${planned} of ${of} ${what} would be ${done}${where}.`
  if (window === undefined) return many
  return `${many} With ${window.counted} of other plans in the last ${window.hours === 1 ? 'hour' : `${window.hours} hours`} that is ${planned + window.counted}.`
}

function limitWords({ count, share }: PlanBrake['limit']): string {
  return [
    ...(count === undefined ? [] : [`more than ${count}`]), ...(share === undefined ? [] : [`more than ${Math.round(share * 1000) / 10} %`]),
  ].join(' and ')
}

const participle: Record<PlanBrake['kind'], string> = {
  create: 'created', update: 'changed', rename: 'renamed', enable: 'enabled', disable: 'disabled', delete: 'deleted',
  grant: 'granted', revoke: 'revoked', link: 'linked', unlink: 'unlinked',
}

export function shownCounts(counts: ChangeCount[], names: Lexicon) {
  return counts.map(({ stage, systemId, kind, state, n }) => ({ stage, system: names.namedSystem(systemId), kind, state, count: n }))
}

export function shownSystems(counts: ChangeCount[], names: Lexicon, recent: Map<string, number> | null, seconds: number) {
  return [...Map.groupBy(counts, (c) => c.systemId)].map(([id, own]) => {
    const sum = (...states: ChangeState[]) => own.filter((c) => states.includes(c.state)).reduce((n, c) => n + c.n, 0)
    return {
      system: names.namedSystem(id), total: own.reduce((n, c) => n + c.n, 0) - sum('observed'),
      done: sum('done'), failed: sum(...failedStates), refused: sum('refused'), skipped: sum('skipped'), held: sum('held'), waiting: sum('waiting', 'running', 'again'),
      perSecond: recent === null ? null : (recent.get(id) ?? 0) / seconds,
    }
  })
}

export function shownBasis(basis: BasisShown, names: Lexicon) {
  const whole = basis.state === 'complete' ? 'read completely' : `not read to the end${basis.because === null ? '' : `: ${basis.because}`}`
  const aside = basis.setAside === 0 ? '' : `, ${basis.setAside} set aside`
  return {
    at: basis.at,
    says: basis.kind === 'snapshot'
      ? `${basis.rows} rows of ${basis.file ?? names.system(basis.systemId)} for "${names.job(basis.job ?? '')}"${aside}, ${whole}`
      : `${names.system(basis.systemId)}: ${basis.accounts} accounts, ${basis.entitlements} entitlements, ${whole}`,
  }
}
