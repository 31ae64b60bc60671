/**
 * Privileges as the catalogue shows them. Only what was granted to an account itself counts: not what PUBLIC has, nor what
 * comes with ownership or a group role.
 */
import pg from 'pg'
import type { PostgresqlConfig } from './postgresql-config.ts'
import { parseTablePattern, privilegesOf, type Privilege, type PrivilegeKind } from './postgresql-names.ts'
import { isAccount, textArray } from './postgresql-roles.ts'

/** A privilege in a row: null where `Privilege` has nothing. */
export interface PrivilegeRow { kind: PrivilegeKind; schema: string | null; object: string | null; privilege: string }
export interface HolderRow extends PrivilegeRow { grantee: string }

export function privilegeOfRow({ kind, schema, object, privilege }: PrivilegeRow): Privilege {
  return { kind, ...schema !== null && { schema }, ...object !== null && { object }, privilege }
}

/** Restricts a query: to one privilege, or to the accounts whose oids are the SQL expression's. */
export interface Narrow { privilege?: Privilege; grantees?: string }

/** What is a table to a grant: tables, partitioned ones, views, materialised views, foreign tables. */
export const tableKinds = `c.relkind in ('r', 'p', 'v', 'm', 'f')`

/** Selects the privileges that exist and are in scope, as `PrivilegeRow`s. */
export function privilegesSql(config: PostgresqlConfig, narrow: Narrow = {}): string {
  const some = (kind: PrivilegeKind) => `unnest(${textArray([...privilegesOf[kind]])}) p where p ${narrow.privilege
    ? `= ${pg.escapeLiteral(narrow.privilege.privilege)}` : 'is not null'}`
  return parts(narrow, 'kind, schema, object, privilege', {
    database: `select 'database', null::text, d.datname::text, p
      from pg_database d, ${some('database')} and ${databaseScope(config, narrow)}`,
    schema: `select 'schema', null, n.nspname::text, p from pg_namespace n, ${some('schema')} and ${schemaScope(config, narrow)}`,
    table: `select 'table', n.nspname::text, c.relname::text, p from pg_class c join pg_namespace n on n.oid = c.relnamespace,
      ${some('table')} and ${tableKinds} and ${singleScope(config, narrow)}`,
    whole: `select 'table', n.nspname::text, null, p from pg_namespace n, ${some('table')} and ${wholeScope(config, narrow)}
      and exists (select from pg_class c where c.relnamespace = n.oid and ${tableKinds})`,
  })
}

/** Selects who holds which privilege in scope, as `HolderRow`s. All tables of a schema are held by whoever holds each of them. */
export function holdersSql(config: PostgresqlConfig, narrow: Narrow = {}): string {
  const acl = (kind: PrivilegeKind, list: string) => `aclexplode(${list}) a join pg_roles r on r.oid = a.grantee
    where ${isAccount} and a.privilege_type = any(${textArray(narrow.privilege ? [narrow.privilege.privilege] : [...privilegesOf[kind]])})
      ${narrow.grantees ? `and a.grantee = any(${narrow.grantees})` : ''}`
  // The catalogue's own index of who is named in which access list saves reading the lists of 10,000 tables for one account.
  const named = narrow.grantees && !narrow.privilege
    ? `and c.oid in (select objid from pg_shdepend where refclassid = 'pg_authid'::regclass and refobjid = any(${narrow.grantees})
        and deptype = 'a' and classid = 'pg_class'::regclass and dbid = (select oid from pg_database where datname = current_database()))`
    : ''
  return parts(narrow, 'kind, schema, object, privilege, grantee', {
    database: `select distinct 'database', null::text, d.datname::text, a.privilege_type, a.grantee::text
      from pg_database d, ${acl('database', 'd.datacl')} and a.grantee <> d.datdba and ${databaseScope(config, narrow)}`,
    schema: `select distinct 'schema', null, n.nspname::text, a.privilege_type, a.grantee::text
      from pg_namespace n, ${acl('schema', 'n.nspacl')} and a.grantee <> n.nspowner and ${schemaScope(config, narrow)}`,
    table: `select distinct 'table', n.nspname::text, c.relname::text, a.privilege_type, a.grantee::text
      from pg_class c join pg_namespace n on n.oid = c.relnamespace, ${acl('table', 'c.relacl')} and a.grantee <> c.relowner
        and ${tableKinds} and ${singleScope(config, narrow)} ${named}`,
    whole: `select 'table', n.nspname::text, null, a.privilege_type, a.grantee::text
      from pg_class c join pg_namespace n on n.oid = c.relnamespace, ${acl('table', 'c.relacl')}
        and ${tableKinds} and ${wholeScope(config, narrow)} ${named}
      group by n.oid, n.nspname, a.privilege_type, a.grantee
      having bool_or(a.grantee <> c.relowner)
        and (select count(*) from pg_class c where c.relnamespace = n.oid and ${tableKinds} and c.relowner <> a.grantee)
          = count(distinct c.oid) filter (where c.relowner <> a.grantee)`,
  })
}

