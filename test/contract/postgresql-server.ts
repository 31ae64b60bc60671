/** A PostgreSQL with a small warehouse in it, and a role for Usher with just the rights that the README asks for. */
import pg from 'pg'
import { postgresqlConnector } from '../../src/connectors/postgresql/postgresql-connector.ts'
import type { PostgresqlConfig } from '../../src/connectors/postgresql/postgresql-config.ts'
import { freePort } from '../../src/store/postgres-server.ts'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'
import type { ContractFixture } from './contract.ts'

export const usherRole = 'usher'
const usherPassword = 'pass word\'s "quotes"'

export interface Warehouse {
  server: TestPostgres
  config: PostgresqlConfig
  secrets: (reference: string) => Promise<string>
  /** As superuser. */
  query<Row extends object = Record<string, unknown>>(sql: string, values?: unknown[]): Promise<Row[]>
  oid(role: string): Promise<string>
  stop(): Promise<void>
}

/** Starts the server and fills it. */
export async function startWarehouse(
  version: 'embedded' | 'debian',
  settings?: Record<string, string>,
): Promise<Warehouse> {
  const server = await startPostgres({ version, settings: { autovacuum: 'off', ...settings } })
  const main = new pg.Client({ connectionString: server.url })
  await main.connect()
  await main.query('create database warehouse')
  await main.end()
  const pool = new pg.Pool({ connectionString: server.urlFor('warehouse'), max: 4 })
  // Tests stop the server under it.
  pool.on('error', () => {})
  const query = async <Row extends object>(sql: string, values?: unknown[]) => (await pool.query<Row>(sql, values)).rows
  await query(`
    create role ${usherRole} login createrole password ${pg.escapeLiteral(usherPassword)};
    grant pg_signal_backend to ${usherRole};
    create role analysts; create role "Support Ä";
    grant analysts, "Support Ä" to ${usherRole} with admin option;
    create schema sales; create schema finance;
    create table sales.orders (id int primary key); create table sales.customers (id int primary key);
    create view sales.totals as select 1 as one;
    create table finance.ledger (id int primary key);
    grant connect, create, temporary on database warehouse to ${usherRole} with grant option;
    grant usage, create on schema sales, finance, public to ${usherRole} with grant option;
    grant select, insert, update, delete, truncate, references on all tables in schema sales, finance
      to ${usherRole} with grant option;`)
  return {
    server, query,
    config: postgresqlConnector.configSchema.parse({
      host: server.host, port: server.port, database: 'warehouse', user: usherRole, password: 'warehouse/password',
    }),
    secrets: async (reference) => (reference === 'warehouse/password' ? usherPassword : reference),
    oid: async (role) =>
      (await query<{ oid: string }>('select oid::text from pg_roles where rolname = $1', [role]))[0]?.oid ?? '',
    async stop() {
      await pool.end()
      await server.stop()
    },
  }
}

/** Whether somebody gets in with that password. */
export async function signsIn(server: TestPostgres, user: string, password: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: server.urlFor('warehouse', user, password) })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('select 1')
    return true
  } catch {
    return false
  } finally {
    await client.end()
  }
}

/** A session of a role, and whether it is still open. */
export async function openSession(server: TestPostgres, user: string, password: string) {
  const client = new pg.Client({ connectionString: server.urlFor('warehouse', user, password) })
  client.on('error', () => {})
  await client.connect()
  const ended = new Promise((resolve) => { client.once('end', resolve) })
  return {
    // The server's word that a session is over may be a moment ahead of ours; a question settles it.
    alive: async () => await client.query('select 1').then(() => true, () => false),
    close: async () => {
      await client.end().catch(() => {})
      await ended
    },
  }
}

/** The contract's fixture on one version of the server. */
export async function postgresqlFixture(version: 'embedded' | 'debian'): Promise<ContractFixture<PostgresqlConfig>> {
  const warehouse = await startWarehouse(version)
  const { server, config, secrets } = warehouse
  let count = 0
  return {
    definition: postgresqlConnector,
    access: { config, secrets },
    smallPages: { config: { ...config, pageSize: 5 }, secrets },
    wrongCredentials: { config, secrets: async () => 'wrong' },
    unreachable: { config: { ...config, port: await freePort() }, secrets },
    account: {
      objectType: 'role',
      make: (label) => ({ name: label, comment: `usher:p-${label}`, connectionLimit: 3 }),
      renamed: (label) => ({ name: `${label}.renamed` }),
      change: { validUntil: '2027-01-01T00:00:00Z', connectionLimit: 7 },
      clear: ['connectionLimit', 'validUntil'],
      unicode: { comment: 'Zoë Ağaoğlu 李小龍 🦊 e\u0301 \'; drop role usher; --' },
      uniqueAttribute: 'comment',
      hostile: ['"; drop table sales.orders; --', "'; select 1; --", 'Zoë 李\n$$ \\', '__proto__', '%s {n}'].map(
        (name) => ({ name }),
      ),
      newSecret: () => `Secret's ${++count} "ß" \u00a0\u2126`,
    },
    entitlements: [
      { objectType: 'table-privilege', id: 'table:sales.*:SELECT', name: 'SELECT on sales.*' },
      { objectType: 'group-role', id: await warehouse.oid('Support Ä'), name: 'Support Ä' },
    ],
    protectedAccount: { objectType: 'role', id: await warehouse.oid('postgres'), name: 'postgres' },
    signsIn: async (name, _attributes, secret) => await signsIn(server, name, secret),
    openSession: async ({ name }, secret) => await openSession(server, name, secret),
    manyMembers: 1600,
    async fill(entitlement, count) {
      const group = pg.escapeIdentifier(entitlement.name)
      const names = Array.from({ length: count }, (_, n) => `member ${n}`)
      await warehouse.query(names.map((name) => `create role "${name}" login in role ${group}`).join(';'))
      return (
        await warehouse.query<{ id: string }>('select oid::text as id from pg_roles where rolname = any($1)', [names])
      ).map(({ id }) => id)
    },
    // A transaction takes a number when it first writes, and only then.
    writes: async () =>
      Number(
        (await warehouse.query<{ next: string }>('select pg_snapshot_xmax(pg_current_snapshot())::text as next'))[0]
          ?.next,
      ),
    notSupported: [],
    tearDown: async () => { await warehouse.stop() },
  }
}
