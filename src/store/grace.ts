/** What people keep for a while after a move: a rule that gave them a role no longer holds, and the role says so. */
import type { Client } from './database.ts'
import type { EvaluatedRows } from './overlay.ts'

/**
 * Of the roles that end with this evaluation, what is kept and until when. Somebody who ended keeps nothing; nor is a rule
 * kept that the policy (`given`) no longer has: that is an edit, not a move.
 */
export async function keptAfterMoves(client: Client, rows: EvaluatedRows, given: { rule: string; role: string }[], asOf: string): Promise<EvaluatedRows['graces']> {
  const people = rows.people.filter((p) => p.state !== 'ended').map((p) => p.person_id)
  const still = rows.reasons.filter((r) => r.kind === 'rule')
  const { rows: kept } = await client.query<EvaluatedRows['graces'][number]>(
    `select r.person_id, re.entitlement_id, min(r.rule_id) as rule_id, min(r.role_id) as former_role_id,
            max($7::timestamptz + make_interval(days => re.grace_days)) as valid_until
       from reason r
       join role_entitlement re on re.role_id = r.role_id and re.grace_days > 0
      where r.person_id = any ($1) and r.kind = 'rule' and r.valid_until is null
        and (r.rule_id, r.role_id) in (select * from unnest($2::text[], $3::text[]))
        and not exists (select from unnest($4::uuid[], $5::text[], $6::text[]) as e (person_id, rule_id, role_id)
                         where e.person_id = r.person_id and e.rule_id = r.rule_id and e.role_id = r.role_id)
      group by 1, 2`,
    [people, given.map((g) => g.rule), given.map((g) => g.role), still.map((r) => r.person_id), still.map((r) => r.rule_id), still.map((r) => r.role_id), asOf])
  return kept
}