/** Whether all tables of that schema are one entitlement. */
export function isWhole(config: PostgresqlConfig, schema: string): boolean {
  const { tables } = config.entitlements
  if (!Array.isArray(tables)) return tables === 'schemas'
  return tables.map(parseTablePattern).some((pattern) => pattern?.schema === schema && pattern.table === undefined)
}

type Part = 'database' | 'schema' | 'table' | 'whole'

function parts({ privilege }: Narrow, columns: string, all: Record<Part, string>): string {
  const only = privilege && (privilege.kind === 'table' && privilege.object === undefined ? 'whole' : privilege.kind)
  return `select * from (${only ? all[only] : Object.values(all).join('\nunion all\n')}) part(${columns})`
}

function databaseScope({ entitlements: { databases } }: PostgresqlConfig, narrow: Narrow): string {
  const inScope = databases === 'none' ? 'false'
    : databases === 'current' ? 'd.datname = current_database()'
      : databases === 'all' ? 'd.datallowconn and not d.datistemplate'
        : `d.datname = any(${textArray(databases)})`
  return `${inScope} ${is('d.datname', narrow.privilege?.object)}`
}

function schemaScope(config: PostgresqlConfig, narrow: Narrow): string {
  return `${schemas(config)} ${is('n.nspname', narrow.privilege?.object)}`
}

function schemas({ entitlements: { schemas } }: PostgresqlConfig): string {
  const named = Array.isArray(schemas) ? `n.nspname = any(${textArray(schemas)})` : String(schemas === 'all')
  return `(n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and ${named})`
}

function singleScope(config: PostgresqlConfig, narrow: Narrow): string {
  const { tables } = config.entitlements
  const single = Array.isArray(tables) ? tables.map(parseTablePattern).filter((pattern) => pattern?.table !== undefined) : []
  const inScope = tables === 'each' ? schemas(config)
    : single.length === 0 ? 'false'
      : `(n.nspname, c.relname) in (${single.map((p) => `(${pg.escapeLiteral(p?.schema ?? '')}, ${pg.escapeLiteral(p?.table ?? '')})`).join(', ')})`
  return `${inScope} ${is('n.nspname', narrow.privilege?.schema)} ${is('c.relname', narrow.privilege?.object)}`
}

function wholeScope(config: PostgresqlConfig, narrow: Narrow): string {
  const { tables } = config.entitlements
  const whole = Array.isArray(tables) ? tables.map(parseTablePattern).filter((pattern) => pattern && pattern.table === undefined) : []
  const inScope = tables === 'schemas' ? schemas(config) : `n.nspname = any(${textArray(whole.map((p) => p?.schema ?? ''))})`
  return `${inScope} ${is('n.nspname', narrow.privilege?.schema)}`
}

function is(column: string, value: string | undefined): string {
  return value === undefined ? '' : `and ${column} = ${pg.escapeLiteral(value)}`
}
