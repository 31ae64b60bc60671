/**
 * Accounts: created, changed, switched on and off, dropped. An account is found by its oid; its name is what it
 * is now.
 */
import pg, { type ClientBase } from 'pg'
import { UsherError } from '../../domain/errors.ts'
import { sameValue, type Attributes, type Value } from '../../domain/value.ts'
import type { Outcome, SystemChange } from '../connector.ts'
import { prepared } from './postgresql-client.ts'
import type { PostgresqlConfig } from './postgresql-config.ts'
import { revokeAll } from './postgresql-grants.ts'
import { accountAttributes, isAccount, oidOf, rolesSql, type RoleRow } from './postgresql-roles.ts'
import { scramVerifier } from './scram.ts'

type Create = Extract<SystemChange, { kind: 'create' }>
type AccountChange = Exclude<SystemChange, { kind: 'create' | 'grant' | 'revoke' }>

const nameBytesMax = 63

/** Creates a role that can log in if the account is enabled. */
export async function createAccount(client: ClientBase, change: Create): Promise<Outcome> {
  if (change.objectType !== 'role')
    throw new UsherError('SYSTEM_REFUSED', `Usher creates accounts in PostgreSQL, no ${change.objectType}.`)
  const { name: _, ...attributes } = change.attributes
  const role = roleName(change.name)
  const options = [
    change.enabled ? 'login' : 'nologin',
    ...optionsOf({ validUntil: 'infinity', ...attributes }),
    ...change.secret === undefined ? [] : [`password ${pg.escapeLiteral(await scramVerifier(change.secret))}`],
  ]
  await client.query(`create role ${role} ${options.join(' ')}`)
  if (attributes.comment !== undefined) await comment(client, role, attributes.comment)
  const {
    rows: [created],
  } = await client.query<{ id: string }>('select oid::text as id from pg_roles where rolname = $1', [change.name])
  return { outcome: 'done', id: created?.id ?? '' }
}

/** Everything that happens to an account that exists. */
export async function changeAccount(
  client: ClientBase,
  config: PostgresqlConfig,
  change: AccountChange,
): Promise<Outcome> {
  const account = await accountOf(client, config, change.id)
  if (!account) {
    if (change.kind === 'delete') return { outcome: 'already', id: change.id }
    throw new UsherError('TARGET_GONE', `There is no role with oid ${change.id} any more (it was ${change.name}).`)
  }
  const done = await carryOut(client, config, account, change)
  return { outcome: done ? 'done' : 'already', id: change.id }
}

/** The account with that oid as it is now. Throws if it is protected. */
export async function accountOf(
  client: ClientBase,
  config: PostgresqlConfig,
  id: string,
): Promise<RoleRow | undefined> {
  const {
    rows: [account],
  } = await client.query<RoleRow>(prepared(`${rolesSql(config)} where r.oid = $1 and ${isAccount}`, [oidOf(id) ?? '0']))
  if (account?.protected) throw new UsherError('PROTECTED', `${account.name} is protected.`)
  return account
}

/** Whether something had to be done. */
async function carryOut(
  client: ClientBase,
  config: PostgresqlConfig,
  account: RoleRow,
  change: AccountChange,
): Promise<boolean> {
  const role = pg.escapeIdentifier(account.name)
  switch (change.kind) {
    case 'update':
      return await update(client, account, change.set, change.clear)
    case 'rename': {
      const updated = await update(client, account, { ...change.set, name: account.name }, [])
      if (account.name === change.newName) return updated
      await client.query(`alter role ${role} rename to ${roleName(change.newName)}`)
      return true
    }
    case 'enable':
      if (account.canLogin) return false
      await client.query(`alter role ${role} login`)
      return true
    case 'disable':
      if (!account.canLogin) return false
      // What has neither LOGIN nor VALID UNTIL would be a group role.
      await client.query(`alter role ${role} nologin ${account.validUntil === null ? `valid until 'infinity'` : ''}`)
      return true
    case 'set-secret':
      // The server does not say what is stored, so this is always done again.
      await client.query(`alter role ${role} password ${pg.escapeLiteral(await scramVerifier(change.secret))}`)
      return true
    case 'delete':
      await drop(client, config, account)
      return true
  }
}

