/** Privileges as text: `table:sales.orders:SELECT` is an id, `SELECT on sales.orders` is what people read. */

export const privilegesOf = {
  database: ['CONNECT', 'CREATE', 'TEMPORARY'],
  schema: ['USAGE', 'CREATE'],
  table: ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES'],
} as const

export type PrivilegeKind = keyof typeof privilegesOf
export const privilegeKinds = ['database', 'schema', 'table'] as const

/** One privilege on one thing. A table without `object` means all tables of the schema. */
export interface Privilege {
  kind: PrivilegeKind
  schema?: string
  object?: string
  privilege: string
}

/** The stable id. It changes only when the database, schema or table itself is renamed. */
export function privilegeId(privilege: Privilege): string {
  return `${privilege.kind}:${objectText(privilege)}:${privilege.privilege}`
}

/** The name for people. */
export function privilegeName(privilege: Privilege): string {
  const what = privilege.kind === 'table' ? '' : `${privilege.kind} `
  return `${privilege.privilege} on ${what}${objectText(privilege)}`
}

/** What the privilege is on: `warehouse`, `sales`, `sales.orders`, `sales.*`. */
export function objectText({ kind, schema, object }: Privilege): string {
  if (kind !== 'table') return identifier(object ?? '')
  return `${identifier(schema ?? '')}.${object === undefined ? '*' : identifier(object)}`
}

const word = '(?:[a-z_][a-z0-9_$]*|"(?:[^"]|"")+")'
const idPattern = new RegExp(`^(?:(database|schema):(${word})|(table):(${word})\\.(\\*|${word})):([A-Z]+)$`)
const namePattern = new RegExp(`^([A-Z]+) on (?:(database|schema) (${word})|(${word})\\.(\\*|${word}))$`)

/** The privilege that an id stands for; undefined if none can. */
export function parseId(id: string): Privilege | undefined {
  const [, kind, object, , schema, table, privilege] = idPattern.exec(id) ?? []
  return known(kind, object, schema, table, privilege)
}

/** The privilege that a name stands for; undefined if none can. */
export function parseName(name: string): Privilege | undefined {
  const [, privilege, kind, object, schema, table] = namePattern.exec(name) ?? []
  return known(kind, object, schema, table, privilege)
}

/** `sales.orders` or `sales.*` as configurations write it. */
export function parseTablePattern(text: string): { schema: string; table?: string } | undefined {
  const [, schema, table] = new RegExp(`^(${word})\\.(\\*|${word})$`).exec(text) ?? []
  if (schema === undefined || table === undefined) return undefined
  return { schema: plain(schema), ...table !== '*' && { table: plain(table) } }
}

function known(
  kind: string | undefined,
  object: string | undefined,
  schema: string | undefined,
  table: string | undefined,
  privilege: string | undefined,
): Privilege | undefined {
  if (privilege === undefined) return undefined
  const found: Privilege = kind === 'database' || kind === 'schema'
    ? { kind, object: plain(object ?? ''), privilege }
    : { kind: 'table', schema: plain(schema ?? ''), ...table !== '*' && { object: plain(table ?? '') }, privilege }
  const all: readonly string[] = privilegesOf[found.kind]
  return all.includes(privilege) ? found : undefined
}

function identifier(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`
}

function plain(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text
}
