/** Plans that do not simply carry out policy: each aim writes the changes of its plan in a way of its own. */
import type { Finding } from '../domain/plan.ts'
import type { Client } from '../store/database.ts'
import type { PlanRow } from '../store/plan.ts'
import type { Context, Revision } from './context.ts'
import { planUndo } from './undo.ts'

export async function planAim(context: Context, client: Client, plan: PlanRow, revision: Revision, _asOf: string): Promise<Finding[]> {
  return await planUndo(context, client, plan, revision)
}
