/** Who granted a membership, as PostgreSQL keeps it. Of anything else it keeps neither who nor when. */
import { UsherError } from '../../domain/errors.ts'
import type { Trace, Traced } from '../connector.ts'
import { prepared, type Connections } from './postgresql-client.ts'
import { translate } from './postgresql-errors.ts'
import { oidOf } from './postgresql-roles.ts'

interface GrantorRow { role: string; member: string; grantors: string[] }

/** One answer for each, null where PostgreSQL says nothing. */
export async function trace(own: Connections, user: string, asked: Traced[], signal: AbortSignal): Promise<(Trace | null)[]> {
  signal.throwIfAborted()
  const memberships = asked.filter((one) => one.entitlement?.objectType === 'group-role')
  if (memberships.length === 0) return asked.map(() => null)
  const roles = memberships.flatMap((one) => oidOf(one.entitlement!.id) ?? [])
  const members = memberships.flatMap((one) => oidOf(one.id) ?? [])
  const rows = await granted(own, roles, members)
  const grantors = new Map(rows.map((row) => [`${row.role} ${row.member}`, row.grantors]))
  return asked.map((one) => {
    const others = (grantors.get(`${one.entitlement?.id} ${one.id}`) ?? []).filter((name) => name !== user)
    return others.length === 0 ? null : { of: 'membership', by: others.join(', ') }
  })
}

async function granted(own: Connections, roles: string[], members: string[]): Promise<GrantorRow[]> {
  try {
    return await own.transaction('read', async (client) => (await client.query<GrantorRow>(prepared(
      `select m.roleid::text as role, m.member::text as member, array_agg(distinct g.rolname::text) as grantors
         from pg_auth_members m join pg_roles g on g.oid = m.grantor
        where m.roleid = any($1::oid[]) and m.member = any($2::oid[]) group by 1, 2`, [roles, members]))).rows)
  } catch (error) {
    const known = translate(error)
    throw known instanceof UsherError ? known : error
  }
}
