/** Reasons that people give and take by hand; rules and scopes are stored with their evaluation. */
import { UsherError } from '../domain/errors.ts'
import type { Client } from './database.ts'

export async function insertManualReason(
  client: Client, input: { personId: string; roleId?: string; entitlementId?: string; until?: string; note?: string; revision: number; actor: string; now: string },
): Promise<string> {
  const { rows: [person] } = await client.query<{ state: string }>('select state from person where id = $1', [input.personId])
  if (person === undefined) throw new UsherError('NOT_FOUND', 'There is no such person.')
  if (person.state === 'ended') throw new UsherError('INVALID_INPUT', 'This person has left; access is given to people with a position.')
  if (input.entitlementId !== undefined) {
    const { rows } = await client.query('select from entitlement where id = $1 and gone_at is null', [input.entitlementId])
    if (rows.length === 0) throw new UsherError('NOT_FOUND', 'There is no such entitlement.')
  }
  const { rows } = await client.query<{ id: string }>(
    `insert into reason (person_id, kind, role_id, entitlement_id, policy_revision, valid_from, valid_until, note, made_by, made_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $6) returning id`,
    [input.personId, input.roleId === undefined ? 'manual' : 'role', input.roleId ?? null, input.entitlementId ?? null, input.revision, input.now, input.until ?? null, input.note ?? null, input.actor])
  return rows[0]!.id
}

/** Ends a reason that was given by hand or found; returns whose it was, or null if there is none that lives. */
export async function endReasonRow(client: Client, reasonId: string, now: string): Promise<string | null> {
  const { rows } = await client.query<{ personId: string }>(
    `update reason set valid_until = greatest($2, valid_from) where id = $1 and kind in ('role', 'manual', 'found') and (valid_until is null or valid_until > $2)
     returning person_id as "personId"`, [reasonId, now])
  return rows[0]?.personId ?? null
}
