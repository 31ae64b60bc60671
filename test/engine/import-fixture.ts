/** A database of its own and a CSV source, to import from again and again. */
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileConnector } from '../../src/connectors/file/file-connector.ts'
import type { ConnectorDefinition } from '../../src/connectors/connector.ts'
import type { Position } from '../../src/domain/person.ts'
import type { Finding, PlanBrake } from '../../src/domain/plan.ts'
import { policy as policySchema, type Policy } from '../../src/domain/policy.ts'
import type { Attributes } from '../../src/domain/value.ts'
import type { Context, Revision } from '../../src/engine/context.ts'
import { applyPeople } from '../../src/engine/apply-people.ts'
import { planPeople } from '../../src/engine/plan-people.ts'
import { readSource, type SnapshotResult } from '../../src/engine/read-source.ts'
import { vaultOf } from '../../src/engine/vault.ts'
import { connect, migrate, transaction, type Pool } from '../../src/store/database.ts'
import type { TestPostgres } from '../servers/postgresql.ts'

export const header = 'Employee ID,Position ID,First name,Last name,E-mail,Department,Manager ID,Start date,End date,Leave from,Leave until'

/** One line; what is left out is empty. */
export function line(row: { id: string; position?: string; first?: string; last?: string; email?: string; department?: string; manager?: string; start?: string; end?: string; leaveFrom?: string; leaveUntil?: string }): string {
  const { id, position = '', first = 'Ada', last = 'Lovelace', department = 'Sales', manager = '', start = '2020-01-01', end = '', leaveFrom = '', leaveUntil = '' } = row
  const email = row.email ?? `${first}.${last}.${id}@example.org`.toLowerCase()
  return [id, position, first, last, email, department, manager, start, end, leaveFrom, leaveUntil].join(',')
}

export const job = (id: string, more: object = {}) => ({
  id, name: `People of ${id}`, source: id, destination: 'people', method: 'automatic',
  key: 'row["Employee ID"]', positionKey: 'row["Position ID"]',
  mapping: {
    employeeId: 'row["Employee ID"]', givenName: 'row["First name"]', surname: 'row["Last name"]', email: 'row["E-mail"]',
    displayName: 'row["First name"] + " " + row["Last name"]', manager: 'row["Manager ID"]',
  },
  position: { department: 'row["Department"]', start: 'row["Start date"]', end: 'row["End date"]', leaveFrom: 'row["Leave from"]', leaveUntil: 'row["Leave until"]' },
  ...more,
})

export interface ImportedPerson { id: string; attributes: Attributes; positions: Position[]; state: string; next_change_at: string | null }
export interface PlannedChange { id: string; kind: string; state: string; code: string | null; person_id: string; subject: string; before: Record<string, unknown> | null; after: Record<string, unknown>; reasons: { because: string; cells?: string[] }[]; hash: Buffer }
export interface Planned { planId: string; changes: PlannedChange[]; findings: Finding[]; brakes: PlanBrake[]; snapshots: SnapshotResult[] }

export async function openImport(server: TestPostgres, jobs: object[] = [job('hr')], bulkMin?: number) {
  const connectors = [fileConnector as ConnectorDefinition]
  const database = `import_${randomUUID().replaceAll('-', '')}`
  const admin = connect(server.url, { max: 1 })
  await admin.query(`create database ${database}`)
  await admin.end()
  const pool: Pool = connect(server.urlFor(database), { max: 4 })
  await migrate(pool)
  const filesFolder = await mkdtemp(path.join(tmpdir(), 'usher-import-'))
  let now = '2026-06-15T08:00:00.000Z'
  let tick = 0
  const context: Context = {
    pool, connectors, filesFolder, secrets: async () => '', newId: () => randomUUID(),
    vault: vaultOf([randomBytes(32)]), enqueue: async () => {},
    // Two things never happen at one instant.
    now: () => new Date(Date.parse(now) + tick++).toISOString(),
    log: { info() {}, warn() {}, error() {} },
  }
  const revision: Revision = { revision: 1, policy: undefined as unknown as Policy }
  const setPolicy = (list: object[], settings: object = {}): void => {
    const sources = [...new Set(list.map((j) => (j as { source: string }).source))]
    revision.policy = policySchema.parse({
      settings: { timeZone: 'Europe/Berlin', ...settings }, jobs: list,
      systems: sources.map((id) => ({ id, name: id, connector: 'file', config: { path: `${id}.csv` } })),
    })
  }
  setPolicy(jobs)
  await pool.query(`insert into policy_revision (revision, document, made_at, made_by) values (1, '{}', now(), 'test') on conflict do nothing`)

  const write = (lines: string[], name = 'hr'): Promise<void> => writeFile(path.join(filesFolder, `${name}.csv`), [header, ...lines, ''].join('\n'))

  async function plan(): Promise<Planned> {
    const snapshots: SnapshotResult[] = []
    for (const one of revision.policy.jobs) {
      if (one.destination === 'people') snapshots.push(await readSource(context, revision, one as never, new AbortController().signal))
    }
    const planId = randomUUID()
    const asOf = context.now()
    const result = await transaction(pool, async (client) => {
      const basis = { snapshots: Object.fromEntries(snapshots.map((s) => [s.jobId, s.snapshotId])) }
      await client.query(`insert into plan (id, cause, policy_revision, as_of, basis, made_by, made_at, state) values ($1, 'test', 1, $2, $3, 'test', $2, 'open')`, [planId, asOf, JSON.stringify(basis)])
      return await planPeople(context, client, { planId, revision, asOf, snapshots, bulkMin })
    })
    const { rows } = await pool.query<PlannedChange>('select * from planned_change where plan_id = $1 order by id', [planId])
    return { planId, changes: rows, snapshots, ...result }
  }

  async function apply(planId: string, options: { batchSize?: number } = {}) {
    await pool.query(`update plan_change set state = 'waiting' where plan_id = $1 and state = 'planned'`, [planId])
    await pool.query(`update plan_arrival set state = 'waiting' where plan_id = $1 and state = 'planned'`, [planId])
    const applied = await applyPeople(context, planId, new AbortController().signal, options)
    await pool.query(`update plan set state = 'applied' where id = $1`, [planId])
    return applied
  }

  return {
    pool, context, revision, filesFolder, setPolicy, write, plan, apply,
    file: (name = 'hr') => path.join(filesFolder, `${name}.csv`),
    setNow(instant: string) { now = instant },
    /** Writes the file, plans and applies. */
    async day(lines: string[], name = 'hr'): Promise<Planned> {
      await write(lines, name)
      const planned = await plan()
      await apply(planned.planId)
      return planned
    },
    async people(): Promise<ImportedPerson[]> {
      return (await pool.query<ImportedPerson>(`select id, attributes, positions, state, next_change_at from person order by attributes ->> 'employeeId', created_at`)).rows
    },
    async person(employeeId: string): Promise<ImportedPerson> {
      const found = (await this.people()).filter((p) => p.attributes['employeeId'] === employeeId)
      if (found.length !== 1) throw new Error(`${found.length} people have the employee ID ${employeeId}`)
      return found[0]!
    },
    async close() {
      await pool.end()
      await rm(filesFolder, { recursive: true, force: true })
    },
  }
}

export type Import = Awaited<ReturnType<typeof openImport>>
export const kinds = (planned: Planned): string[] => planned.changes.map((c) => `${c.kind} ${c.state}`)
export const codes = (planned: Planned): string[] => planned.findings.map((f) => f.code).filter((c) => c !== 'REFERENCE_UNRESOLVED')
