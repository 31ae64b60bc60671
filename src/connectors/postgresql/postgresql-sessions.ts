/** Sessions that an account has open. */
import type { ClientBase } from 'pg'
import { UsherError } from '../../domain/errors.ts'
import type { Outcome } from '../connector.ts'
import type { PostgresqlConfig } from './postgresql-config.ts'
import { oidOf, rolesSql, type RoleRow } from './postgresql-roles.ts'

const patienceMs = 5000

/**
 * Ends the sessions of a role and waits until they are gone. A role that was dropped may still have some
 * (`evenIfGone`): they go on under its oid.
 */
export async function endSessionsOf(
  client: ClientBase,
  config: PostgresqlConfig,
  id: string,
  evenIfGone = false,
): Promise<Outcome> {
  const oid = oidOf(id)
  const { rows: [role] } = await client.query<RoleRow>(`${rolesSql(config)} where r.oid = $1`, [oid ?? '0'])
  if (role?.protected) throw new UsherError('PROTECTED', `${role.name} is protected.`)
  if (oid === undefined || !role && !evenIfGone) return { outcome: 'already', id }
  const { rows } = await client.query<{ ended: boolean }>(
    `select pg_terminate_backend(pid, ${patienceMs}) as ended from pg_stat_activity
      where usesysid = $1 and pid <> pg_backend_pid()`,
    [oid],
  )
  const left = rows.filter((row) => !row.ended).length
  if (left > 0)
    throw new UsherError(
      'SYSTEM_BUSY',
      `${left} of ${rows.length} sessions of ${role?.name ?? `role ${id}`} did not end yet.`,
    )
  return { outcome: rows.length > 0 ? 'done' : 'already', id }
}
