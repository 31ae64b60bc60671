/** What the figures of directories share: a private PostgreSQL with people in it, a slapd, and the real engine between. */
import { randomBytes, randomUUID } from 'node:crypto'
import type { ConnectorDefinition } from '../src/connectors/connector.ts'
import { ldapConnector } from '../src/connectors/ldap/ldap-connector.ts'
import { templates } from '../src/connectors/ldap/ldap-templates.ts'
import { approvePlan, startPlan } from '../src/engine/start-plan.ts'
import { applyPlan } from '../src/engine/apply-plan.ts'
import { computePlan } from '../src/engine/compute-plan.ts'
import type { Context } from '../src/engine/context.ts'
import { vaultOf } from '../src/engine/vault.ts'
import { connect, migrate, transaction, type Client, type Pool } from '../src/store/database.ts'
import { countChanges, findPlan, type PlanRow } from '../src/store/plan.ts'
import { ensurePolicy, saveRevision } from '../src/store/policy.ts'
import { startPrivatePostgres } from '../src/store/private-postgres.ts'
import { dataFolder } from './data-folder.ts'
import type { OpenDatabase } from '../src/wiring.ts'
import type { Slapd } from '../test/servers/slapd.ts'

export interface World {
  pool: Pool
  database: OpenDatabase
  context: Context
  /** Computes a plan of everything. */
  plan(): Promise<PlanRow>
  /** Approves it and carries it out; answers when it is applied. */
  apply(plan: PlanRow): Promise<void>
  close(): Promise<void>
}

const signal = new AbortController().signal

/** An Usher with a database of its own, as durable as in production. */
export async function startWorld(password = '', connectors: ConnectorDefinition[] = [ldapConnector as ConnectorDefinition]): Promise<World> {
  const folder = await dataFolder()
  const server = await startPrivatePostgres(folder.path, { info() {}, warn() {} })
  const pool = connect(server.url)
  await migrate(pool)
  const context: Context = {
    pool, filesFolder: folder.path, connectors, secrets: async () => password,
    vault: vaultOf([randomBytes(32)]), enqueue: async () => {}, now: () => new Date().toISOString(), newId: randomUUID,
    log: { info() {}, warn() {}, error: (details, message) => console.error(message, details) },
  }
  await ensurePolicy(pool, context.now())
  return {
    pool, context, database: { databaseUrl: server.url, dataFolder: folder.path, logLevel: 'error', isPrivate: true },
    async plan() {
      const { planId } = await startPlan(context, { cause: 'bench', actor: 'bench', scope: null })
      await computePlan(context, planId, signal)
      const plan = (await findPlan(pool, planId))!
      if (plan.state === 'failed' || plan.findings.length > 0) throw new Error(`The plan is ${plan.state}: ${JSON.stringify(plan.findings.slice(0, 3))}`)
      return plan
    },
    async apply(plan) {
      await approvePlan(context, plan.id, plan.hash!, 'bench')
      await applyPlan(context, plan.id, signal)
      await checkAllDone(pool, plan.id)
    },
    async close() {
      await pool.end()
      await server.stop()
      await folder.remove()
    },
  }
}

export async function checkAllDone(pool: Pool, planId: string): Promise<void> {
  const counts = await countChanges(pool, planId)
  if (counts.every((c) => c.state === 'done')) return
  const { rows } = await pool.query(`select system_id, kind, state, code, words, count(*)::int as n from plan_change where plan_id = $1 and state <> 'done' group by 1, 2, 3, 4, 5 limit 5`, [planId])
  throw new Error(`Not everything was done: ${JSON.stringify(rows)}`)
}

/** One directory, the template's mapping, plans that an operator approves. */
export async function usePolicy({ pool, context }: World, slapd: Slapd, more: { roles?: object[]; rules?: object[] } = {}): Promise<void> {
  const template = templates.find((t) => t.id === 'openldap-users')!
  const config = { url: slapd.url, profile: 'openldap', bindDn: slapd.bindDn, password: 'directory', base: slapd.baseDn, users: { base: `ou=people,${slapd.baseDn}` } }
  const document = {
    settings: { timeZone: 'Europe/Berlin' },
    systems: [{ id: 'directory', name: 'Directory', connector: 'ldap', config, method: 'approve' }],
    jobs: [{
      id: 'users', name: 'Users', source: 'people', destination: 'directory', objectType: template.objectType, method: 'approve',
      mapping: template.mapping, match: template.match,
    }],
    ...more,
  }
  await transaction(pool, (client) => saveRevision(client, { base: 0, document, actor: 'bench', message: 'bench', now: context.now() }))
}

/** Active people, as an import leaves them. */
export async function addPeople(pool: Pool, count: number): Promise<void> {
  await fill(pool, ['person'], (client) => insertPeople(client, count))
  await pool.query('analyze person')
}

/** `more`: SQL of the text of further attributes of person `n`; `columns`: values of further columns, by name. */
export async function insertPeople(client: Client, count: number, more = `''`, columns: Record<string, string> = {}): Promise<void> {
  const names = Object.keys(columns).map((name) => `, ${name}`).join('')
  const values = Object.values(columns).map((value) => `, ${value}`).join('')
  // In the order of their ids, so that the key is appended to; as text, which takes a third of the time of building values.
  await client.query(
    `insert into person (id, attributes, positions, state, created_at, changed_at${names})
     select id,
            format('{"employeeId": "E%s", "givenName": "Given%s", "surname": "Surname%s", "displayName": "Given%s Surname%s", "email": "given%s.surname@example.org"%s}',
              lpad(n::text, 7, '0'), n % 5000, n::bigint * 7919 % 70001, n % 5000, n::bigint * 7919 % 70001, n, ${more})::jsonb,
            format('[{"key": "hr/E%s/", "job": "hr", "start": "2020-01-01", "attributes": {"title": "Account manager %s", "department": "Department %s"}}]', n, n % 40, n % 30)::jsonb,
            'active', now(), now() - interval '1 minute'${values}
       from (select gen_random_uuid() as id, n from generate_series(1, $1) n order by 1) p`, [count])
}

/**
 * Fills tables in one go: indexes are made at the end, foreign keys are not looked up row by row, and what was emptied in the
 * same transaction needs no log. Millions of rows take a minute then, instead of many.
 */
export async function fill(pool: Pool, tables: string[], work: (client: Client) => Promise<void>): Promise<void> {
  await transaction(pool, async (client) => {
    const { rows } = await client.query<{ name: string; definition: string }>(
      `select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition from pg_index i
        where i.indrelid = any ($1::regclass[]) and not exists (select from pg_constraint c where c.conindid = i.indexrelid)`, [tables])
    await client.query(`
      set local session_replication_role = replica; set local work_mem = '256MB'; set local maintenance_work_mem = '512MB'; set local synchronous_commit = off;
      truncate ${tables.join(', ')} cascade`)
    for (const { name } of rows) await client.query(`drop index ${name}`)
    await work(client)
    for (const { definition } of rows) await client.query(definition)
  })
}
