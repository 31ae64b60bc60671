/** What of a leaver's plan another plan was let do already: it went past the brakes there, or was released. */
import type { ChangeKind } from '../domain/plan.ts'
import type { Client } from './database.ts'

/** Changes of this plan that another one is about to do. */
export async function passedElsewhere(client: Client, planId: string): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(
    `select c.id from plan_change c
      where c.plan_id = $1 and c.stage = 2 and c.state = 'planned' and exists (
        select from plan_change o
         where o.person_id = c.person_id and o.plan_id <> $1 and o.stage = 2 and o.system_id = c.system_id and o.job_id = c.job_id and o.kind = c.kind
           and o.entitlement_id is not distinct from c.entitlement_id and o.state in ('waiting', 'again'))`, [planId])
  return rows.map((r) => r.id)
}

/** Lets these go; returns where something is still held. */
export async function letPass(client: Client, planId: string, ids: string[]): Promise<{ systemId: string; kind: ChangeKind }[]> {
  if (ids.length > 0) await client.query(`update plan_change set state = 'planned' where plan_id = $1 and id = any ($2::bigint[]) and state = 'held'`, [planId, ids])
  const { rows } = await client.query<{ systemId: string; kind: ChangeKind }>(
    `select distinct system_id as "systemId", kind from plan_change where plan_id = $1 and stage = 2 and state = 'held'`, [planId])
  return rows
}
