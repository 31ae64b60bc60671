/** How the reasons ended for which somebody holds what they have no reason for any more. */
import type { Because } from '../domain/plan.ts'
import type { Db } from './database.ts'

interface EndedRow {
  personId: string
  entitlementId: string
  kind: string
  roleId: string | null
  ruleId: string | null
  until: string | null
  agreed: string | null
  madeBy: string
}

/** The last one of each, by `person entitlement`. What a rule still gives by the stored rows ends with the plan that is being computed. */
export async function endedReasons(db: Db, asOf: string, lacking: { personId: string; entitlementId: string }[]): Promise<Map<string, Because>> {
  if (lacking.length === 0) return new Map()
  const { rows } = await db.query<EndedRow>(
    `select distinct on (u.person_id, u.entitlement_id) u.person_id as "personId", u.entitlement_id as "entitlementId", r.kind,
            coalesce(r.role_id, r.former_role_id) as "roleId", r.rule_id as "ruleId", r.valid_until as until, r.until_agreed_at as agreed, r.made_by as "madeBy"
       from unnest($1::uuid[], $2::bigint[]) as u (person_id, entitlement_id)
       join lateral (select * from reason r where r.person_id = u.person_id and r.kind <> 'scope'
                        and (r.valid_until <= $3 or r.kind = 'rule') offset 0) r on true
      where r.entitlement_id = u.entitlement_id
         or exists (select from role_entitlement re where re.role_id = r.role_id and re.entitlement_id = u.entitlement_id)
      order by 1, 2, r.valid_until desc nulls first, r.id desc`,
    [lacking.map((l) => l.personId), lacking.map((l) => l.entitlementId), asOf])
  return new Map(rows.map((row) => [`${row.personId} ${row.entitlementId}`, becauseOf(row)]))
}

function becauseOf({ kind, roleId, ruleId, until, agreed, madeBy }: EndedRow): Because {
  if (kind === 'rule') return { because: 'rule-over', rule: ruleId!, role: roleId! }
  if (kind === 'found' || until === null) return { because: 'no-reason' }
  const grace = kind === 'grace' ? { rule: ruleId!, role: roleId! } : {}
  return { because: 'expired', at: until, agreed: agreed ?? until, by: madeBy, ...grace }
}
