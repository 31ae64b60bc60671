/** Waits for a plan, shows how far it is, and ends with the exit that its state has. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Schema } from '../../client/index.ts'
import { Failure, type Exit } from './exit.ts'
import { planView, progressLine, troubleView } from './plan-view.ts'
import { call, type Session } from './session.ts'

type Plan = Schema<'Plan'>

const restless: Plan['state'][] = ['computing', 'approved', 'applying']

/** The plan, once it is ready for review (`computed`) or moves no more (`rest`). Shows progress to people. */
export async function waitForPlan(session: Session, planId: string, until: 'computed' | 'rest'): Promise<Plan> {
  let last = ''
  for (;;) {
    const plan = await call(session.api.GET('/api/plans/{id}', { params: { path: { id: planId } } }))
    const line = progressLine(session.terminal, plan)
    if (!session.json && line !== last && restless.includes(plan.state)) session.terminal.redraw(line)
    last = line
    if (until === 'computed' ? plan.state !== 'computing' : !restless.includes(plan.state)) return plan
    await pause(session.pollMs)
  }
}

/** Waits, shows the plan, and ends with its exit. */
export async function followPlan(session: Session, planId: string, until: 'computed' | 'rest'): Promise<void> {
  const plan = await waitForPlan(session, planId, until)
  session.terminal.out(session.json ? JSON.stringify(plan) : await planView(session, plan))
  endWith(plan)
}

/** Waits until it is over or needs somebody, then says how it went. */
export async function watchPlan(session: Session, planId: string): Promise<void> {
  const plan = await waitForPlan(session, planId, 'rest')
  session.terminal.out(session.json ? JSON.stringify(plan) : await troubleView(session, plan))
  endWith(plan)
}

/** Which exit a plan's state has. */
export function exitOfPlan(plan: Pick<Plan, 'state' | 'failed' | 'held' | 'findings'>): Exit {
  if (plan.state === 'failed') return 'failed'
  if (plan.state === 'superseded') return 'changed'
  if (plan.state === 'open' || plan.state === 'held' || plan.state === 'stopped') return 'waits'
  if (plan.state === 'applied' && plan.failed > 0) return 'partly'
  if (plan.state === 'applied' && plan.held > 0) return 'waits'
  return plan.findings.some((finding) => /^(SOURCE|SYSTEM)_/.test(finding.code)) ? 'unread' : 'fine'
}

/** Ends with a plan's exit, without a further word: the view said it all. */
function endWith(plan: Plan): void {
  const exit = exitOfPlan(plan)
  if (exit !== 'fine') throw new Failure(exit, '')
}
