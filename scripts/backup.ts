/**
 * `npm run backup -- FILE` and `npm run restore -- FILE`: Usher's own database, the private one (in USHER_DATA, running or
 * not) or that of DATABASE_URL. A backup may be taken at any time; a restore wants an empty database and no Usher beside it.
 */
import { createReadStream, createWriteStream, existsSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { UsherError } from '../src/domain/errors.ts'
import { backup, restore } from '../src/store/backup.ts'
import { connect, type Pool } from '../src/store/database.ts'
import { readSettings } from '../src/store/private-cluster.ts'
import { startPrivatePostgres } from '../src/store/private-postgres.ts'

const data = path.resolve(process.env['USHER_DATA'] || 'data')
const log = { info: (text: string) => console.error(text), warn: (text: string) => console.error(text) }

/** Runs `work` on the database, and stops what it had to start for it. */
async function withDatabase<T>(canShare: boolean, work: (pool: Pool) => Promise<T>): Promise<T> {
  const own = process.env['DATABASE_URL']
  const running = own === undefined && canShare ? await runningPrivate() : undefined
  const started = own === undefined && running === undefined ? await startPrivatePostgres(data, log) : undefined
  const pool = connect(own ?? running ?? started?.url ?? '')
  try {
    return await work(pool)
  } finally {
    await pool.end()
    await started?.stop()
  }
}

/** The private PostgreSQL of the data folder, if an Usher runs it right now. */
async function runningPrivate(): Promise<string | undefined> {
  if (!existsSync(path.join(data, 'postgres.json'))) throw new UsherError('NOT_FOUND', `There is no Usher in ${data}. Set USHER_DATA to its data folder.`)
  const { user, password, port } = readSettings(data)
  const url = `postgres://${user}:${password}@127.0.0.1:${port}/usher`
  const pool = connect(url, { max: 1, connectionTimeoutMillis: 3000 })
  try {
    await pool.query('select 1')
    return url
  } catch {
    return undefined
  } finally {
    await pool.end()
  }
}

async function takeBackup(file: string): Promise<string> {
  const partial = `${file}.partial`
  const made = new Date().toISOString()
  try {
    const report = await withDatabase(true, (pool) => backup(pool, createWriteStream(partial, { mode: 0o600 }), made))
    renameSync(partial, file)
    return `${file}: ${report.rows.toLocaleString('en')} rows of ${report.tables} tables, as of ${made}.\n`
      + 'The keys are not in it. Keep them in another place; docs/operating/backup.md says which files they are.'
  } finally {
    rmSync(partial, { force: true })
  }
}

async function takeBack(file: string): Promise<string> {
  const report = await withDatabase(false, (pool) => restore(pool, createReadStream(file)))
  return `Restored ${report.rows.toLocaleString('en')} rows of ${report.tables} tables, as of ${report.madeAt}. Put the keys beside it before you start Usher.`
}

const [verb, file] = process.argv.slice(2)
if (file === undefined || (verb !== 'backup' && verb !== 'restore')) {
  console.error('npm run backup -- FILE, or npm run restore -- FILE')
  process.exit(2)
}
try {
  console.log(verb === 'backup' ? await takeBackup(file) : await takeBack(file))
} catch (error) {
  console.error(error instanceof UsherError ? error.message : error)
  process.exitCode = 1
}
