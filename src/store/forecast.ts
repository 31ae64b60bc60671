/** What a forecast shows beside its changes: who comes and goes, and which reasons begin and end until then. */
import type { Position } from '../domain/person.ts'
import type { Client, Db } from './database.ts'

export interface ForecastPerson {
  id: string
  name: string
  was: string
  becomes: string
  /** When their state changes first. */
  at: string | null
  positions: Position[]
}

/** People whose state changes by the forecast, in the order in which it does; at most `limit`. */
export async function forecastPeople(db: Db, planId: string, limit: number): Promise<ForecastPerson[]> {
  const { rows } = await db.query<ForecastPerson>(
    `select c.person_id as id, c.subject as name, c.before ->> 'state' as was, c.after ->> 'state' as becomes, (c.before ->> 'nextChangeAt') as at, o.positions
       from plan_change c join plan_overlay o on o.plan_id = c.plan_id and o.person_id = c.person_id
      where c.plan_id = $1 and c.stage = 1 and c.after ? 'state' order by c.before ->> 'nextChangeAt', c.subject limit $2`, [planId, limit])
  return rows
}

export interface ForecastReason {
  id: string
  name: string
  happens: 'begins' | 'ends'
  at: string
  kind: string
  roleId: string | null
  systemId: string | null
  entitlement: string | null
}

/** Reasons that begin or end by themselves after one instant and until another; at most `limit`. */
export async function forecastReasons(db: Db, after: string, until: string, people: string[] | null, limit: number): Promise<ForecastReason[]> {
  const { rows } = await db.query<ForecastReason>(
    `select p.id, coalesce(p.attributes ->> 'displayName', p.attributes ->> 'employeeId', '') as name, r.happens, r.at, r.kind,
            r.role_id as "roleId", e.system_id as "systemId", e.name as entitlement
       from (select person_id, 'ends' as happens, valid_until as at, kind, coalesce(role_id, former_role_id) as role_id, entitlement_id from reason
              where kind in ('role', 'manual', 'grace') and valid_until > $1 and valid_until <= $2
             union all
             select person_id, 'begins', valid_from, kind, role_id, entitlement_id from reason
              where kind in ('role', 'manual') and valid_from > made_at and valid_from > $1 and valid_from <= $2) r
       join person p on p.id = r.person_id left join entitlement e on e.id = r.entitlement_id
      where $3::uuid[] is null or p.id = any ($3)
      order by r.at, 2 limit $4`, [after, until, people, limit])
  return rows
}

/** A forecast gives no names. */
export async function forgetNames(client: Client, planId: string): Promise<void> {
  await client.query('delete from reserved_name where plan_id = $1', [planId])
}
