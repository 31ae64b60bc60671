/** Decisions taken through the API, for the audit log. No personal values: those are the engine's to commit to. */
import { appendAudit } from '../store/audit.ts'
import type { Door } from './door.ts'

export async function note(door: Door, actor: string, action: string, subject: string, detail: Record<string, unknown>): Promise<void> {
  await appendAudit(door.context.pool, [{ at: door.context.now(), actor, action, subject, detail }])
}
