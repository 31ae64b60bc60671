/** An Usher of its own for one test: a staff list as CSV, a system in memory, a clock that only the test moves. */
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { ConnectorDefinition } from '../../src/connectors/connector.ts'
import { fileConnector } from '../../src/connectors/file/file-connector.ts'
import { memoryConnector } from '../../src/connectors/memory/memory-connector.ts'
import { addRecord, newMemorySystem, type Fault, type MemoryRecord, type MemorySystem } from '../../src/connectors/memory/memory-world.ts'
import type { ChangeKind, ChangeState, Finding, PlanBrake, PlanScope, PlanState } from '../../src/domain/plan.ts'
import { policy as policySchema, type Policy } from '../../src/domain/policy.ts'
import type { Attributes } from '../../src/domain/value.ts'
import { applyPlan } from '../../src/engine/apply-plan.ts'
import { computePlan } from '../../src/engine/compute-plan.ts'
import type { Context } from '../../src/engine/context.ts'
import { createEngine } from '../../src/engine/create-engine.ts'
import { approveAutomatic } from '../../src/engine/start-plan.ts'
import { vaultOf } from '../../src/engine/vault.ts'
import { connect, migrate, transaction } from '../../src/store/database.ts'
import { currentRevision, ensurePolicy, saveRevision } from '../../src/store/policy.ts'
import type { TestPostgres } from '../servers/postgresql.ts'

export type Row = { id: string; first?: string; last?: string; department?: string; manager?: string; start?: string; end?: string; leaveFrom?: string; leaveUntil?: string }

const header = 'Employee ID,First name,Last name,E-mail,Department,Manager ID,Start date,End date,Leave from,Leave until'

export interface Change {
  id: string
  stage: 1 | 2
  kind: ChangeKind
  state: ChangeState
  subject: string
  before: Attributes | null
  after: Attributes | null
  code: string | null
  words: string | null
  attempts: number
  hash: string
  personId: string
}

export interface Plan {
  id: string
  state: PlanState
  cause: string
  hash: string
  brakes: PlanBrake[]
  findings: Finding[]
  changes: Change[]
  error: { code: string; message: string } | null
  /** `kind subject`, in order, of stage 2; the state behind it where it is not done. */
  systems: string[]
  people: string[]
}

export const basePolicy = policySchema.parse({
  settings: { timeZone: 'UTC' },
  systems: [
    { id: 'hr', name: 'HR', connector: 'file', config: { path: 'hr.csv' } },
    { id: 'app', name: 'App', connector: 'memory', config: { system: 'app' }, method: 'automatic' },
  ],
  jobs: [
    {
      id: 'people', name: 'Staff list', source: 'hr', destination: 'people', method: 'automatic', key: 'row["Employee ID"]',
      mapping: {
        employeeId: 'row["Employee ID"]', givenName: 'row["First name"]', surname: 'row["Last name"]', email: 'row["E-mail"]',
        displayName: 'row["First name"] + " " + row["Last name"]', manager: 'row["Manager ID"]',
      },
      position: { department: 'row["Department"]', start: 'row["Start date"]', end: 'row["End date"]', leaveFrom: 'row["Leave from"]', leaveUntil: 'row["Leave until"]' },
    },
    {
      id: 'users', name: 'App users', source: 'people', destination: 'app', objectType: 'user', method: 'automatic', match: ['personId'],
      mapping: {
        name: 'unique([lower(ascii(person.givenName)) + "." + lower(ascii(person.surname)), lower(ascii(person.givenName)) + "." + lower(ascii(person.surname)) + "{n}"])',
        displayName: 'person.displayName', personId: 'person.employeeId', manager: 'person.manager',
      },
      lifecycle: { createDaysBefore: 7, onLeave: 'disable', deleteAfterDays: 30 },
    },
  ],
  roles: [{ id: 'seller', name: 'Seller', grants: [{ system: 'app', entitlement: 'sellers' }] }],
  rules: [{ id: 'sales', name: 'Sales staff', when: 'position.department == "Sales"', roles: ['seller'] }],
})

const templates = new Map<string, Promise<void>>()

/** Migrates once per server; each world is a copy. */
async function makeTemplate(server: TestPostgres): Promise<void> {
  await ask(server, 'create database world_template')
  const pool = connect(server.urlFor('world_template'), { max: 1 })
  await migrate(pool)
  await pool.end()
}

