/** Accounts of nobody: linked to a person by a plan, declared a service's or shared, protected, or left out of the list for a time. */
import { UsherError } from '../domain/errors.ts'
import { accountJobs } from '../domain/policy.ts'
import { waves, type DecidedChange } from '../domain/decide.ts'
import { appendAudit } from '../store/audit.ts'
import { transaction, type Client } from '../store/database.ts'
import { accountOfJob, endMark, insertMark, isPerson, livingAccount, protectAccount, type AccountRow, type MarkKind } from '../store/orphan.ts'
import { insertChanges, type PlanRow } from '../store/plan.ts'
import { currentRevision, saveRevision } from '../store/policy.ts'
import type { Context } from './context.ts'
import { hashChange } from './facts.ts'
import { startPlan } from './start-plan.ts'

/** Begins a plan that makes an account of nobody a person's. */
export async function linkAccount(context: Context, input: { accountId: string; personId: string; jobId?: string | undefined }, actor: string): Promise<{ planId: string }> {
  const account = await touchable(context, input.accountId)
  if (account.personId !== null) throw new UsherError('CONFLICT', `${account.name} is somebody's already.`)
  if (!(await isPerson(context.pool, input.personId))) throw new UsherError('NOT_FOUND', 'There is no such person.')
  const { policy } = await currentRevision(context.pool)
  const jobs = accountJobs(policy).filter((j) => j.destination === account.systemId && j.objectType === account.objectType && (input.jobId === undefined || j.id === input.jobId))
  if (jobs.length === 0) throw new UsherError('INVALID_INPUT', `No job makes accounts like ${account.name} in this system${input.jobId === undefined ? '' : ` under the name "${input.jobId}"`}.`)
  if (jobs.length > 1) throw new UsherError('INVALID_INPUT', `Several jobs make such accounts: ${jobs.map((j) => j.id).join(', ')}. Say which one it is for.`)
  const jobId = jobs[0]!.id
  const own = await accountOfJob(context.pool, input.personId, jobId)
  if (own !== null) throw new UsherError('CONFLICT', `This person has an account of this job already: ${own}.`)
  return await startPlan(context, {
    cause: 'linked by hand', actor, scope: { people: [input.personId] }, aim: { link: { accountId: account.id, personId: input.personId, jobId } },
  })
}

/** Writes the one change of a plan that links. What the account holds becomes a reason when it is carried out. */
export async function planLink(client: Client, plan: PlanRow, { accountId, personId, jobId }: { accountId: string; personId: string; jobId: string }): Promise<void> {
  const account = await livingAccount(client, accountId)
  if (account === null || account.protected || account.personId !== null) return
  const change: DecidedChange = {
    kind: 'link', wave: waves.link, personId, systemId: account.systemId, jobId, objectType: account.objectType, accountId, entitlementId: null,
    subject: account.name, before: null, after: { name: account.name }, because: [{ because: 'by-hand', by: plan.madeBy }],
  }
  await insertChanges(client, plan.id, [{ ...change, hash: hashChange(change), state: 'planned' }])
}

/** Says what an account is: a service's with an owner, used by several people, or not to be listed until a date. */
export async function markAccount(
  context: Context, input: { accountId: string; kind: MarkKind; ownerId?: string | undefined; note?: string | undefined; until?: string | undefined }, actor: string,
): Promise<void> {
  const account = await touchable(context, input.accountId)
  const now = context.now()
  if (input.kind === 'service') {
    if (input.ownerId === undefined) throw new UsherError('INVALID_INPUT', 'A service account has an owner: name the person who answers for it.')
    if (account.personId !== null) throw new UsherError('CONFLICT', `${account.name} is a person's account.`)
  }
  if (input.ownerId !== undefined && !(await isPerson(context.pool, input.ownerId))) throw new UsherError('NOT_FOUND', 'There is no such person.')
  if (input.kind === 'ignored' && input.until === undefined) throw new UsherError('INVALID_INPUT', 'Say until when it is to be left out.')
  if (input.until !== undefined && !(Date.parse(input.until) > Date.parse(now))) throw new UsherError('INVALID_INPUT', 'until must be an instant in the future.')
  await transaction(context.pool, async (client) => {
    await insertMark(client, { accountId: account.id, kind: input.kind, ownerId: input.ownerId ?? null, note: input.note ?? '', until: input.until ?? null, by: actor, now })
    await appendAudit(client, [{ at: now, actor, action: `account.${input.kind}`, subject: `account:${account.id}`, detail: { system: account.systemId, owner: input.ownerId, until: input.until } }])
  })
}

export async function unmarkAccount(context: Context, accountId: string, kind: MarkKind, actor: string): Promise<void> {
  const now = context.now()
  await transaction(context.pool, async (client) => {
    if (!(await endMark(client, accountId, kind, actor, now))) throw new UsherError('NOT_FOUND', 'Nobody said that of this account.')
    await appendAudit(client, [{ at: now, actor, action: `account.not-${kind}`, subject: `account:${accountId}`, detail: {} }])
  })
}

/** Protects an account, by an edit of the policy: Usher never touches it again. */
export async function protectOrphan(context: Context, accountId: string, actor: string): Promise<void> {
  const account = await touchable(context, accountId)
  await transaction(context.pool, async (client) => {
    const now = context.now()
    const { revision, policy } = await currentRevision(client)
    const document = structuredClone(policy)
    const system = document.systems.find((s) => s.id === account.systemId)
    if (system === undefined) throw new UsherError('NOT_FOUND', 'The system is not in the policy any more.')
    // By its id, which survives a rename; by its name where the id could be taken for a pattern.
    const entry = account.nativeId.includes('*') ? account.name : account.nativeId
    if (!system.protected.includes(entry)) system.protected.push(entry)
    await saveRevision(client, { base: revision, document, actor, message: `Protect ${account.name}`, now })
    await protectAccount(client, account.id)
    await appendAudit(client, [{ at: now, actor, action: 'account.protected', subject: `account:${account.id}`, detail: { system: account.systemId } }])
  })
}

async function touchable(context: Context, accountId: string): Promise<AccountRow> {
  const account = await livingAccount(context.pool, accountId)
  if (account === null) throw new UsherError('NOT_FOUND', 'There is no such account.')
  if (account.protected) throw new UsherError('PROTECTED', `${account.name} is protected and is never touched.`)
  return account
}
