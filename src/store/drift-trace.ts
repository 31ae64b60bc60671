/** What systems themselves say of who changed something by hand. */
import type { Db } from './database.ts'

export interface Untraced {
  id: string
  systemId: string
  objectType: string
  nativeId: string
  entitlementType: string | null
  entitlementNativeId: string | null
  lastRightAt: string | null
}

export interface DriftTrace {
  of: 'account' | 'entitlement' | 'membership'
  at?: string
  by?: string
}

/** What was first seen at an instant, of accounts that are still there. */
export async function untracedDrift(db: Db, firstSeenAt: string, limit: number): Promise<Untraced[]> {
  const { rows } = await db.query<Untraced>(
    `select d.id, d.system_id as "systemId", a.object_type as "objectType", a.native_id as "nativeId",
            e.object_type as "entitlementType", e.native_id as "entitlementNativeId", d.last_right_at as "lastRightAt"
       from drift d join account a on a.id = d.account_id left join entitlement e on e.id = d.entitlement_id
      where d.settled_at is null and d.first_seen_at = $1 and d.trace is null and d.kind <> 'gone' order by d.id limit $2`, [firstSeenAt, limit])
  return rows
}

export async function setDriftTraces(db: Db, traces: { id: string; trace: DriftTrace }[]): Promise<void> {
  await db.query('update drift d set trace = u.trace from unnest($1::bigint[], $2::jsonb[]) as u (id, trace) where d.id = u.id',
    [traces.map((t) => t.id), traces.map((t) => JSON.stringify(t.trace))])
}