async function update(client: ClientBase, account: RoleRow, set: Attributes, clear: string[]): Promise<boolean> {
  const now = accountAttributes(account)
  const cleared = clear.filter((name) => now[name] !== undefined)
  const changed = Object.entries(set).filter(([name, value]) => !sameValue(normal(name, value), now[name]))
  if (changed.length === 0 && cleared.length === 0) return false
  const wanted: Attributes = {
    ...Object.fromEntries(changed),
    ...Object.fromEntries(cleared.map((name) => [name, none(name)])),
  }
  const role = pg.escapeIdentifier(account.name)
  const options = optionsOf(wanted)
  if (options.length > 0) await client.query(`alter role ${role} ${options.join(' ')}`)
  if (wanted.comment !== undefined) await comment(client, role, wanted.comment)
  return true
}

async function drop(client: ClientBase, config: PostgresqlConfig, account: RoleRow): Promise<void> {
  await revokeAll(client, config, account)
  try {
    await client.query(`drop role ${pg.escapeIdentifier(account.name)}`)
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== '2BP01') throw error
    throw new UsherError(
      'SYSTEM_REFUSED',
      `${error.message}: ${(error.detail ?? '').replaceAll('\n', '; ')}. Usher never drops what an `
        + 'account owns. Hand it over first, in each database that is named: '
        + `reassign owned by ${pg.escapeIdentifier(account.name)} to …`,
      {},
      error,
    )
  }
}

async function comment(client: ClientBase, role: string, text: Value): Promise<void> {
  await client.query(`comment on role ${role} is ${text === '' ? 'null' : pg.escapeLiteral(String(text))}`)
}

/* ---------------------------------------------------------------- attributes */

/** Options of CREATE and ALTER ROLE. Throws for what Usher does not set. */
function optionsOf(attributes: Attributes): string[] {
  return Object.entries(attributes).flatMap(([name, value]) => {
    switch (name) {
      case 'comment': return []
      case 'connectionLimit':
        if (typeof value === 'number' && Number.isInteger(value) && value >= -1) return [`connection limit ${value}`]
        throw new UsherError('SYSTEM_REFUSED', `connectionLimit is a whole number, not ${JSON.stringify(value)}.`)
      case 'validUntil':
        return [`valid until ${pg.escapeLiteral(value === 'infinity' ? 'infinity' : instant(value))}`]
      case 'name':
        throw new UsherError('SYSTEM_REFUSED', 'A change of the name is a rename.')
      default:
        throw new UsherError('SYSTEM_REFUSED', `Usher reads ${name} of a role and does not set it.`)
    }
  })
}

function none(name: string): Value {
  return { comment: '', connectionLimit: -1, validUntil: 'infinity' }[name] ?? ''
}

/** A value as it will be read back. */
function normal(name: string, value: Value): Value {
  return name === 'validUntil' ? instant(value) : value
}

function instant(value: Value): string {
  try {
    return Temporal.Instant.from(String(value)).toString({ smallestUnit: 'microsecond' }).replace(/\.?0+Z$/, 'Z')
  } catch {
    throw new UsherError(
      'SYSTEM_REFUSED',
      `validUntil is an instant such as 2027-01-01T00:00:00Z, not ${JSON.stringify(value)}.`,
    )
  }
}

/** PostgreSQL would cut a longer name off without an error, and two people could become one. */
function roleName(name: string): string {
  const bytes = Buffer.byteLength(name)
  if (name === '' || name.includes('\0'))
    throw new UsherError('SYSTEM_REFUSED', 'A role needs a name without NUL characters.')
  if (bytes <= nameBytesMax) return pg.escapeIdentifier(name)
  throw new UsherError('SYSTEM_REFUSED', `The name ${name} has ${bytes} bytes; PostgreSQL takes ${nameBytesMax}.`)
}
