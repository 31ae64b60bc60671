/** Sessions that an account has open. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientBase } from 'pg'
import { UsherError } from '../../domain/errors.ts'
import type { Outcome } from '../connector.ts'
import type { PostgresqlConfig } from './postgresql-config.ts'
import { oidOf, rolesSql, type RoleRow } from './postgresql-roles.ts'

const patienceMs = 5000
/** The server itself would look only every 100 ms, and wait for one session after the other. */
const [lookMsMin, lookMsMax] = [4, 100]

/**
 * Ends the sessions of a role and waits until they are gone. A role that was dropped may still have some
 * (`evenIfGone`): they go on under its oid. Outside of a transaction, as there nothing new is seen of sessions.
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
  const { rows: told } = await client.query<{ pid: number }>(
    `select pid, pg_terminate_backend(pid) from pg_stat_activity where usesysid = $1 and pid <> pg_backend_pid()`,
    [oid],
  )
  const left = await whatGoesOn(client, oid, told.map(({ pid }) => pid))
  if (left > 0)
    throw new UsherError(
      'SYSTEM_BUSY',
      `${left} of ${told.length} sessions of ${role?.name ?? `role ${id}`} did not end yet.`,
    )
  return { outcome: told.length > 0 ? 'done' : 'already', id }
}

/** How many of these sessions are left when none is, or patience is over. */
async function whatGoesOn(client: ClientBase, oid: string, pids: number[]): Promise<number> {
  const until = performance.now() + patienceMs
  let left = pids.length
  for (let waitMs = lookMsMin; left > 0 && performance.now() < until; waitMs = Math.min(2 * waitMs, lookMsMax)) {
    await sleep(waitMs)
    const { rows } = await client.query<{ n: number }>(
      `select count(*)::int as n from pg_stat_activity where usesysid = $1 and pid = any ($2)`, [oid, pids])
    left = rows[0]?.n ?? 0
  }
  return left
}
