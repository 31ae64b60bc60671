/** The engine as one value: each call is a file beside this one. */
import type { Engine } from './engine.ts'
import type { Context } from './context.ts'
import { UsherError } from '../domain/errors.ts'
import { appendAudit } from '../store/audit.ts'
import { currentRevision } from '../store/policy.ts'
import { findPlan } from '../store/plan.ts'
import { openReader, systemOf } from './context.ts'
import { decideCase } from './decide-case.ts'
import { endPerson, liftPersonEnd } from './end-person.ts'
import { changeEnd, endReason, grant } from './grant.ts'
import { showPassword } from './handover.ts'
import { previewJob } from './preview-job.ts'
import { readSystem } from './read-system.ts'
import { adoptDrift, leaveDrift, putBackDrift } from './drift.ts'
import { endOneException } from './exception.ts'
import { linkAccount, markAccount, protectOrphan, unmarkAccount } from './orphan.ts'
import { releaseHeld } from './release.ts'
import { resumeSystem, settleChange } from './settle-change.ts'
import { approvePlan, checkScope, resumePlan, retryChange, startPlan, stopPlan } from './start-plan.ts'
import { startUndo } from './undo.ts'
import { why, whyNot } from './why.ts'

const checkMsMax = 20_000

export function createEngine(context: Context): Engine {
  return {
    async startPlan(input) {
      await checkScope(context, input.scope)
      return await startPlan(context, input)
    },
    waitForPlan: (planId, until, signal) => waitForPlan(context, planId, until, signal),
    approvePlan: (planId, hash, actor) => approvePlan(context, planId, hash, actor),
    releaseHeld: (planId, setHash, actor) => releaseHeld(context, planId, setHash, actor),
    stopPlan: (planId, actor) => stopPlan(context, planId, actor),
    resumePlan: (planId, actor) => resumePlan(context, planId, actor),
    undoPlan: (input, actor) => startUndo(context, input, actor),
    putBackDrift: (ids, actor) => putBackDrift(context, ids, actor),
    adoptDrift: (ids, note, actor) => adoptDrift(context, ids, note, actor),
    leaveDrift: (ids, until, note, actor) => leaveDrift(context, ids, until, note, actor),
    endException: (id, actor) => endOneException(context, id, actor),
    linkAccount: (input, actor) => linkAccount(context, input, actor),
    markAccount: (input, actor) => markAccount(context, input, actor),
    unmarkAccount: (accountId, kind, actor) => unmarkAccount(context, accountId, kind, actor),
    protectAccount: (accountId, actor) => protectOrphan(context, accountId, actor),
    retryChange: (planId, changeId, actor) => retryChange(context, planId, changeId, actor),
    settleChange: (planId, changeId, settled, actor) => settleChange(context, planId, changeId, settled, actor),
    resumeSystem: (systemId, actor) => resumeSystem(context, systemId, actor),
    async readSystem(systemId, actor) {
      const revision = await currentRevision(context.pool)
      const result = await readSystem(context, revision, systemOf(revision.policy, systemId), AbortSignal.timeout(3_600_000))
      await appendAudit(context.pool, [{ at: context.now(), actor, action: 'system.read', subject: `system:${systemId}`, detail: { complete: result.complete, accounts: result.accounts } }])
      if (!result.complete) throw new UsherError(result.code ?? 'SYSTEM_READ_INCOMPLETE', result.because ?? 'The read did not reach its end.')
    },
    async checkSystem(system) {
      const reader = openReader(context, system, context.secrets)
      try {
        return await reader.check(AbortSignal.timeout(checkMsMax))
      } finally {
        await reader.close()
      }
    },
    async inspectSource(system) {
      const reader = openReader(context, system)
      try {
        if (reader.inspect === undefined) throw new UsherError('INVALID_INPUT', `${system.name} is not a table-like source.`)
        return await reader.inspect(AbortSignal.timeout(checkMsMax))
      } finally {
        await reader.close()
      }
    },
    previewJob: (input) => previewJob(context, input),
    why: (personId, asOf) => why(context, personId, asOf),
    whyNot: (personId, target, asOf) => whyNot(context, personId, target, asOf),
    decideCase: (caseId, personId, actor) => decideCase(context, caseId, personId, actor),
    grant: (input, actor) => grant(context, input, actor),
    changeEnd: (reasonId, until, actor) => changeEnd(context, reasonId, until, actor),
    endReason: (reasonId, actor) => endReason(context, reasonId, actor),
    endPerson: (input, actor) => endPerson(context, input, actor),
    liftPersonEnd: (personId, actor) => liftPersonEnd(context, personId, actor),
    showPassword: (personId, jobId, actor) => showPassword(context, personId, jobId, actor),
  }
}

async function waitForPlan(context: Context, planId: string, until: 'computed' | 'over', signal: AbortSignal): Promise<void> {
  const going = until === 'computed' ? ['computing'] : ['computing', 'approved', 'applying']
  for (;;) {
    signal.throwIfAborted()
    const plan = await findPlan(context.pool, planId)
    if (plan === null) throw new UsherError('NOT_FOUND', 'There is no such plan.')
    if (!going.includes(plan.state)) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
