/**
 * Privileges as the catalogue shows them. Only what was granted to an account itself counts: not what PUBLIC has, nor
 * what comes with ownership or a group role.
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
    schema: `select 'schema', null, n.nspname::text, p from pg_namespace n, ${some('schema')}
      and ${schemaScope(config, narrow)}`,
    table: `select 'table', n.nspname::text, c.relname::text, p
      from pg_class c join pg_namespace n on n.oid = c.relnamespace,
      ${some('table')} and ${tableKinds} and ${singleScope(config, narrow)}`,
    whole: `select 'table', n.nspname::text, null, p from pg_namespace n, ${some('table')}
      and ${wholeScope(config, narrow)}
      and exists (select from pg_class c where c.relnamespace = n.oid and ${tableKinds})`,
  })
}

/**
 * Selects who holds which privilege in scope, as `HolderRow`s. All tables of a schema are held by whoever was granted
 * each of those that they do not own.
 */
export function holdersSql(config: PostgresqlConfig, narrow: Narrow = {}): string {
  const { privilege, grantees } = narrow
  const acl = (kind: PrivilegeKind, list: string, owner: string) => {
    const wanted = textArray(privilege ? [privilege.privilege] : [...privilegesOf[kind]])
    return `aclexplode(${list}) a where a.grantee <> ${owner} and a.privilege_type = any(${wanted})
      ${grantees ? `and a.grantee = any(${grantees})` : ''}`
  }
  const tables = `pg_class c join pg_namespace n on n.oid = c.relnamespace`
  const named = grantees ? `and c.oid in (${namedIn(grantees)})` : ''
  const holders = parts(narrow, 'kind, schema, object, privilege, grantee', {
    database: `select distinct 'database', null::text, d.datname::text, a.privilege_type, a.grantee
      from pg_database d, ${acl('database', 'd.datacl', 'd.datdba')} and ${databaseScope(config, narrow)}`,
    schema: `select distinct 'schema', null, n.nspname::text, a.privilege_type, a.grantee
      from pg_namespace n, ${acl('schema', 'n.nspacl', 'n.nspowner')} and ${schemaScope(config, narrow)}`,
    table: `select distinct 'table', n.nspname::text, c.relname::text, a.privilege_type, a.grantee
      from ${tables}, ${acl('table', 'c.relacl', 'c.relowner')}
        and ${tableKinds} and ${singleScope(config, narrow)} ${named}`,
    whole: `
      with granted as materialized (
        select n.nspname, a.privilege_type, a.grantee, count(distinct c.oid) as tables
          from ${tables}, ${acl('table', 'c.relacl', 'c.relowner')}
           and ${tableKinds} and ${wholeScope(config, narrow)} ${named}
         group by 1, 2, 3
      ), owned as materialized (
        select n.nspname, c.relowner, count(*) as tables from ${tables}
         where ${tableKinds} and n.nspname in (select nspname from granted) group by 1, 2
      ), size as materialized (
        select nspname, sum(tables) as tables from owned group by 1
      )
      select 'table', granted.nspname::text, null, granted.privilege_type, granted.grantee
        from granted join size on size.nspname = granted.nspname
        left join owned on owned.nspname = granted.nspname and owned.relowner = granted.grantee
       where granted.tables + coalesce(owned.tables, 0) = size.tables`,
  })
  const accounts = grantees ? '' : `where grantee in (select r.oid from pg_roles r where ${isAccount})`
  return `select kind, schema, object, privilege, grantee::text from (${holders}) holder ${accounts}`
}

/** Selects the privileges in scope that a role cannot grant, as `PrivilegeRow`s. `user` is an SQL expression. */
export function ungrantableSql(config: PostgresqlConfig, user: string): string {
  const tables = `pg_class c join pg_namespace n on n.oid = c.relnamespace,
    unnest(${textArray([...privilegesOf.table])}) p
    where ${tableKinds} and not has_table_privilege(${user}, c.oid, p || ' with grant option')`
  return `
    select * from (${privilegesSql(config)}) p where kind <> 'table' and not case kind
      when 'database' then has_database_privilege(${user}, object, privilege || ' with grant option')
      when 'schema' then has_schema_privilege(${user}, object, privilege || ' with grant option') end
    union all select 'table', n.nspname::text, c.relname::text, p from ${tables} and ${singleScope(config)}
    union all select distinct 'table', n.nspname::text, null, p from ${tables} and ${wholeScope(config)}`
}

/**
 * The tables in whose access list somebody stands. The catalogue keeps an index of that, which saves reading the
 * lists of 10,000 tables for one account; materialised, because the planner would take another.
 */
function namedIn(grantees: string): string {
  return `with named as materialized (
      select dbid, classid, objid, deptype from pg_shdepend
       where refclassid = 'pg_authid'::regclass and refobjid = any(${grantees}))
    select objid from named where deptype = 'a' and classid = 'pg_class'::regclass
      and dbid = (select oid from pg_database where datname = current_database())`
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
  return `select * from (${
    only
      ? all[only]
      : Object.values(all)
          .map((one) => `(${one})`)
          .join('\nunion all\n')
  }) part(${columns})`
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

function singleScope(config: PostgresqlConfig, narrow: Narrow = {}): string {
  const { tables } = config.entitlements
  const single = Array.isArray(tables)
    ? tables.map(parseTablePattern).filter((pattern) => pattern?.table !== undefined)
    : []
  const inScope =
    tables === 'each'
      ? schemas(config)
      : single.length === 0
        ? 'false'
        : `(n.nspname, c.relname) in (${single.map(pair).join(', ')})`
  return `${inScope} ${is('n.nspname', narrow.privilege?.schema)} ${is('c.relname', narrow.privilege?.object)}`
}

function wholeScope(config: PostgresqlConfig, narrow: Narrow = {}): string {
  const { tables } = config.entitlements
  const whole = Array.isArray(tables)
    ? tables.map(parseTablePattern).filter((pattern) => pattern && pattern.table === undefined)
    : []
  const inScope =
    tables === 'schemas' ? schemas(config) : `n.nspname = any(${textArray(whole.map((p) => p?.schema ?? ''))})`
  return `${inScope} ${is('n.nspname', narrow.privilege?.schema)}`
}

function pair(pattern: { schema: string; table?: string } | undefined): string {
  return `(${pg.escapeLiteral(pattern?.schema ?? '')}, ${pg.escapeLiteral(pattern?.table ?? '')})`
}

function is(column: string, value: string | undefined): string {
  return value === undefined ? '' : `and ${column} = ${pg.escapeLiteral(value)}`
}
