/** Stored credentials, as sealed envelopes. */
import type { Db } from './database.ts'

export interface SecretShown {
  reference: string
  changedAt: string
  changedBy: string
}

/** Names, when and by whom; never values. */
export async function listSecrets(db: Db): Promise<SecretShown[]> {
  const { rows } = await db.query<SecretShown>('select reference, changed_at as "changedAt", changed_by as "changedBy" from secret order by reference')
  return rows
}

export async function storeSecret(db: Db, secret: { reference: string; envelope: Buffer; actor: string; now: string }): Promise<void> {
  await db.query(
    `insert into secret (reference, envelope, changed_at, changed_by) values ($1, $2, $3, $4)
     on conflict (reference) do update set envelope = excluded.envelope, changed_at = excluded.changed_at, changed_by = excluded.changed_by`,
    [secret.reference, secret.envelope, secret.now, secret.actor],
  )
}

/** Whether there was one. */
export async function removeSecret(db: Db, reference: string): Promise<boolean> {
  const { rowCount } = await db.query('delete from secret where reference = $1', [reference])
  return rowCount === 1
}

export async function envelopeOf(db: Db, reference: string): Promise<Buffer | null> {
  const { rows: [row] } = await db.query<{ envelope: Buffer }>('select envelope from secret where reference = $1', [reference])
  return row?.envelope ?? null
}
