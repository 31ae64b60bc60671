/** A person's word on an ambiguous match: it is this one, or somebody new. */
import { UsherError } from '../domain/errors.ts'
import { appendAudit } from '../store/audit.ts'
import { transaction } from '../store/database.ts'
import type { Context } from './context.ts'
import { startPlan } from './start-plan.ts'

export async function decideCase(context: Context, caseId: string, personId: string | null, actor: string): Promise<void> {
  const jobId = await transaction(context.pool, async (client) => {
    const { rows: [found] } = await client.query<{ jobId: string; candidates: string[]; decidedAt: string | null }>(
      `select job_id as "jobId", candidates, decided_at as "decidedAt" from match_case where id = $1 for update`, [caseId])
    if (found === undefined) throw new UsherError('NOT_FOUND', 'There is no such case.')
    if (found.decidedAt !== null) throw new UsherError('CONFLICT', 'Somebody decided this case already.')
    if (personId !== null && !found.candidates.includes(personId)) throw new UsherError('INVALID_INPUT', 'This person is not one of the candidates.')
    await client.query('update match_case set decided_at = $2, decided_by = $3, person_id = $4 where id = $1', [caseId, context.now(), actor, personId])
    await appendAudit(client, [{ at: context.now(), actor, action: 'case.decided', subject: `case:${caseId}`, detail: { person: personId } }])
    return found.jobId
  })
  await startPlan(context, { cause: 'case decided', actor, scope: { jobs: [jobId] } })
}
