/** A table, a view or a query of PostgreSQL as a source of rows. There is no half of it that writes. */
import { createHash } from 'node:crypto'
import pg, { type ClientBase } from 'pg'
import { z } from 'zod'
import { UsherError } from '../../domain/errors.ts'
import type { Attributes, Value } from '../../domain/value.ts'
import type { Check, ConnectorDefinition, ObservedRecord, Page, ReadEnd, ReadScope, Reader, Secrets, SourceShape } from '../connector.ts'
import { beginRead, connections, target, type Connections } from './postgresql-client.ts'
import { connectionFields, leadsSomewhere, nowhere } from './postgresql-config.ts'
import { translate } from './postgresql-errors.ts'

export const queryConfigSchema = z.strictObject({
  ...connectionFields,
  user: connectionFields.user.meta({ title: 'Sign in as', description: 'The role that Usher uses; it needs to read what the query reads, and nothing else.' }),
  query: z.string().min(1).max(20_000).meta({
    title: 'Table or query', description: 'A table or view with its schema, such as hr.staff, or a query: select … from hr.staff. Tables are named with their schemas.',
  }),
  rowSecurity: z.enum(['refuse', 'allow']).default('refuse').meta({
    title: 'Row security', description: 'refuse: the read fails where a policy of row security could hide rows. allow: what the policy shows is all there is.',
  }),
  minRows: z.int().min(1).optional().meta({ title: 'Rows at least', description: 'With fewer rows the read counts as too short.' }),
  pageSize: z.int().min(1).max(10_000).default(1000).meta({ title: 'Page size', description: 'Rows read at a time.' }),
  timeoutSeconds: z.int().min(1).max(600).default(60).meta({ title: 'Timeout', description: 'Seconds that the server may take for one answer.' }),
}).refine(leadsSomewhere, nowhere)

export type QueryConfig = z.infer<typeof queryConfigSchema>

export const postgresqlQueryConnector: ConnectorDefinition<QueryConfig> = {
  kind: 'postgresql-query',
  title: 'PostgreSQL table or query (source)',
  configSchema: queryConfigSchema,
  describe: () => ({
    source: true,
    destination: false,
    // The columns are the query's own; `inspect` tells them.
    objectTypes: [{ name: 'row', title: 'Row', kind: 'account', attributes: [], operations: [] }],
    limits: { parallel: 1, settleMs: 0 },
    canEndSessions: false,
    canReadPassword: false,
  }),
  openReader,
}

const sampleRows = 5

function openReader(config: QueryConfig, secrets: Secrets): Reader {
  const own = connections({ ...config, parallel: 2 }, secrets, 'reader')
  return {
    check: () => check(own, config),
    inspect: () => inspect(own, config),
    read: (scope, signal) => read(own, config, scope, signal),
    close: () => own.close(),
  }
}

async function check(own: Connections, config: QueryConfig): Promise<Check> {
  const steps: Check['steps'] = []
  const step = async (name: string, work: () => Promise<string | undefined>): Promise<boolean> => {
    try {
      const message = await work()
      steps.push({ name, ok: true, ...(message === undefined ? {} : { message }) })
      return true
    } catch (error) {
      const known = findingOf(error, config)
      if (!(known instanceof UsherError)) throw known
      steps.push({ name, ok: false, code: known.code, message: known.message })
      return false
    }
  }
  const { host, port } = target(config)
  const ok = await step(`Connect to ${host}:${port} and sign in`, async () => { await own.transaction('read', (client) => client.query('select 1')); return undefined })
    && await step(`Read ${labelOf(config)}`, async () => {
      const { columns } = await inspect(own, config)
      return `Columns: ${columns.map((c) => c.name).join(', ')}`
    })
  return { ok, steps }
}

async function inspect(own: Connections, config: QueryConfig): Promise<SourceShape> {
  try {
    return await own.transaction('read', async (client) => {
      await guard(client, config)
      const { names, rows } = await ask(client, `select * from ${from(config)} limit ${sampleRows}`)
      const twice = names.find((name, i) => names.indexOf(name) < i)
      if (twice !== undefined) throw new UsherError('SOURCE_UNREADABLE', `${labelOf(config)} has two columns with the name "${twice}". Give one of them another name: ${twice} as "…".`)
      return {
        file: labelOf(config), headerRow: 0, columns: names.map((name, index) => ({ name, letter: letterOf(index), index })),
        sample: rows.map((row) => attributesOf(names, row)),
      }
    })
  } catch (error) {
    throw findingOf(error, config)
  }
}

