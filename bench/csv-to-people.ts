/**
 * A CSV file of a million rows into people, the whole way: read, map, snapshot, match, plan, apply, audit. The floor is
 * PostgreSQL's own COPY of the same file into a logged table of text columns with a primary key, on the same server.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream, readdirSync, readFileSync } from 'node:fs'
import { once } from 'node:events'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { from as copyFrom } from 'pg-copy-streams'
import { fileConnector } from '../src/connectors/file/file-connector.ts'
import type { ConnectorDefinition } from '../src/connectors/connector.ts'
import { isPeopleJob, policy as policySchema } from '../src/domain/policy.ts'
import type { Context, Revision } from '../src/engine/context.ts'
import { applyPeople } from '../src/engine/apply-people.ts'
import { planPeople } from '../src/engine/plan-people.ts'
import { readSource, type SnapshotResult } from '../src/engine/read-source.ts'
import { vaultOf } from '../src/engine/vault.ts'
import { approveArrivals } from '../src/store/people-bulk.ts'
import { connect, migrate, transaction, type Pool } from '../src/store/database.ts'
import { startPrivatePostgres } from '../src/store/private-postgres.ts'
import { dataFolder } from './data-folder.ts'
import { atMost, type Figure } from './figure.ts'

const rowCount = Number(process.env['BENCH_ROWS'] ?? 1_000_000)
const columns = ['Employee ID', 'First name', 'Last name', 'E-mail', 'Job title', 'Department', 'Location', 'Manager ID', 'Start date', 'Cost centre']

export async function run(): Promise<Figure[]> {
  const folder = await dataFolder()
  const server = await startPrivatePostgres(folder.path, { info() {}, warn() {} })
  const pool = connect(server.url)
  try {
    await migrate(pool)
    const file = path.join(folder.path, 'people.csv')
    await writeRows(file)
    await note(pool, 'file', performance.now())
    const floor = await copySeconds(pool, file)
    const memory = watchMemory()
    const ours = await importSeconds(pool, folder.path)
    const rss = memory.stop()
    return [
      atMost(`CSV of ${rowCount} rows into people`, ours, 's', floor, 6),
      atMost(`CSV of ${rowCount} rows into people, memory`, rss, 'MB', 512, 1),
    ]
  } finally {
    await pool.end()
    await server.stop()
    await folder.remove()
  }
}

export async function writeRows(file: string): Promise<void> {
  const out = createWriteStream(file)
  out.write(`${columns.join(',')}\n`)
  const id = (n: number): string => `E${String(n).padStart(7, '0')}`
  for (let from = 0; from < rowCount; from += 1000) {
    let text = ''
    for (let i = from; i < Math.min(from + 1000, rowCount); i++) {
      // Spread over the alphabet, as real names are.
      const name = (i * 7919) % 70_001
      text += `${id(i)},Given${i % 5000},Surname${name},given${i % 5000}.surname${name}.${i}@example.org,Account manager ${i % 40},`
        + `Department ${i % 30},Berlin,${id(Math.floor(i / 10))},20${String(5 + (i % 20)).padStart(2, '0')}-0${1 + (i % 9)}-1${i % 10},CC${i % 100}\n`
    }
    if (!out.write(text)) await once(out, 'drain')
  }
  out.end()
  await once(out, 'finish')
}

async function copySeconds(pool: Pool, file: string): Promise<number> {
  const client = await pool.connect()
  try {
    await client.query(`create table floor (${columns.map((c, i) => `"${c}" text${i === 0 ? ' primary key' : ''}`).join(', ')})`)
    const start = performance.now()
    await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), client.query(copyFrom('copy floor from stdin with (format csv, header)')))
    const seconds = (performance.now() - start) / 1000
    await client.query('drop table floor')
    await client.query('checkpoint')
    return seconds
  } finally {
    client.release()
  }
}

const policy = policySchema.parse({
  settings: { timeZone: 'Europe/Berlin' },
  systems: [{ id: 'hr', name: 'HR', connector: 'file', config: { path: 'people.csv' } }],
  jobs: [{
    id: 'hr', name: 'People', source: 'hr', destination: 'people', method: 'automatic', key: 'row["Employee ID"]', match: [['email']],
    mapping: {
      employeeId: 'row["Employee ID"]', givenName: 'row["First name"]', surname: 'row["Last name"]', email: 'row["E-mail"]',
      displayName: 'row["First name"] + " " + row["Last name"]', manager: 'row["Manager ID"]',
    },
    position: { title: 'row["Job title"]', department: 'row["Department"]', location: 'row["Location"]', costCentre: 'row["Cost centre"]', start: 'row["Start date"]' },
  }],
})

export function engine(pool: Pool, filesFolder: string): { context: Context; revision: Revision } {
  const context: Context = {
    pool, filesFolder, connectors: [fileConnector as ConnectorDefinition], secrets: async () => '', vault: vaultOf([randomBytes(32)]), enqueue: async () => {},
    now: () => new Date().toISOString(), newId: () => randomUUID(), log: { info() {}, warn() {}, error() {} },
  }
  return { context, revision: { revision: 1, policy } }
}

async function importSeconds(pool: Pool, filesFolder: string): Promise<number> {
  const { context, revision } = engine(pool, filesFolder)
  const { signal } = new AbortController()
  await pool.query(`insert into policy_revision (revision, document, made_at, made_by) values (1, '{}', now(), 'bench') on conflict do nothing`)
  const planId = randomUUID()
  const start = performance.now()
  await note(pool, 'floor', start)
  const snapshots: SnapshotResult[] = []
  for (const job of policy.jobs.filter(isPeopleJob)) snapshots.push(await readSource(context, revision, job, signal))
  await note(pool, 'read', start)
  await transaction(pool, async (client) => {
    await client.query(`set local work_mem = '128MB'`)
    const asOf = context.now()
    await client.query(`insert into plan (id, cause, policy_revision, as_of, made_by, made_at, state) values ($1, 'bench', 1, $2, 'bench', $2, 'open')`, [planId, asOf])
    await planPeople(context, client, { planId, revision, asOf, snapshots })
    await client.query(`update plan_change set state = 'waiting' where plan_id = $1`, [planId])
    await approveArrivals(client, planId)
  })
  await note(pool, 'plan', start)
  const applied = await applyPeople(context, planId, signal)
  await note(pool, 'apply', start)
  const seconds = (performance.now() - start) / 1000
  const { rows: [there] } = await pool.query<{ people: number; records: number }>(`select (select count(*)::int from person) as people, (select count(*)::int from record) as records`)
  if (applied.done !== rowCount || there!.people !== rowCount || there!.records !== rowCount) throw new Error(`${there!.people} people, ${there!.records} records of ${rowCount}`)
  return seconds
}

/** On a machine that has other things to do, processor time says more than the clock: that of this process, and of PostgreSQL. */
async function note(pool: Pool, what: string, start: number): Promise<void> {
  if (!process.env['BENCH_VERBOSE']) return
  const { user, system } = process.cpuUsage()
  const { rows: [backend] } = await pool.query<{ pid: number }>('select pg_backend_pid() as pid')
  const [clock, own, server] = [(performance.now() - start) / 1000, (user + system) / 1_000_000, serverSeconds(backend!.pid)]
  console.error(`  ${what} after ${clock.toFixed(1)} s; processor time so far: Node ${own.toFixed(1)} s, PostgreSQL ${server.toFixed(1)} s`)
}

/** Processor time of a server's processes, those that have ended included; 0 where there is no /proc. */
function serverSeconds(backend: number): number {
  const parent = processStat(backend)[1]
  if (parent === undefined) return 0
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(processStat).filter((fields) => fields[1] === parent)
  const ticks = (fields: string[], places: number[]): number => places.reduce((sum, at) => sum + Number(fields[at] ?? 0), 0)
  return (ticks(processStat(parent), [11, 12, 13, 14]) + children.reduce((sum, fields) => sum + ticks(fields, [11, 12]), 0)) / 100
}

/** The fields of /proc/<pid>/stat that come after the name. */
function processStat(pid: string | number): string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ')
  } catch {
    return []
  }
}

function watchMemory(): { stop(): number } {
  let most = 0
  const look = (): void => { most = Math.max(most, process.memoryUsage.rss() / 1_000_000) }
  const timer = setInterval(look, 100)
  return {
    stop() {
      clearInterval(timer)
      look()
      return most
    },
  }
}

if (import.meta.main) for (const figure of await run()) console.log(JSON.stringify(figure))
