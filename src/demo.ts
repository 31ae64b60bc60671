/**
 * The demo: an example company's staff list, and a second PostgreSQL that plays its data warehouse. It runs the main job
 * to its end, says what it did, then puts the next day's staff list there, as a plan that waits to be reviewed.
 */
import { mkdir, readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import { makeCompany, writeWorkbook } from '../examples/company/make.ts'
import { UsherError } from './domain/errors.ts'
import { symbol, type ChangeKind } from './domain/plan.ts'
import { policyFromFiles, type Files } from './domain/policy-files.ts'
import type { Policy } from './domain/policy.ts'
import { setSecret } from './engine/secrets.ts'
import { approveAutomatic } from './engine/start-plan.ts'
import { transaction } from './store/database.ts'
import { countChanges, findPlan } from './store/plan.ts'
import { currentRevision, saveRevision } from './store/policy.ts'
import { startPrivatePostgres } from './store/private-postgres.ts'
import type { Usher } from './wiring.ts'

const examples = path.join(import.meta.dirname, '../examples/company')
const actor = 'demo'

export interface Demo {
  /** Plays the first day, the first time for a data folder; says whether everything is in place and read back. */
  play(): Promise<boolean>
}

/** Starts the warehouse; `closing` is told how to stop it. */
export async function startDemo(usher: Usher, closing: (stop: () => Promise<void>) => void, say: (line: string) => void): Promise<Demo> {
  const { context, dataFolder } = usher
  const silent = { info: () => {}, warn: (message: string) => context.log.warn({}, message) }
  const warehouse = await startPrivatePostgres(path.join(dataFolder, 'warehouse'), silent)
  closing(warehouse.stop)
  const { policy } = await currentRevision(context.pool)
  if (policy.systems.length > 0) {
    await pointToWarehouse(usher, warehouse.url)
    return {
      async play() {
        say('The example company is there from last time, as you left it. To begin anew, start with another data folder: USHER_DATA=…')
        return true
      },
    }
  }
  say('The example company Northwind Trading: a staff list in Excel, and a data warehouse in PostgreSQL.')
  await furnishWarehouse(warehouse.url, usher)
  await writeStaffList(usher, 'day1')
  await savePolicy(usher, await readPolicy(warehouse.url), 'The example company')
  return {
    async play() {
      const ok = await playFirstDay(usher, say)
      if (ok) await prepareSecondDay(usher, say)
      return ok
    },
  }
}

async function playFirstDay(usher: Usher, say: (line: string) => void): Promise<boolean> {
  const first = await runPlan(usher)
  const { rows: [read] } = await usher.context.pool.query<{ rows: number; aside: number; people: number }>(
    `select sum(rows)::int as rows, sum(set_aside)::int as aside, (select count(*) from person)::int as people from snapshot where state = 'complete'`)
  say(`Read         ${read?.rows} rows of company.xlsx; ${read?.aside} set aside, each with its cell; ${read?.people} people.`)
  const counts = await countChanges(usher.context.pool, first)
  say(`Planned      ${sentence(counts)}.`)
  const done = (stage: 1 | 2): number => counts.filter((c) => c.stage === stage && c.state === 'done').reduce((sum, c) => sum + c.n, 0)
  const rest = counts.filter((c) => !['done', 'observed'].includes(c.state))
  say(`Applied      ${done(1)} people, and ${done(2)} changes in the warehouse, each one seen there afterwards${rest.length === 0 ? '.' : `; ${rest.map((c) => `${c.n} ${c.kind} ${c.state}`).join(', ')}.`}`)
  const second = await runPlan(usher)
  const left = (await countChanges(usher.context.pool, second)).filter((c) => c.stage === 2)
  const { rows: [seen] } = await usher.context.pool.query<{ accounts: number; memberships: number }>(
    `select count(*)::int as accounts, (select count(*) from membership m join account a on a.id = m.account_id where a.person_id is not null)::int as memberships
       from account where person_id is not null and gone_at is null`)
  say(`Read back    ${seen?.accounts} accounts and ${seen?.memberships} memberships; ${left.length === 0 ? 'nothing is left to do' : `still to do: ${sentence(left)}`}.`)
  return rest.length === 0 && left.length === 0
}

/** From now on, plans wait for somebody; the next day's staff list makes the first such plan. */
async function prepareSecondDay(usher: Usher, say: (line: string) => void): Promise<void> {
  const { policy } = await currentRevision(usher.context.pool)
  await savePolicy(usher, { ...policy, jobs: policy.jobs.map((job) => ({ ...job, method: 'approve' })) }, 'Plans wait for an operator')
  await writeStaffList(usher, 'day2')
  const plan = await runPlan(usher)
  const found = await findPlan(usher.context.pool, plan)
  say(`Waiting      plan ${found?.number} for the next day's staff list: ${sentence(await countChanges(usher.context.pool, plan))}.`)
}

async function runPlan(usher: Usher): Promise<string> {
  const { planId } = await usher.engine.startPlan({ cause: 'demo', actor, scope: null })
  await usher.engine.waitForPlan(planId, 'computed', AbortSignal.timeout(600_000))
  // Perhaps the worker has not come to asking whether it goes ahead; asking twice does no harm.
  await approveAutomatic(usher.context, planId)
  await usher.engine.waitForPlan(planId, 'over', AbortSignal.timeout(600_000))
  const plan = await findPlan(usher.context.pool, planId)
  if (plan?.state === 'failed') throw new UsherError('INTERNAL', 'The example plan could not be computed. The log says why.')
  return planId
}

function sentence(counts: { systemId: string; kind: ChangeKind; n: number }[]): string {
  if (counts.length === 0) return 'nothing'
  const by = Map.groupBy(counts, (c) => c.systemId)
  return [...by].map(([system, own]) => {
    const kinds = Map.groupBy(own, (c) => c.kind)
    return `${system}: ${[...kinds].map(([kind, c]) => `${symbol[kind]} ${c.reduce((sum, one) => sum + one.n, 0)} ${kind}`).join(', ')}`
  }).join('; ')
}

async function writeStaffList(usher: Usher, day: 'day1' | 'day2'): Promise<void> {
  const today = Temporal.Instant.from(usher.context.now()).toZonedDateTimeISO('Europe/Berlin').toPlainDate()
  await mkdir(usher.context.filesFolder, { recursive: true })
  await writeWorkbook(path.join(usher.context.filesFolder, 'company.xlsx'), makeCompany(today)[day])
}

/* ------------------------------------------------------------------ policy */

async function readPolicy(warehouseUrl: string): Promise<Policy> {
  const folder = path.join(examples, 'policy')
  const files: Files = {}
  for (const name of await readdir(folder, { recursive: true })) {
    if (name.endsWith('.yaml')) files[name] = await readFile(path.join(folder, name), 'utf8')
  }
  const { policy, problems } = policyFromFiles(files)
  if (policy === null) throw new UsherError('POLICY_INVALID', problems.map((p) => p.message).join(' '))
  return atWarehouse(policy, warehouseUrl)
}

/** The warehouse listens on a port of its own on every machine. */
function atWarehouse(policy: Policy, url: string): Policy {
  const { hostname, port } = new URL(url)
  return {
    ...policy,
    systems: policy.systems.map((s) => (s.id === 'warehouse' ? { ...s, config: { ...s.config, host: hostname, port: Number(port) } } : s)),
  }
}

async function pointToWarehouse(usher: Usher, url: string): Promise<void> {
  const { policy } = await currentRevision(usher.context.pool)
  const moved = atWarehouse(policy, url)
  if (JSON.stringify(moved) !== JSON.stringify(policy)) await savePolicy(usher, moved, 'The warehouse moved to another port')
}

async function savePolicy(usher: Usher, policy: Policy, message: string): Promise<void> {
  const { revision } = await currentRevision(usher.context.pool)
  await transaction(usher.context.pool, (client) => saveRevision(client, { base: revision, document: policy, actor, message, now: usher.context.now() }))
}

/* ------------------------------------------------------------------ the warehouse */

async function furnishWarehouse(url: string, usher: Usher): Promise<void> {
  const password = usher.context.newId()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(await readFile(path.join(examples, 'warehouse.sql'), 'utf8'))
    await client.query(`alter role provisioning password ${client.escapeLiteral(password)}`)
  } finally {
    await client.end()
  }
  await setSecret(usher.context, 'warehouse-password', password, actor)
}

