/** Can Usher get in, and may its role do what the changes need? Asked of the catalogue; nothing is tried out. */
import type { ClientBase } from 'pg'
import { UsherError, type ErrorCode } from '../../domain/errors.ts'
import type { Check, Secrets } from '../connector.ts'
import { connections, target, type Connections } from './postgresql-client.ts'
import type { PostgresqlConfig } from './postgresql-config.ts'
import { translate } from './postgresql-errors.ts'
import { privilegeName } from './postgresql-names.ts'
import { privilegeOfRow, privilegesSql, ungrantableSql, type PrivilegeRow } from './postgresql-privileges.ts'
import { isAccount, isGroupRole, isProtected } from './postgresql-roles.ts'

type Step = Check['steps'][number]

const shownMax = 20
const oldestMajor = 15

/** Steps in order; the first ones must succeed for the others to be tried. Rights are those of the role that writes. */
export async function checkPostgresql(own: Connections, config: PostgresqlConfig, secrets: Secrets): Promise<Check> {
  const steps: Step[] = []
  const end = () => ({ ok: steps.every((step) => step.ok), steps })
  const failed = await signIn(own, steps, 'Sign in')
  if (failed) return end()
  if (config.reader) {
    const writing = connections({ ...config, reader: undefined }, secrets, 'reader')
    const refused = await signIn(writing, steps, `Sign in as ${target(config).user}`)
    await writing.close()
    if (refused) return end()
  }
  try {
    await own.transaction('read', async (client) => {
      for (const step of [version, createRoles, manageRoles, grantGroupRoles, grantPrivileges, endSessions]) {
        steps.push(await step(client, config))
      }
    })
  } catch (error) {
    steps.push({ name: 'Read rights', ok: false, ...said(error) })
  }
  return end()
}

async function signIn(to: Connections, steps: Step[], name: string): Promise<boolean> {
  try {
    await to.transaction('read', async (client) => await client.query('select'))
    if (steps.length === 0) steps.push({ name: 'Connect', ok: true })
    steps.push({ name, ok: true })
    return false
  } catch (error) {
    const { code, message } = said(error)
    const connected = code !== 'SYSTEM_UNREACHABLE' && code !== 'SYSTEM_TLS_FAILED'
    if (steps.length === 0 && connected) steps.push({ name: 'Connect', ok: true })
    steps.push({ name: connected ? name : 'Connect', ok: false, code, message })
    return true
  }
}

function said(error: unknown): { code: ErrorCode; message: string } {
  const known = translate(error)
  if (known instanceof UsherError) return { code: known.code, message: known.message }
  throw error
}

async function version(client: ClientBase): Promise<Step> {
  const { rows } = await client.query<{ version: string; major: number }>(
    `select current_setting('server_version') as version, current_setting('server_version_num')::int / 10000 as major`)
  const { version = '', major = 0 } = rows[0] ?? {}
  const ok = major >= oldestMajor
  return {
    name: 'Version',
    ok,
    message: ok ? `PostgreSQL ${version}` : `PostgreSQL ${version}; Usher needs ${oldestMajor} or newer.`,
    ...(!ok && { code: 'SYSTEM_REFUSED' as const }),
  }
}

async function createRoles(client: ClientBase, config: PostgresqlConfig): Promise<Step> {
  const { rows } = await client.query<{ may: boolean }>(
    'select rolcreaterole or rolsuper as may from pg_roles where rolname = $1', [target(config).user])
  return step('Create roles', rows[0]?.may ? [] : [`CREATEROLE: alter role ${target(config).user} createrole`])
}

/** Until version 15, CREATEROLE is enough for roles that somebody else made; from 16 on it takes the ADMIN option. */
async function manageRoles(client: ClientBase, config: PostgresqlConfig): Promise<Step> {
  const { rows } = await client.query<{ name: string }>(`
    select r.rolname as name from pg_roles r
     where ${isAccount} and not ${isProtected(config)} and current_setting('server_version_num')::int >= 160000
       and not pg_has_role($1, r.oid, 'USAGE WITH ADMIN OPTION') order by 1`, [target(config).user])
  return step('Manage accounts', rows.map(({ name }) => `ADMIN option on ${name}`))
}

async function grantGroupRoles(client: ClientBase, config: PostgresqlConfig): Promise<Step> {
  const { rows } = await client.query<{ name: string }>(`
    select r.rolname as name from pg_roles r
     where ${isGroupRole(config)} and not ${isProtected(config)}
       and not pg_has_role($1, r.oid, 'USAGE WITH ADMIN OPTION')
       and not (current_setting('server_version_num')::int < 160000
         and (select rolcreaterole from pg_roles where rolname = $1))
     order by 1`, [target(config).user])
  return step('Grant group roles', rows.map(({ name }) => `ADMIN option on ${name}`))
}

async function grantPrivileges(client: ClientBase, config: PostgresqlConfig): Promise<Step> {
  const user = target(config).user
  const closed = await client.query<{ schema: string }>(`
    select distinct schema from (${privilegesSql(config)}) p
     where kind = 'table' and not has_schema_privilege($1, schema, 'usage') order by 1`, [user])
  const { rows } = await client.query<PrivilegeRow>(ungrantableSql(config, '$1'), [user])
  return step('Grant privileges', [
    ...closed.rows.map(({ schema }) => privilegeName({ kind: 'schema', object: schema, privilege: 'USAGE' })),
    ...rows.map((row) => `GRANT OPTION for ${privilegeName(privilegeOfRow(row))}`),
  ])
}

async function endSessions(client: ClientBase, config: PostgresqlConfig): Promise<Step> {
  const { rows } = await client.query<{ may: boolean }>(`select pg_has_role($1, 'pg_signal_backend', 'USAGE') as may`, [
    target(config).user,
  ])
  return step(
    'End sessions',
    rows[0]?.may ? [] : [`membership in pg_signal_backend: grant pg_signal_backend to ${target(config).user}`],
  )
}

function step(name: string, missing: string[]): Step {
  if (missing.length === 0) return { name, ok: true }
  const more = missing.length > shownMax ? ` and ${missing.length - shownMax} more` : ''
  return {
    name,
    ok: false,
    code: 'SYSTEM_RIGHT_MISSING',
    message: `Missing: ${missing.slice(0, shownMax).join(', ')}${more}.`,
  }
}
