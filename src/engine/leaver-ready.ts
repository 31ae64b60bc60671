/** What leavers need at once and what seldom changes: the policy and its jobs, made ready once for each revision. */
import { newestRevision, revisionAt } from '../store/policy.ts'
import type { Context, Revision } from './context.ts'
import type { Deciding } from './facts.ts'
import { hashOfPolicy } from './plan-hash.ts'
import { prepareDeciding, preparedJobs } from './plan-systems.ts'

export interface Ready {
  revision: Revision
  policyHash: string
  deciding(): Promise<Deciding>
}

export type GetReady = () => Promise<Ready>

export function readiness(context: Context): GetReady {
  let last: { revision: Revision; policyHash: string; jobs: Deciding['jobs'] } | null = null
  return async () => {
    const newest = await newestRevision(context.pool)
    if (last === null || last.revision.revision !== newest) {
      const revision = await revisionAt(context.pool, newest)
      last = { revision, policyHash: await hashOfPolicy(context.pool, revision), jobs: preparedJobs(context, revision) }
    }
    const { revision, policyHash, jobs } = last
    return { revision, policyHash, deciding: () => prepareDeciding(context, context.pool, revision, context.now(), jobs) }
  }
}
