/** What accounts hold: group roles and privileges, granted and revoked, and read back before the transaction ends. */
import pg, { type ClientBase } from 'pg'
import { UsherError } from '../../domain/errors.ts'
import type { Outcome, SystemChange } from '../connector.ts'
import { accountOf } from './postgresql-accounts.ts'
import { prepared } from './postgresql-client.ts'
import type { PostgresqlConfig } from './postgresql-config.ts'
import { parseId, privilegeName, type Privilege } from './postgresql-names.ts'
import { holdersSql, isWhole, privilegesSql, tableKinds } from './postgresql-privileges.ts'
import { isGroupRole, oidOf, rolesSql, type RoleRow } from './postgresql-roles.ts'

type Holding = Extract<SystemChange, { kind: 'grant' | 'revoke' }>

const tablesPerStatement = 500

/** Grants or revokes one entitlement. */
export async function hold(client: ClientBase, config: PostgresqlConfig, change: Holding): Promise<Outcome> {
  const { id, entitlement } = change
  const wanted = change.kind === 'grant'
  const account = await accountOf(client, config, id)
  if (!account) {
    if (!wanted) return { outcome: 'already', id }
    throw new UsherError('TARGET_GONE', `There is no role with oid ${id} any more (it was ${change.name}).`)
  }
  const changed = entitlement.objectType === 'group-role'
    ? await holdGroupRole(client, config, account, change)
    : await holdPrivilege(client, config, account, change)
  return { outcome: changed ? 'done' : 'already', id }
}

/* ---------------------------------------------------------------- group roles */

async function holdGroupRole(
  client: ClientBase,
  config: PostgresqlConfig,
  account: RoleRow,
  { kind, entitlement }: Holding,
): Promise<boolean> {
  const {
    rows: [group],
  } = await client.query<RoleRow>(
    prepared(`${rolesSql(config)} where r.oid = $1 and ${isGroupRole(config)}`, [oidOf(entitlement.id) ?? '0']),
  )
  if (!group) {
    if (kind === 'revoke') return false
    throw new UsherError(
      'TARGET_GONE',
      `There is no group role with oid ${entitlement.id} any more (it was ${entitlement.name}).`,
    )
  }
  if (group.superuser || group.replication) throw new UsherError('PROTECTED', `${group.name} is protected.`)
  const grantors = await grantorsOf(client, group, account)
  const [role, member] = [pg.escapeIdentifier(group.name), pg.escapeIdentifier(account.name)]
  if (kind === 'grant') {
    if (grantors.length > 0) return false
    await client.query(`grant ${role} to ${member}`)
    return true
  }
  // From version 16 on each grantor's grant stands for itself, and all of them must go.
  for (const grantor of grantors)
    await client.query(`revoke ${role} from ${member} granted by ${pg.escapeIdentifier(grantor)}`)
  const left = await grantorsOf(client, group, account)
  if (left.length === 0) return grantors.length > 0
  throw new UsherError(
    'SYSTEM_RIGHT_MISSING',
    `${account.name} still is a member of ${group.name}: granted by ${left.join(', ')}.`,
  )
}

async function grantorsOf(client: ClientBase, group: RoleRow, account: RoleRow): Promise<string[]> {
  const { rows } = await client.query<{ name: string | null }>(`
    select g.rolname as name from pg_auth_members m left join pg_roles g on g.oid = m.grantor
     where m.roleid = $1 and m.member = $2`, [group.id, account.id])
  // Before version 16 a grantor may be gone; anybody may then be named.
  return rows.map(({ name }) => name ?? account.name)
}

/* ---------------------------------------------------------------- privileges */

async function holdPrivilege(
  client: ClientBase,
  config: PostgresqlConfig,
  account: RoleRow,
  { kind, entitlement }: Holding,
): Promise<boolean> {
  const privilege = parseId(entitlement.id)
  const { rowCount } = privilege ? await client.query(privilegesSql(config, { privilege })) : { rowCount: 0 }
  if (!privilege || !rowCount) {
    if (kind === 'revoke') return false
    throw new UsherError(
      'TARGET_GONE',
      `There is no ${entitlement.name} (${entitlement.id}) any more, or it is not in the system's scope.`,
    )
  }
  const wanted = kind === 'grant'
  // An access list is one row: two grants on one thing at once would make one of them fail.
  await lock(client, lockOf(privilege))
  if (wanted === await holds(client, config, account, privilege)) return false
  await alterPrivilege(client, account, privilege, wanted)
  if (wanted === (await holds(client, config, account, privilege))) return true
  throw new UsherError(
    'SYSTEM_RIGHT_MISSING',
    wanted
      ? `The server granted nothing: Usher's role lacks the GRANT OPTION for ${privilegeName(privilege)}.`
      : `${account.name} still holds ${privilegeName(privilege)}: somebody else granted it, `
        + 'and Usher\'s role is neither that role nor the owner.',
  )
}