async function* read(own: Connections, config: QueryConfig, scope: ReadScope, signal: AbortSignal): AsyncGenerator<Page, ReadEnd> {
  if (scope.objectTypes.length > 0 && !scope.objectTypes.includes('row')) return { complete: true, count: 0 }
  const digest = createHash('sha256')
  const wanted = scope.attributes?.['row']
  let count = 0
  let client: pg.PoolClient | undefined
  let ended = false
  try {
    signal.throwIfAborted()
    client = await own.connect()
    // All of it is of one moment.
    await client.query(beginRead)
    await guard(client, config)
    const columns = wanted === undefined || wanted.length === 0 ? '*' : wanted.map((name) => pg.escapeIdentifier(name)).join(', ')
    await client.query(`declare records no scroll cursor for select ${columns} from ${from(config)}`)
    for (;;) {
      const { names, rows } = await ask(client, `fetch forward ${config.pageSize} from records`)
      signal.throwIfAborted()
      const records = rows.map((row): ObservedRecord => {
        count++
        digest.update(JSON.stringify(row))
        return { objectType: 'row', id: String(count), name: `${labelOf(config)}!A${count}`, attributes: attributesOf(names, row), row: count }
      })
      if (records.length > 0) yield { records, memberships: [], rejected: [] }
      signal.throwIfAborted()
      if (rows.length < config.pageSize) break
    }
    await client.query('commit')
    ended = true
    if (count === 0) return { complete: false, count, code: 'SOURCE_EMPTY', because: `${labelOf(config)} has no rows.` }
    if (count < (config.minRows ?? 0)) return { complete: false, count, code: 'SOURCE_SHORT', because: `${labelOf(config)} has ${count} rows; at least ${config.minRows} are expected.` }
    return { complete: true, count, digest: digest.digest('hex'), proven: true }
  } catch (error) {
    if (signal.aborted) return { complete: false, count, code: 'SYSTEM_READ_INCOMPLETE', because: 'The read was stopped.' }
    const known = findingOf(error, config)
    if (!(known instanceof UsherError)) throw known
    return { complete: false, count, code: known.code, because: known.message }
  } finally {
    client?.release(!ended)
  }
}

/** What went wrong, with what was asked. What is not there is missing; nothing else of a source can be gone. */
function findingOf(error: unknown, config: QueryConfig): unknown {
  const known = translate(error)
  if (!(known instanceof UsherError) || known.code.startsWith('SOURCE_')) return known
  const isMissing = known.code === 'TARGET_GONE'
  const advice = isMissing ? ' Name the table with its schema, and check that it is there.' : ''
  return new UsherError(isMissing ? 'SOURCE_MISSING' : known.code, `${labelOf(config)}: ${known.message}.${advice}`, {}, known)
}

/** Without this, a policy of row security takes rows away and says nothing. */
async function guard(client: ClientBase, { rowSecurity }: QueryConfig): Promise<void> {
  if (rowSecurity === 'refuse') await client.query('set local row_security = off')
}

function isTable({ query }: QueryConfig): boolean {
  return /^\s*("([^"]|"")+"|[\w$]+)(\s*\.\s*("([^"]|"")+"|[\w$]+))?\s*$/.test(query)
}

function from(config: QueryConfig): string {
  const query = config.query.trim().replace(/;\s*$/, '')
  return isTable(config) ? query : `(${query}\n) as asked`
}

/** What messages call it. */
function labelOf(config: QueryConfig): string {
  return isTable(config) ? config.query.trim() : `The query of ${target(config).database}`
}

async function ask(client: ClientBase, text: string): Promise<{ names: string[]; rows: (Value | null)[][] }> {
  const { fields, rows } = await client.query<(Value | null)[]>({ text, rowMode: 'array', types: { getTypeParser } })
  return { names: fields.map((field) => field.name), rows }
}

function attributesOf(names: string[], row: (Value | null)[]): Attributes {
  const attributes: Attributes = {}
  for (const [i, name] of names.entries()) {
    const value = row[i] ?? null
    if (value !== null && value !== '') attributes[name] = value
  }
  return attributes
}

const oids = { bool: 16, int8: 20, int2: 21, int4: 23, float4: 700, float8: 701, textArray: 1009, varcharArray: 1015, timestamp: 1114, timestamptz: 1184, numeric: 1700 }
const parsers: Record<number, (text: string) => Value> = {
  [oids.bool]: (text) => text === 't',
  ...Object.fromEntries([oids.int2, oids.int4, oids.int8, oids.float4, oids.float8, oids.numeric].map((oid) => [oid, numberOf])),
  [oids.textArray]: pg.types.getTypeParser(oids.textArray),
  [oids.varcharArray]: pg.types.getTypeParser(oids.varcharArray),
  [oids.timestamp]: (text) => text.replace(' ', 'T'),
  [oids.timestamptz]: (text) => text.replace(' ', 'T').replace(/\+00$/, 'Z'),
}

/** Dates stay texts such as 2026-11-21, as they have no time zone. */
function getTypeParser(oid: number): (text: string) => Value {
  return parsers[oid] ?? ((text) => text.trim())
}

/** Where a number could not hold all digits, it stays a text. */
function numberOf(text: string): Value {
  const number = Number(text)
  return Number.isSafeInteger(number) || (String(number) === text && Number.isFinite(number)) ? number : text
}

function letterOf(index: number): string {
  const last = String.fromCharCode(65 + (index % 26))
  return index < 26 ? last : letterOf(Math.floor(index / 26) - 1) + last
}
