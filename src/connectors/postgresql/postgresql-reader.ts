/** The half that cannot write: one read-only transaction per read, so that all of it is of one moment. */
import type { ClientBase } from 'pg'
import { UsherError } from '../../domain/errors.ts'
import type {
  ObservedMembership, ObservedRecord, Page, ReadEnd, ReadScope, Reader, Secrets, Wanted,
} from '../connector.ts'
import { checkPostgresql } from './postgresql-check.ts'
import { beginRead, connections, prepared, target, type Connections } from './postgresql-client.ts'
import type { PostgresqlConfig } from './postgresql-config.ts'
import { translate } from './postgresql-errors.ts'
import {
  objectText,
  parseId,
  parseName,
  privilegeId,
  privilegeKinds,
  privilegeName,
  type Privilege,
} from './postgresql-names.ts'
import {
  holdersSql,
  privilegeOfRow,
  privilegesSql,
  type HolderRow,
  type PrivilegeRow,
} from './postgresql-privileges.ts'
import {
  attributeCondition,
  isAccount,
  isGroupRole,
  oidOf,
  roleRecord,
  rolesSql,
  type RoleRow,
} from './postgresql-roles.ts'
import { trace } from './postgresql-trace.ts'

/** Opens the reading half; connects when first used. */
export function openPostgresqlReader(config: PostgresqlConfig, secrets: Secrets): Reader {
  const own = connections(config, secrets, 'reader')
  return {
    check: async () => await checkPostgresql(own, config, secrets),
    read: (scope, signal) => read(own, config, scope, signal),
    lookup: (wanted, scope, signal) => lookup(own, config, wanted, scope, signal),
    trace: (asked, signal) => trace(own, target(config).user, asked, signal),
    keepReady: async () => { await own.keepReady() },
    close: async () => { await own.close() },
  }
}

async function* read(
  own: Connections,
  config: PostgresqlConfig,
  scope: ReadScope,
  signal: AbortSignal,
): AsyncGenerator<Page, ReadEnd> {
  let count = 0
  let client
  let ended = false
  try {
    signal.throwIfAborted()
    client = await own.connect()
    await client.query(beginRead)
    for await (const page of pages(client, config, scope)) {
      signal.throwIfAborted()
      count += page.records.length
      yield page
      signal.throwIfAborted()
    }
    await client.query('commit')
    ended = true
    return { complete: true, count }
  } catch (error) {
    if (signal.aborted)
      return { complete: false, count, code: 'SYSTEM_READ_INCOMPLETE', because: 'The read was stopped.' }
    const known = translate(error)
    if (!(known instanceof UsherError)) throw error
    return { complete: false, count, code: known.code, because: known.message }
  } finally {
    client?.release(!ended)
  }
}

/** Everything in scope: records first, then who holds what. */
async function* pages(client: ClientBase, config: PostgresqlConfig, scope: ReadScope): AsyncGenerator<Page> {
  const wants = (type: string) => scope.objectTypes.length === 0 || scope.objectTypes.includes(type)
  const roles = [...wants('role') ? [isAccount] : [], ...wants('group-role') ? [isGroupRole(config)] : []]
  if (roles.length > 0) {
    for await (const rows of cursor<RoleRow>(
      client,
      config.pageSize,
      `${rolesSql(config)} where ${roles.join(' or ')}`,
    )) {
      yield pageOf(rows.map((row) => roleRecord(row, scope)))
    }
  }
  const privileges = privilegeKinds.filter((kind) => wants(`${kind}-privilege`))
  if (privileges.length > 0) {
    for await (const rows of cursor<PrivilegeRow>(
      client,
      config.pageSize,
      ofKinds(privilegesSql(config), privileges),
    )) {
      yield pageOf(rows.map((row) => privilegeRecord(privilegeOfRow(row), scope)))
    }
  }
  const accounts = wants('role')
  if (accounts || wants('group-role')) {
    const sql = `${membersSql} and ${isAccount}
      and exists (select from pg_roles r where r.oid = m.roleid and ${isGroupRole(config)})`
    for await (const rows of cursor<MemberRow>(client, config.pageSize, sql))
      yield pageOf([], rows.map(membershipOfMember))
  }
  const held = accounts ? [...privilegeKinds] : privileges
  if (held.length > 0) {
    for await (const rows of cursor<HolderRow>(client, config.pageSize, ofKinds(holdersSql(config), held))) {
      yield pageOf([], rows.map(membershipOfHolder))
    }
  }
}

async function* cursor<Row extends object>(client: ClientBase, size: number, sql: string): AsyncGenerator<Row[]> {
  await client.query(`declare records no scroll cursor for ${sql}`)
  for (;;) {
    const { rows } = await client.query<Row>(`fetch forward ${size} from records`)
    if (rows.length > 0) yield rows
    if (rows.length < size) break
  }
  await client.query('close records')
}

/* ---------------------------------------------------------------- looking up */

async function lookup(
  own: Connections,
  config: PostgresqlConfig,
  wanted: Wanted[],
  scope: ReadScope,
  signal: AbortSignal,
): Promise<Page> {
  signal.throwIfAborted()
  if (wanted.length === 0) return pageOf([])
  try {
    return await own.transaction('read', async (client) => {
      const roles = await findRoles(client, config, wanted)
      const privileges = await findPrivileges(client, config, wanted)
      const memberships = [
        ...(await heldBy(
          client,
          config,
          roles.filter((row) => row.type === 'role').map((row) => row.id),
        )),
        ...(await membersOf(
          client,
          config,
          roles.filter((row) => row.type === 'group-role').map((row) => row.id),
          privileges,
        )),
      ]
      const records = [
        ...roles.map((row) => roleRecord(row, scope)),
        ...privileges.map((privilege) => privilegeRecord(privilege, scope)),
      ]
      return pageOf(records, distinct(memberships))
    })
  } catch (error) {
    throw translate(error)
  }
}

