/** Plans that do not simply carry out policy: each aim writes the changes of its plan in a way of its own. */
import type { Finding } from '../domain/plan.ts'
import type { Client } from '../store/database.ts'
import type { PlanRow } from '../store/plan.ts'
import type { Context, Revision } from './context.ts'
import { planPutBack } from './drift.ts'
import { planLink } from './orphan.ts'
import { planUndo } from './undo.ts'

export async function planAim(context: Context, client: Client, plan: PlanRow, revision: Revision, asOf: string): Promise<Finding[]> {
  if (plan.aim !== null && 'putBack' in plan.aim) await planPutBack(context, client, plan, revision, asOf, plan.aim.putBack)
  if (plan.aim !== null && 'link' in plan.aim) await planLink(client, plan, plan.aim.link)
  return await planUndo(context, client, plan, revision)
}
