/** Undoing a plan: the inverse of what it did, as a plan of its own that is reviewed, approved, braked and carried out like any other. */
import { UsherError } from '../domain/errors.ts'
import type { Finding } from '../domain/plan.ts'
import { givesAccess, undo, type DoneChange } from '../domain/undo.ts'
import { compilePolicy } from '../domain/evaluate.ts'
import { endExceptionsOfPlan, insertExceptions, type NewException } from '../store/exception.ts'
import { transaction, type Client } from '../store/database.ts'
import { findPlan, insertChanges, type PlanRow } from '../store/plan.ts'
import { accountsToUndo, countLeft, doneChanges, endUnusedExceptions, insertLeft, leftSince, livingEntitlements, madeBy, peopleChangedBy, peopleDone, type LeftOut } from '../store/undo.ts'
import type { Context, Revision } from './context.ts'
import { prepareJobs } from './prepared-job.ts'
import { hashChange } from './facts.ts'
import { startPlan } from './start-plan.ts'

const leftDays = 7

/** Nobody gets access back from before they left: it is taken from them once, and stays so. */
export const leftSinceWords = 'The person has left since.'

/** Begins a plan that takes back what another did. `until`: what is undone is left as it is until then. */
export async function startUndo(context: Context, input: { planId: string; until?: string | undefined }, actor: string): Promise<{ planId: string }> {
  const plan = await findPlan(context.pool, input.planId)
  if (plan === null) throw new UsherError('NOT_FOUND', 'There is no such plan.')
  if (plan.state === 'applying' || plan.state === 'approved') throw new UsherError('PLAN_NOT_OPEN', `Plan ${plan.number} is under way. Stop it first, or wait until it is over.`)
  const now = context.now()
  const until = input.until ?? Temporal.Instant.from(now).add({ hours: 24 * leftDays }).toString()
  if (Number.isNaN(Date.parse(until)) || Date.parse(until) <= Date.parse(now)) throw new UsherError('INVALID_INPUT', 'until must be an instant in the future.')
  const people = await peopleChangedBy(context.pool, plan.id)
  if (people.length === 0) throw new UsherError('INVALID_INPUT', `Plan ${plan.number} changed nothing in any system, so there is nothing to undo.`)
  return await startPlan(context, { cause: 'undo', actor, scope: { people }, aim: { undo: plan.id, number: Number(plan.number), until: new Date(until).toISOString() } })
}

/** Writes the changes of an undoing plan, and what it cannot undo. */
export async function planUndo(context: Context, client: Client, plan: PlanRow, revision: Revision): Promise<Finding[]> {
  if (plan.aim === null || !('undo' in plan.aim)) return []
  const { undo: undoneId, number, until } = plan.aim
  const jobs = prepareJobs(context, compilePolicy(revision.policy))
  const made = await madeBy(client, undoneId)
  for await (const changes of doneChanges(client, undoneId)) {
    const accounts = await accountsToUndo(client, changes)
    const entitlements = await livingEntitlements(client, changes.map((c) => c.entitlementId))
    const gone = await leftSince(client, undoneId, changes.map((c) => c.personId))
    const left: LeftOut[] = []
    const undone = changes.flatMap((change) => {
      const prepared = jobs.get(change.jobId)
      if (prepared === undefined) {
        left.push({ changeId: change.id, code: 'NOT_UNDOABLE', words: 'The job that it was done for is not in the policy any more.' })
        return []
      }
      const row = change.accountId === null ? undefined : accounts.get(change.accountId)
      const account = row !== undefined && row.personId === change.personId && row.jobId === change.jobId ? row : null
      const own = made.get(`${change.personId} ${change.jobId}`)
      const result = undo(change, {
        account, held: new Set(account?.held), entitlementThere: change.entitlementId !== null && entitlements.has(change.entitlementId),
        descriptions: prepared.type.attributes, made: own !== undefined && change.kind !== 'create', plan: number,
      })
      if (result.change !== null && givesAccess(result.change) && gone.has(change.personId)) {
        left.push({ changeId: change.id, code: 'CHANGE_DIFFERS', words: leftSinceWords })
        return []
      }
      left.push(...result.left.map((l) => ({ changeId: change.id, ...l })))
      if (change.kind === 'create' && own?.password) left.push({ changeId: change.id, code: 'NOT_UNDOABLE', words: 'A first password was made for the account; it is not taken back, the account is disabled.' })
      return result.change === null ? [] : [result.change]
    })
    await insertLeft(client, plan.id, left)
    await insertChanges(client, plan.id, undone.map((change) => ({ ...change, hash: hashChange(change), state: 'planned' as const })))
  }
  const people = await peopleDone(client, undoneId)
  if (people > 0) await insertLeft(client, plan.id, [{ changeId: null, code: 'NOT_UNDOABLE', words: `${people} ${people === 1 ? 'change to a person is' : 'changes to people are'} not taken back: that is what their source says. The access that followed is.` }])
  return await words(client, plan, until)
}

