/** Exceptions end by their date, or when somebody ends them. */
import { UsherError } from '../domain/errors.ts'
import { appendAudit } from '../store/audit.ts'
import { transaction } from '../store/database.ts'
import { endException } from '../store/exception.ts'
import type { Context } from './context.ts'
import { startPlan } from './start-plan.ts'

export async function endOneException(context: Context, id: string, actor: string): Promise<{ planId: string }> {
  const now = context.now()
  const personId = await transaction(context.pool, async (client) => {
    const person = await endException(client, id, actor, now)
    if (person === null) throw new UsherError('NOT_FOUND', 'There is no such exception that still lives.')
    await appendAudit(client, [{ at: now, actor, action: 'exception.ended', subject: `person:${person}`, detail: { exception: id } }])
    return person
  })
  return await startPlan(context, { cause: 'exception ended', actor, scope: { people: [personId] } })
}