async function ask(server: TestPostgres, sql: string): Promise<void> {
  const admin = connect(server.url, { max: 1 })
  await admin.query(sql)
  await admin.end()
}

export async function openWorld(server: TestPostgres, edit: (policy: Policy) => void = () => {}) {
  if (!templates.has(server.url)) templates.set(server.url, makeTemplate(server))
  await templates.get(server.url)
  const database = `world_${randomUUID().replaceAll('-', '')}`
  await ask(server, `create database ${database} template world_template strategy file_copy`)
  const pool = connect(server.urlFor(database), { max: 12 })
  const filesFolder = await mkdtemp(path.join(tmpdir(), 'usher-plan-'))
  const app = newMemorySystem()
  const other = newMemorySystem()
  for (const name of ['sellers', 'data', 'vpn']) addRecord(app, { objectType: 'group', name, attributes: { name }, enabled: true })
  let now = Date.parse('2026-06-15T08:00:00Z')
  const queued: { task: 'compute-plan' | 'apply-plan'; planId: string; at: number }[] = []
  const logged: string[] = []
  const context: Context = {
    pool, filesFolder, connectors: [fileConnector, memoryConnector({ systems: { app, other } })] as ConnectorDefinition[],
    secrets: async () => '', vault: vaultOf([randomBytes(32)]), newId: randomUUID,
    // Two things never happen at one instant.
    now: () => new Date(now++).toISOString(),
    async enqueue(task, planId, at) {
      if (queued.every((q) => q.task !== task || q.planId !== planId)) queued.push({ task, planId, at: at === undefined ? 0 : Date.parse(at) })
    },
    log: { info() {}, warn() {}, error(details, message) { logged.push(`${message} ${String((details as { err?: unknown }).err)}`) } },
  }
  const engine = createEngine(context)
  await ensurePolicy(pool, context.now())

  const setPolicy = async (change: (policy: Policy) => void): Promise<void> => {
    const { revision, policy } = await currentRevision(pool)
    const document = policySchema.parse(structuredClone(revision === 0 ? basePolicy : policy))
    change(document)
    await transaction(pool, (client) => saveRevision(client, { base: revision, document, actor: 'test', message: '', now: context.now() }))
  }
  await setPolicy(edit)

  /** Does what is due, as a worker would. */
  const work = async (): Promise<void> => {
    for (;;) {
      const at = queued.findIndex((q) => q.at <= now)
      if (at < 0) return
      const [{ task, planId }] = queued.splice(at, 1) as [typeof queued[number]]
      const signal = new AbortController().signal
      if (task === 'apply-plan') await applyPlan(context, planId, signal)
      else {
        await computePlan(context, planId, signal)
        await approveAutomatic(context, planId)
      }
    }
  }
  const shown = async (planId: string): Promise<Plan> => {
    const { rows: [plan] } = await pool.query<Omit<Plan, 'changes' | 'systems' | 'people'>>(
      'select id, state, cause, hash, brakes, findings, error from plan where id = $1', [planId])
    const { rows: changes } = await pool.query<Change>(
      `select id, stage, kind, state, subject, before, after, code, words, attempts, encode(hash, 'hex') as hash, person_id as "personId"
         from plan_change where plan_id = $1 order by stage, wave, subject, id`, [planId])
    const line = (c: Change): string => {
      const entitlement = c.after?.['entitlement'] ?? c.before?.['entitlement']
      return `${c.kind} ${c.subject}${c.kind === 'grant' || c.kind === 'revoke' ? ` ${String(entitlement)}` : ''}${c.state === 'done' ? '' : ` ${c.state}`}`
    }
    return { ...plan!, changes, systems: changes.filter((c) => c.stage === 2).map(line), people: changes.filter((c) => c.stage === 1).map(line) }
  }

  const world = {
    pool, context, engine, app, other, queued, logged, setPolicy, work, shown,
    at: (instant: string): void => { now = Date.parse(instant) },
    later: (milliseconds: number): void => { now += milliseconds },
    days: (count: number): void => { now += count * 86_400_000 },
    /** Writes the staff list. */
    hr: (rows: Row[]): Promise<void> => writeFile(path.join(filesFolder, 'hr.csv'), `${[header, ...rows.map(lineOf)].join('\n')}\n`),
    /** Starts a plan and does what a worker does with it. */
    async plan(scope: PlanScope = null, cause = 'test'): Promise<Plan> {
      const { planId } = await engine.startPlan({ cause, actor: 'ada', scope })
      await work()
      return shown(planId)
    },
    /** A staff list, planned, and applied as far as it is automatic. */
    async day(rows: Row[]): Promise<Plan> {
      await world.hr(rows)
      return world.plan()
    },
    async approve(plan: Plan): Promise<Plan> {
      await engine.approvePlan(plan.id, plan.hash, 'ada')
      await work()
      return shown(plan.id)
    },
    async newest(): Promise<Plan> {
      const { rows: [row] } = await pool.query<{ id: string }>('select id from plan order by number desc limit 1')
      return shown(row!.id)
    },
    /** Lets time pass until everything that was put off is done. */
    async settle(): Promise<void> {
      for (let rounds = 0; queued.length > 0 && rounds < 60; rounds++) {
        now = Math.max(now, ...[Math.min(...queued.map((q) => q.at))])
        await work()
      }
    },
    account: (name: string): MemoryRecord | undefined => [...app.records.values()].find((r) => r.objectType === 'user' && r.name === name),
    accounts: (): string[] => [...app.records.values()].filter((r) => r.objectType === 'user').map((r) => `${r.name}${r.enabled ? '' : ' (disabled)'}`).toSorted(),
    group: (name: string): MemoryRecord => [...app.records.values()].find((r) => r.objectType === 'group' && r.name === name)!,
    members: (group: string): string[] => [...app.members.get(world.group(group).id) ?? []].map((id) => app.records.get(id)?.name ?? id).toSorted(),
    join(group: string, name: string): void {
      const { id } = world.group(group)
      app.members.set(id, (app.members.get(id) ?? new Set()).add(world.account(name)!.id))
    },
    add: (name: string, attributes: Attributes = {}, more: Partial<MemoryRecord> = {}): MemoryRecord =>
      addRecord(app, { objectType: 'user', name, attributes: { name, ...attributes }, enabled: true, ...more }),
    async person(employeeId: string): Promise<string> {
      const { rows } = await pool.query<{ id: string }>(`select id from person where attributes ->> 'employeeId' = $1`, [employeeId])
      if (rows.length !== 1) throw new Error(`${rows.length} people have the employee ID ${employeeId}`)
      return rows[0]!.id
    },
    async entitlement(name: string): Promise<string> {
      return (await pool.query<{ id: string }>('select id from entitlement where name = $1', [name])).rows[0]!.id
    },
    /** Reasons of a person: `kind what`, `ended` behind it where they are. */
    async reasons(employeeId: string): Promise<string[]> {
      const { rows } = await pool.query<{ says: string }>(
        `select kind || ' ' || coalesce(role_id, e.name, job_id) || case when valid_until <= $2 then ' ended' else '' end as says
           from reason r left join entitlement e on e.id = r.entitlement_id where person_id = $1 order by r.id`, [await world.person(employeeId), context.now()])
      return rows.map((r) => r.says)
    },
    async close(): Promise<void> {
      await pool.end()
      await rm(filesFolder, { recursive: true, force: true })
    },
  }
  return world
}

export type World = Awaited<ReturnType<typeof openWorld>>

function lineOf(row: Row): string {
  const { id, first = 'Ada', last = `No${id}`, department = 'Sales', manager = '', start = '2020-01-01', end = '', leaveFrom = '', leaveUntil = '' } = row
  return [id, first, last, `${first}.${last}.${id}@example.org`.toLowerCase(), department, manager, start, end, leaveFrom, leaveUntil].join(',')
}

export const appSystem = (policy: Policy) => policy.systems.find((s) => s.id === 'app')!
export const job = (policy: Policy, id: string) => policy.jobs.find((j) => j.id === id)!

/** Something that goes wrong in the app; without an attempt, each time. */
export const fault = (operation: Fault['operation'], effect: Fault['effect'], attempt?: number): Fault =>
  ({ operation, effect, fired: 0, ...(attempt === undefined ? {} : { attempt }) })
export const unfired = (w: World): Fault[] => w.app.faults.filter((f) => f.fired === 0)