async function holds(
  client: ClientBase,
  config: PostgresqlConfig,
  account: RoleRow,
  privilege: Privilege,
): Promise<boolean> {
  const { rowCount } = await client.query(holdersSql(config, { privilege, grantees: '$1::oid[]' }), [[account.id]])
  return rowCount !== 0
}

async function alterPrivilege(
  client: ClientBase,
  account: RoleRow,
  privilege: Privilege,
  wanted: boolean,
): Promise<void> {
  const what =
    privilege.kind !== 'table'
      ? [`${privilege.kind} ${pg.escapeIdentifier(privilege.object ?? '')}`]
      : privilege.object !== undefined
        ? [tables([{ schema: privilege.schema ?? '', name: privilege.object }])]
        : await tablesToAlter(client, account, privilege, wanted)
  const role = pg.escapeIdentifier(account.name)
  for (const on of what) {
    await client.query(
      wanted
        ? `grant ${privilege.privilege} on ${on} to ${role}`
        : `revoke ${privilege.privilege} on ${on} from ${role}`,
    )
  }
}

/** The tables of a schema where the account lacks or has the privilege. What it owns is not touched. */
async function tablesToAlter(
  client: ClientBase,
  account: RoleRow,
  { schema, privilege }: Privilege,
  wanted: boolean,
): Promise<string[]> {
  const { rows } = await client.query<{ schema: string; name: string }>(
    `
    select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and ${tableKinds} and c.relowner <> $2 and $4 = not exists (
       select from aclexplode(c.relacl) a where a.grantee = $2 and a.privilege_type = $3)`,
    [schema, account.id, privilege, wanted],
  )
  return Array.from({ length: Math.ceil(rows.length / tablesPerStatement) }, (_, n) =>
    tables(rows.slice(n * tablesPerStatement, (n + 1) * tablesPerStatement)))
}

function tables(all: { schema: string; name: string }[]): string {
  const names = all.map(({ schema, name }) => `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)}`)
  return `table ${names.join(', ')}`
}

/* ---------------------------------------------------------------- before a role is dropped */

/** How GRANT and REVOKE call what `pg_identify_object` calls otherwise. */
const keywords: Record<string, string> = {
  'table': 'table',
  'view': 'table',
  'materialized view': 'table',
  'foreign table': 'table',
  'sequence': 'sequence',
  'schema': 'schema',
  'database': 'database',
  'function': 'routine',
  'procedure': 'routine',
  'aggregate': 'routine',
  'type': 'type',
  'domain': 'domain',
  'language': 'language',
  'foreign-data wrapper': 'foreign data wrapper',
  'server': 'foreign server',
  'large object': 'large object',
  'tablespace': 'tablespace',
}

/** Revokes every privilege that a role has in this database; what it owns stays, so that it cannot be dropped. */
export async function revokeAll(client: ClientBase, config: PostgresqlConfig, account: RoleRow): Promise<void> {
  const { rows } = await client.query<{ type: string; identity: string; schema: string | null; name: string | null }>(`
    select distinct i.type, i.identity, i.schema, c.relname as name
      from pg_shdepend d cross join lateral pg_identify_object(d.classid, d.objid, 0) i
      left join pg_class c on d.classid = 'pg_class'::regclass and c.oid = d.objid
     where d.refclassid = 'pg_authid'::regclass and d.refobjid = $1 and d.deptype = 'a'
       and d.dbid in (0, (select oid from pg_database where datname = current_database()))`, [account.id])
  const found = rows.filter((row) => keywords[row.type] !== undefined)
  const locks = new Set(
    found.map((row) =>
      row.name === null ? `${row.type}:${row.identity}` : tableLock(config, row.schema ?? '', row.name),
    ),
  )
  // Always in the same order, so that two that drop do not wait for each other.
  for (const key of [...locks].toSorted()) await lock(client, key)
  for (const [keyword, all = []] of Object.entries(Object.groupBy(found, (row) => keywords[row.type] ?? ''))) {
    for (let from = 0; from < all.length; from += tablesPerStatement) {
      const names = all.slice(from, from + tablesPerStatement).map((row) => row.identity)
      await client.query(`revoke all on ${keyword} ${names.join(', ')} from ${pg.escapeIdentifier(account.name)}`)
    }
  }
}

function lockOf({ kind, schema, object }: Privilege): string {
  if (kind !== 'table') return `${kind}:${pg.escapeIdentifier(object ?? '')}`
  return object === undefined ? `tables:${schema}` : `table:${schema}.${object}`
}

function tableLock(config: PostgresqlConfig, schema: string, name: string): string {
  return isWhole(config, schema) ? `tables:${schema}` : `table:${schema}.${name}`
}

async function lock(client: ClientBase, key: string): Promise<void> {
  await client.query(`select pg_advisory_xact_lock(hashtext('usher'), hashtext($1))`, [key])
}
