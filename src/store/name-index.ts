/**
 * Whether a record has a name already is asked by attribute, and which attributes hold unique names is up to the policy. Where
 * there are many records, each of those attributes gets an index of its own: without it a single new person has all records looked through.
 */
import { escapeIdentifier, escapeLiteral } from 'pg'
import type { Pool } from './database.ts'

/** Up to so many records are looked through as quickly. */
const recordsMin = 20_000

/** Makes the indexes that are missing, while others read and write. One process at a time does this. */
export async function indexNames(pool: Pool, attributes: string[]): Promise<void> {
  const { rows: [table] } = await pool.query<{ records: number }>(`select reltuples as records from pg_class where oid = 'account'::regclass`)
  if (attributes.length === 0 || table!.records < recordsMin) return
  const client = await pool.connect()
  try {
    const { rows: [lock] } = await client.query<{ mine: boolean }>(`select pg_try_advisory_lock(hashtext('usher name indexes')) as mine`)
    if (!lock!.mine) return
    try {
      for (const attribute of attributes) await indexName(client, attribute)
    } finally {
      await client.query(`select pg_advisory_unlock(hashtext('usher name indexes'))`)
    }
  } finally {
    client.release()
  }
}

async function indexName(client: Pick<Pool, 'query'>, attribute: string): Promise<void> {
  const name = `account_by_${attribute}`
  const { rows: [found] } = await client.query<{ valid: boolean }>(
    `select indisvalid as valid from pg_index where indrelid = 'account'::regclass and indexrelid = to_regclass($1)`, [escapeIdentifier(name)])
  if (found?.valid) return
  // Left by somebody who was killed while making it.
  if (found !== undefined) await client.query(`drop index concurrently ${escapeIdentifier(name)}`)
  await client.query(`create index concurrently ${escapeIdentifier(name)} on account (system_id, ${nameOf(attribute)}) where gone_at is null`)
}

/** No name is longer; what some record has in its place may be, and would not fit into an index. */
const charactersMax = 500

/** SQL: the name that a record of `account` has in an attribute, as names are compared. Spelled out, so that the index is found. */
export const nameOf = (attribute: string): string => `lower(left(attributes ->> ${escapeLiteral(attribute)}, ${charactersMax}))`
