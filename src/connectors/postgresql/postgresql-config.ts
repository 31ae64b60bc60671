/**
 * What a PostgreSQL system's configuration holds. The form, the documentation and the schema of policy files
 * come from it.
 */
import { z } from 'zod'
import { parseTablePattern } from './postgresql-names.ts'

const ssl = z
  .strictObject({
    ca: z
      .string()
      .optional()
      .meta({ title: 'CA certificate', description: 'PEM text. Without it, the CAs that the machine trusts.' }),
    rejectUnauthorized: z
      .boolean()
      .default(true)
      .meta({ title: 'Check the certificate', description: 'Switch off for a first try only.' }),
  })
  .meta({ title: 'TLS', description: 'Without it, nothing is encrypted: only for the loopback interface.' })

/** Where a server is and who signs in. */
export const connectionFields = {
  url: z
    .string()
    .optional()
    .refine(isUrl, 'a URL such as postgres://usher@db.example.org:5432/warehouse, without a password')
    .meta({ title: 'URL', description: 'Instead of host, port, database and user.' }),
  host: z.string().min(1).optional().meta({ title: 'Host' }),
  port: z.int().min(1).max(65_535).optional().meta({ title: 'Port', description: '5432 unless said otherwise.' }),
  database: z
    .string()
    .min(1)
    .optional()
    .meta({
      title: 'Database',
      description: 'Roles belong to the whole server; schemas and tables are those of this database.',
    }),
  user: z
    .string()
    .min(1)
    .optional()
    .meta({ title: 'Sign in as', description: 'The role that Usher uses; it needs CREATEROLE.' }),
  password: z
    .string()
    .min(1)
    .optional()
    .meta({ title: 'Password', description: 'Reference to the stored secret.', secret: true }),
  ssl: ssl.optional(),
}

const tablePattern = z
  .string()
  .refine((text) => parseTablePattern(text) !== undefined, 'a table such as sales.orders, or sales.*')

const entitlements = z
  .strictObject({
    groupRoles: z
      .union([z.enum(['all', 'none']), z.array(z.string())])
      .default('all')
      .meta({
        title: 'Group roles',
        description:
          'Roles without LOGIN that accounts can be members of. `all` leaves out those of PostgreSQL (pg_…); '
      + 'name them to offer them.',
      }),
    databases: z
      .union([z.enum(['current', 'all', 'none']), z.array(z.string())])
      .default('current')
      .meta({ title: 'Databases', description: 'CONNECT, CREATE and TEMPORARY on these.' }),
    schemas: z
      .union([z.enum(['all', 'none']), z.array(z.string())])
      .default('all')
      .meta({ title: 'Schemas', description: 'USAGE and CREATE on these, and their tables as the next field says.' }),
    tables: z
      .union([z.enum(['schemas', 'each', 'none']), z.array(tablePattern)])
      .default('schemas')
      .meta({
        title: 'Tables',
        description:
          '`schemas`: all tables of a schema are one entitlement, also in a warehouse of 10,000 tables. '
          + '`each`: every table is its own. Or a list: sales.*, finance.ledger.',
      }),
  })
  .prefault({})
  .meta({ title: 'What counts as an entitlement' })

export interface Address {
  url?: string | undefined
  host?: string | undefined
  port?: number | undefined
  database?: string | undefined
  user?: string | undefined
}

export const nowhere = { path: ['host'], message: 'give host, database and user, or a URL, and not both' }

export const postgresqlConfigSchema = z
  .strictObject({
    ...connectionFields,
    reader: z
      .strictObject({
        user: z.string().min(1).meta({ title: 'Sign in as' }),
        password: z
          .string()
          .min(1)
          .meta({ title: 'Password', description: 'Reference to the stored secret.', secret: true }),
      })
      .optional()
      .meta({
        title: 'For reading',
        description: 'Another role for reads and previews. Any role can read what Usher needs.',
      }),
    entitlements,
    parallel: z
      .int()
      .min(1)
      .max(64)
      .default(8)
      .meta({ title: 'Connections', description: 'Changes carried out side by side.' }),
    pageSize: z
      .int()
      .min(1)
      .max(10_000)
      .default(1000)
      .meta({ title: 'Page size', description: 'Records read at a time.' }),
    timeoutSeconds: z
      .int()
      .min(1)
      .max(600)
      .default(30)
      .meta({ title: 'Timeout', description: 'Seconds that the server may take for one answer.' }),
  })
  .refine(leadsSomewhere, nowhere)
  .refine((config) => !mixed(config.entitlements.tables), {
    path: ['entitlements', 'tables'],
    message:
      'a schema stands there as a whole (sales.*) or by its tables, not both: '
      + 'the two would take each other\'s grants away',
  })

export type PostgresqlConfig = z.infer<typeof postgresqlConfigSchema>

/** What opening a connection needs to know. */
export type ConnectionConfig = Address & Pick<PostgresqlConfig, 'password' | 'ssl' | 'parallel' | 'timeoutSeconds'> & Partial<Pick<PostgresqlConfig, 'reader'>>

/** Either a URL, or host, database and user. */
export function leadsSomewhere(config: Address): boolean {
  return config.url !== undefined
    ? [config.host, config.port, config.database, config.user].every((field) => field === undefined)
    : config.host !== undefined && config.database !== undefined && config.user !== undefined
}

function isUrl(text: string | undefined): boolean {
  if (text === undefined) return true
  const url = URL.parse(text)
  return (
    url !== null
    && /^postgres(ql)?:$/.test(url.protocol)
    && url.username !== ''
    && url.password === ''
    && url.pathname.length > 1
  )
}

function mixed(tables: string | string[]): boolean {
  const patterns = Array.isArray(tables) ? tables.map(parseTablePattern) : []
  const whole = new Set(patterns.filter((pattern) => pattern?.table === undefined).map((pattern) => pattern?.schema))
  return patterns.some((pattern) => pattern?.table !== undefined && whole.has(pattern.schema))
}