async function words(client: Client, plan: PlanRow, until: string): Promise<Finding[]> {
  const left = await countLeft(client, plan.id)
  return [
    { code: 'UNDO_UNTIL', severity: 'info', message: `What this plan undoes is left as it is until ${until.slice(0, 16).replace('T', ' ')} UTC. After that the next plan treats it like everything else.` },
    ...left.map(({ code, words, n }): Finding => ({ code: code === 'NOT_UNDOABLE' ? code : 'UNDO_LEFT', severity: 'info', message: n === 1 ? words : `${n} times: ${words}` })),
  ]
}

/** Whether what a plan undoes would have been left so until now at most: the next plan would do it all again at once. */
export function isOver({ aim }: PlanRow, now: string): boolean {
  return aim !== null && 'undo' in aim && Date.parse(aim.until) <= Date.parse(now)
}

/** Whether a plan takes another back. */
export const isUndo = (plan: PlanRow): boolean => plan.aim !== null && 'undo' in plan.aim

/**
 * Before the first write: what is about to be undone is left as it is, so that no ordinary plan does it all again meanwhile.
 * Where the instant is over until which that would hold, nothing is undone.
 */
export async function beginUndo(context: Context, plan: PlanRow): Promise<void> {
  if (plan.aim === null || !('undo' in plan.aim)) return
  const { undo: undoneId, until } = plan.aim
  const undone = await findPlan(context.pool, undoneId)
  const by = plan.approvedBy ?? plan.madeBy
  await transaction(context.pool, async (client) => {
    const now = context.now()
    if (isOver(plan, now)) return
    // Undoing an undoing brings back what policy says; there is nothing to except.
    if (undone?.aim !== null && undone !== null && 'undo' in undone.aim!) return await endExceptionsOfPlan(client, undoneId, by, now)
    const { rows } = await client.query<DoneChange>(
      `select id, kind, person_id as "personId", system_id as "systemId", job_id as "jobId", object_type as "objectType", account_id as "accountId",
              entitlement_id as "entitlementId", subject, before, after
         from plan_change c where plan_id = $1 and state = 'waiting'
          and not exists (select from exception x where x.plan_id = $1 and x.person_id = c.person_id)`, [plan.id])
    const note = `Plan ${plan.aim !== null && 'undo' in plan.aim ? plan.aim.number : ''} was undone.`
    await insertExceptions(client, rows.flatMap(exceptionsOf), { until, note, by, planId: plan.id, now })
  })
}

/** After the last one: what was not undone after all is no exception. */
export async function endUndo(client: Client, plan: PlanRow, now: string): Promise<void> {
  if (plan.aim !== null && 'undo' in plan.aim) await endUnusedExceptions(client, plan.id, now)
}

function exceptionsOf(change: DoneChange): NewException[] {
  const { personId, jobId, systemId, accountId, entitlementId } = change
  const one = (thing: NewException['thing'], keepsAccess: boolean, more: Partial<NewException> = {}): NewException =>
    ({ personId, jobId, systemId, accountId, thing, keepsAccess, attribute: null, entitlementId: null, ...more })
  switch (change.kind) {
    case 'enable': return [one('enabled', true)]
    case 'disable': return [one('enabled', false)]
    case 'grant': return [one('entitlement', true, { entitlementId })]
    case 'revoke': return [one('entitlement', false, { entitlementId })]
    case 'unlink': return [one('account', false)]
    case 'update':
    case 'rename': return Object.keys({ ...change.before, ...change.after }).map((attribute) => one('attribute', false, { attribute }))
    default: return []
  }
}
