/** Reasons that people give and take by hand; rules and scopes are stored with their evaluation. */
import { UsherError } from '../domain/errors.ts'
import type { Client } from './database.ts'

export async function insertManualReason(
  client: Client, input: { personId: string; roleId?: string; entitlementId?: string; from?: string; until?: string; note?: string; revision: number; actor: string; now: string },
): Promise<string> {
  // Whoever leaves at this moment ends it with the rest of what they have, or has left already.
  const { rows: [person] } = await client.query<{ state: string }>('select state from person where id = $1 for share', [input.personId])
  if (person === undefined) throw new UsherError('NOT_FOUND', 'There is no such person.')
  if (person.state === 'ended') throw new UsherError('INVALID_INPUT', 'This person has left; access is given to people with a position.')
  if (input.entitlementId !== undefined) {
    const { rows } = await client.query('select from entitlement where id = $1 and gone_at is null', [input.entitlementId])
    if (rows.length === 0) throw new UsherError('NOT_FOUND', 'There is no such entitlement.')
  }
  const { rows } = await client.query<{ id: string }>(
    `insert into reason (person_id, kind, role_id, entitlement_id, policy_revision, valid_from, valid_until, until_agreed_at, note, made_by, made_at)
     values ($1, $2, $3, $4, $5, coalesce($10::timestamptz, $6::timestamptz), $7, case when $7::timestamptz is not null then $6::timestamptz end, $8, $9, $6) returning id`,
    [input.personId, input.roleId === undefined ? 'manual' : 'role', input.roleId ?? null, input.entitlementId ?? null, input.revision, input.now, input.until ?? null, input.note ?? null,
      input.actor, input.from ?? null])
  return rows[0]!.id
}

/** Reasons that a person may end, or give another end. */
const byHand = `kind in ('role', 'manual', 'found', 'grace')`

/** Ends a reason that was given by hand or found; returns whose it was, or null if there is none that lives. */
export async function endReasonRow(client: Client, reasonId: string, actor: string, now: string): Promise<string | null> {
  const { rows } = await client.query<{ personId: string }>(
    `update reason set valid_until = greatest($2, valid_from), until_agreed_at = greatest($2, valid_from), ended_by = $3
      where id = $1 and ${byHand} and (valid_until is null or valid_until > $2)
     returning person_id as "personId"`, [reasonId, now, actor])
  return rows[0]?.personId ?? null
}

/** Moves the end of a reason that lives or is still to begin; returns whose it is and its end before, or null if there is none such. */
export async function moveEnd(client: Client, reasonId: string, until: string | null, now: string): Promise<{ personId: string; before: string | null; from: string; roleId: string | null; entitlementId: string | null } | null> {
  const { rows: [reason] } = await client.query<{ personId: string; before: string | null; from: string; roleId: string | null; entitlementId: string | null }>(
    `select person_id as "personId", valid_until as before, valid_from as from, role_id as "roleId", entitlement_id as "entitlementId" from reason
      where id = $1 and ${byHand} and (valid_until is null or valid_until > $2) for update`, [reasonId, now])
  if (reason === undefined) return null
  await client.query(
    `update reason set valid_until = $2, until_agreed_at = case when $2::timestamptz is not null then $3::timestamptz end where id = $1`, [reasonId, until, now])
  return reason
}
