/** Decisions taken through the API, for the audit log. No personal values: those are the engine's to commit to. */
import type { Door } from './door.ts'

export async function note(door: Door, actor: string, action: string, subject: string, detail: Record<string, unknown>): Promise<void> {
  const { pool, now } = door.context
  await pool.query('insert into audit (at, actor, action, subject, detail) values ($1, $2, $3, $4, $5)', [now(), actor, action, subject, detail])
}
