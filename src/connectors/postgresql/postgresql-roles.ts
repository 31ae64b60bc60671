/** Roles as the catalogue shows them: accounts, and the group roles that they can be members of. */
import pg from 'pg'
import type { Attributes } from '../../domain/value.ts'
import type { ObservedRecord, ReadScope } from '../connector.ts'
import { target } from './postgresql-client.ts'
import type { PostgresqlConfig } from './postgresql-config.ts'

/**
 * A role is an account if it may log in, or if it has a VALID UNTIL. Usher gives its accounts `infinity` where
 * nothing else is wanted: it limits nothing, and a disabled account (NOLOGIN) is not taken for a group role.
 */
export const isAccount = '(r.rolcanlogin or r.rolvaliduntil is not null)'

/** Roles that nobody but their administrator should touch. */
export function isProtected(config: PostgresqlConfig): string {
  const own = [target(config).user, config.reader?.user]
    .filter((name) => name !== undefined)
    .map((name) => pg.escapeLiteral(name))
  return `(r.rolsuper or r.rolreplication or r.rolname ~ '^pg_'
    or r.rolname in (current_user, session_user, ${[...own, 'current_user'].join(', ')})
    or exists (select from pg_database d where d.datdba = r.oid))`
}

/** Group roles in scope. */
export function isGroupRole({ entitlements: { groupRoles } }: PostgresqlConfig): string {
  const named = groupRoles === 'all' ? `r.rolname !~ '^pg_'`
    : groupRoles === 'none' ? 'false'
      : `r.rolname = any(${textArray(groupRoles)})`
  return `(not ${isAccount} and ${named})`
}

/** A list of texts as an SQL literal. */
export function textArray(items: string[]): string {
  return `array[${items.map((item) => pg.escapeLiteral(item)).join(', ')}]::text[]`
}

/** One role as the queries below return it. */
export interface RoleRow {
  type: 'role' | 'group-role'
  id: string
  name: string
  protected: boolean
  canLogin: boolean
  comment: string | null
  connectionLimit: number
  validUntil: string | null
  superuser: boolean
  createDatabase: boolean
  createRole: boolean
  replication: boolean
  bypassRls: boolean
}

/** Selects roles; add conditions on `r`. */
export function rolesSql(config: PostgresqlConfig): string {
  return `
    select case when ${isAccount} then 'role' else 'group-role' end as type, r.oid::text as id, r.rolname as name,
           ${isProtected(config)} as protected, r.rolcanlogin as "canLogin",
           shobj_description(r.oid, 'pg_authid') as comment,
           r.rolconnlimit as "connectionLimit", r.rolsuper as superuser, r.rolcreatedb as "createDatabase",
           r.rolcreaterole as "createRole", r.rolreplication as replication, r.rolbypassrls as "bypassRls",
           case r.rolvaliduntil when 'infinity' then null when '-infinity' then '0001-01-01T00:00:00Z'
             else to_char(r.rolvaliduntil at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end as "validUntil"
      from pg_roles r`
}

/** The condition for an attribute's value in a lookup; undefined for one that nobody can be found by. */
export function attributeCondition(attribute: string, parameter: string): string | undefined {
  const conditions: Record<string, string> = {
    name: `r.rolname = ${parameter}`,
    comment: `shobj_description(r.oid, 'pg_authid') = ${parameter}`,
  }
  return Object.hasOwn(conditions, attribute) ? conditions[attribute] : undefined
}

/** A role as the engine wants it, with the attributes in scope. */
export function roleRecord(row: RoleRow, scope: ReadScope): ObservedRecord {
  const all = row.type === 'role' ? accountAttributes(row) : commented(row)
  const asked = scope.attributes?.[row.type]
  return {
    objectType: row.type,
    id: row.id,
    name: row.name,
    attributes: Object.fromEntries(Object.entries(all).filter(([name]) => !asked || asked.includes(name))),
    ...row.type === 'role' && { enabled: row.canLogin },
    ...row.protected && { protected: true },
  }
}

/** All attributes of an account; what PostgreSQL means by "none" is absent. */
export function accountAttributes(row: RoleRow): Attributes {
  return {
    ...commented(row),
    ...row.connectionLimit >= 0 && { connectionLimit: row.connectionLimit },
    ...row.validUntil !== null && { validUntil: Temporal.Instant.from(row.validUntil).toString() },
    superuser: row.superuser,
    createDatabase: row.createDatabase,
    createRole: row.createRole,
    replication: row.replication,
    bypassRls: row.bypassRls,
  }
}

function commented(row: RoleRow): Attributes {
  return { name: row.name, ...row.comment !== null && { comment: row.comment } }
}

/** An id as an oid, or undefined where it cannot be one. */
export function oidOf(id: string): string | undefined {
  return /^\d{1,10}$/.test(id) && Number(id) <= 4_294_967_295 ? id : undefined
}