async function findRoles(client: ClientBase, config: PostgresqlConfig, wanted: Wanted[]): Promise<RoleRow[]> {
  const conditions: string[] = []
  const values: string[][] = []
  const add = (kind: string, condition: (parameter: string) => string | undefined, all: string[]) => {
    const sql = condition(`any($${values.length + 1})`)
    if (all.length === 0 || sql === undefined) return
    conditions.push(`(${kind} and ${sql})`)
    values.push(all)
  }
  for (const [type, kind] of [['role', isAccount], ['group-role', isGroupRole(config)]] as const) {
    const ofType = wanted.filter((want) => want.objectType === type)
    add(kind, (p) => `r.oid = ${p}`, ofType.flatMap((want) => ('id' in want ? oidOf(want.id) ?? [] : [])))
    add(kind, (p) => `r.rolname = ${p}`, ofType.flatMap((want) => ('name' in want ? want.name : [])))
    const byAttribute = Object.groupBy(ofType.filter((want) => 'attribute' in want), (want) => want.attribute)
    for (const [attribute, wants = []] of Object.entries(byAttribute)) {
      if (attributeCondition(attribute, '') === undefined) {
        throw new UsherError(
          'INVALID_INPUT',
          `A ${type} of PostgreSQL can be found by name or comment, not by ${attribute}.`,
        )
      }
      add(kind, (p) => attributeCondition(attribute, p), wants.map((want) => String(want.value)))
    }
  }
  if (conditions.length === 0) return []
  return (await client.query<RoleRow>(prepared(`${rolesSql(config)} where ${conditions.join(' or ')}`, values))).rows
}

async function findPrivileges(client: ClientBase, config: PostgresqlConfig, wanted: Wanted[]): Promise<Privilege[]> {
  const found = new Map<string, Privilege>()
  for (const want of wanted) {
    const privilege = privilegeWanted(want)
    if (!privilege || want.objectType !== `${privilege.kind}-privilege` || found.has(privilegeId(privilege))) continue
    const { rowCount } = await client.query(privilegesSql(config, { privilege }))
    if (rowCount) found.set(privilegeId(privilege), privilege)
  }
  return [...found.values()]
}

function privilegeWanted(want: Wanted): Privilege | undefined {
  if ('id' in want) return parseId(want.id)
  if ('name' in want) return parseName(want.name)
  return want.attribute === 'name' ? parseName(String(want.value)) : undefined
}

async function heldBy(client: ClientBase, config: PostgresqlConfig, accounts: string[]): Promise<ObservedMembership[]> {
  if (accounts.length === 0) return []
  const members = await client.query<MemberRow>(prepared(`${membersSql} and m.member = any($1::oid[])
    and exists (select from pg_roles r where r.oid = m.roleid and ${isGroupRole(config)})`, [accounts]))
  const holders = await client.query<HolderRow>(prepared(holdersSql(config, { grantees: '$1::oid[]' }), [accounts]))
  return [...members.rows.map(membershipOfMember), ...holders.rows.map(membershipOfHolder)]
}

async function membersOf(
  client: ClientBase,
  config: PostgresqlConfig,
  groups: string[],
  privileges: Privilege[],
): Promise<ObservedMembership[]> {
  const found: ObservedMembership[] = []
  if (groups.length > 0) {
    const { rows } = await client.query<MemberRow>(`${membersSql} and ${isAccount} and m.roleid = any($1::oid[])`, [
      groups,
    ])
    found.push(...rows.map(membershipOfMember))
  }
  for (const privilege of privileges) {
    const { rows } = await client.query<HolderRow>(holdersSql(config, { privilege }))
    found.push(...rows.map(membershipOfHolder))
  }
  return found
}

/* ---------------------------------------------------------------- shapes */

interface MemberRow { role: string; member: string }

/** From version 16 on, several grantors may have made the same membership. */
const membersSql = `select distinct m.roleid::text as role, m.member::text as member
  from pg_auth_members m join pg_roles r on r.oid = m.member where true`

function membershipOfMember({ role, member }: MemberRow): ObservedMembership {
  return { entitlementId: role, member: { id: member } }
}

function membershipOfHolder(row: HolderRow): ObservedMembership {
  return { entitlementId: privilegeId(privilegeOfRow(row)), member: { id: row.grantee } }
}

function privilegeRecord(privilege: Privilege, scope: ReadScope): ObservedRecord {
  const objectType = `${privilege.kind}-privilege`
  const name = privilegeName(privilege)
  const all = { name, on: objectText(privilege), privilege: privilege.privilege }
  const asked = scope.attributes?.[objectType]
  const attributes = Object.fromEntries(
    Object.entries(all).filter(([attribute]) => !asked || asked.includes(attribute)),
  )
  return { objectType, id: privilegeId(privilege), name, attributes }
}

function ofKinds(sql: string, kinds: readonly string[]): string {
  return `select * from (${sql}) of_kind where kind in (${kinds.map((kind) => `'${kind}'`).join(', ')})`
}

function distinct(memberships: ObservedMembership[]): ObservedMembership[] {
  return [...new Map(memberships.map((membership) => [JSON.stringify(membership), membership])).values()]
}

function pageOf(records: ObservedRecord[], memberships: ObservedMembership[] = []): Page {
  return { records, memberships, rejected: [] }
}
