/** Rows of the audit log: appended by whoever decides or changes something, chained later by the sealer. */
import { createHmac } from 'node:crypto'
import type { AuditRow, Head } from '../domain/audit-chain.ts'
import { canonical } from '../domain/value.ts'
import { BinaryRows, pourMin, pourRows } from './copy.ts'
import type { Client, Db } from './database.ts'

export interface AuditEntry {
  at: string
  /** A user's id, `token:<id>`, or `usher`. */
  actor: string
  /** `plan.approved`, `change.create.done` … */
  action: string
  /** `person:<id>`, `plan:<id>` … */
  subject: string
  /** No personal values: those only as `commitment`. */
  detail: Record<string, unknown>
}

const rowsPerInsert = 10_000

/** Appends rows in order. Locks nothing that others wait for. */
export async function appendAudit(db: Db, entries: AuditEntry[]): Promise<void> {
  for (let from = 0; from < entries.length; from += rowsPerInsert) {
    const part = entries.slice(from, from + rowsPerInsert)
    await db.query(
      `insert into audit (at, actor, action, subject, detail)
       select at, actor, action, subject, detail::jsonb
         from unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[]) with ordinality
              as entry (at, actor, action, subject, detail, place)
        order by place`,
      [part.map((e) => e.at), part.map((e) => e.actor), part.map((e) => e.action), part.map((e) => e.subject), part.map((e) => JSON.stringify(e.detail))],
    )
  }
}

/** The same, quicker where there are many; within a transaction. */
export async function pourAudit(client: Client, entries: AuditEntry[]): Promise<void> {
  if (entries.length < pourMin) return await appendAudit(client, entries)
  const rows = new BinaryRows()
  for (const { at, actor, action, subject, detail } of entries) {
    rows.row(5)
    rows.instant(at)
    for (const text of [actor, action, subject]) rows.text(text)
    rows.jsonb(JSON.stringify(detail))
  }
  await pourRows(client, 'audit (at, actor, action, subject, detail)', rows)
}

/** A personal value as the audit log may hold it: who has the person's key can confirm the value, nobody can read it. */
export function commitment(personKey: Uint8Array, value: unknown): string {
  return createHmac('sha256', personKey).update(canonical(value)).digest('hex')
}

/** The keys of these people's commitments, by person; drawn for whoever has none yet. */
export async function commitmentKeys(client: Client, people: string[]): Promise<Map<string, Buffer>> {
  const known = await client.query<{ id: string; key: Buffer }>('select person_id as id, key from commitment_key where person_id = any ($1::uuid[])', [people])
  const keys = new Map(known.rows.map((row) => [row.id, row.key]))
  const missing = people.filter((id) => !keys.has(id))
  if (missing.length === 0) return keys
  const drawn = await client.query<{ id: string; key: Buffer }>(
    // In one order, as another transaction may draw for the same people; what it drew holds.
    `insert into commitment_key (person_id, key) select id, uuid_send(gen_random_uuid()) from unnest($1::uuid[]) id order by id
     on conflict (person_id) do update set key = commitment_key.key returning person_id as id, key`, [missing])
  for (const { id, key } of drawn.rows) keys.set(id, key)
  return keys
}

/** Waits until this transaction may seal: there is one sealer at a time. */
export async function lockSealer(client: Client): Promise<void> {
  await client.query(`select pg_advisory_xact_lock(hashtext('usher audit sealer'))`)
}

/** Whether this transaction may seal now. */
export async function tryLockSealer(client: Client): Promise<boolean> {
  const { rows: [row] } = await client.query<{ locked: boolean }>(`select pg_try_advisory_xact_lock(hashtext('usher audit sealer')) as locked`)
  return row!.locked
}

/** Committed rows that are not in the chain yet, oldest id first. */
export async function unsealedRows(db: Db, limit: number): Promise<AuditRow[]> {
  const { rows } = await db.query<AuditRow>(
    'select id, position, at, actor, action, subject, detail, null as hash from audit where position is null order by id limit $1', [limit])
  return rows
}

export async function countUnsealed(db: Db): Promise<number> {
  const { rows: [row] } = await db.query<{ count: number }>('select count(*)::int as count from audit where position is null')
  return row!.count
}

/** Enters rows into the chain under a signed head. */
export async function seal(client: Client, rows: { id: string; position: number; hash: string }[], head: Head): Promise<void> {
  await client.query(
    `update audit set position = sealed.position, hash = decode(sealed.hash, 'hex')
       from unnest($1::bigint[], $2::bigint[], $3::text[]) as sealed (id, position, hash) where audit.id = sealed.id`,
    [rows.map((r) => r.id), rows.map((r) => r.position), rows.map((r) => r.hash)],
  )
  await client.query(`insert into audit_head (position, hash, sealed_at, signature) values ($1, decode($2, 'hex'), $3, decode($4, 'base64'))`,
    [head.position, head.hash, head.sealedAt, head.signature])
}

/** Heads after a position, oldest first. */
export async function headsAfter(db: Db, position: number): Promise<Head[]> {
  const { rows } = await db.query<Omit<Head, 'position'> & { position: string }>(
    `select position, encode(hash, 'hex') as hash, sealed_at as "sealedAt", translate(encode(signature, 'base64'), E'\\n', '') as signature
       from audit_head where position > $1 order by position`, [position])
  return rows.map((row) => ({ ...row, position: Number(row.position) }))
}

export async function lastHead(db: Db): Promise<Head | null> {
  const { rows: [row] } = await db.query<{ position: string }>('select max(position) as position from audit_head')
  if (row?.position == null) return null
  return (await headsAfter(db, Number(row.position) - 1))[0] ?? null
}

/** The rows of the chain in its order, in pages; those after a position. */
export async function* sealedRows(db: Db, pageSize = 5000, first = Number.MIN_SAFE_INTEGER): AsyncGenerator<AuditRow> {
  for (let after = first; ;) {
    const { rows } = await db.query<Omit<AuditRow, 'position'> & { position: string }>(
      `select id, position, at, actor, action, subject, detail, encode(hash, 'hex') as hash
         from audit where position > $1 order by position limit $2`, [after, pageSize])
    for (const row of rows) yield { ...row, position: Number(row.position) }
    if (rows.length < pageSize) return
    after = Number(rows.at(-1)!.position)
  }
}
