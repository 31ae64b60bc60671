/** What is shown of the audit log. */
import type { Db } from './database.ts'
import { pageOf, readCursor } from './paging.ts'
import type { PageOf } from './paging.ts'

export interface AuditShown {
  id: string
  position: string | null
  at: string
  actor: string
  action: string
  subject: string
  detail: Record<string, unknown>
  hash: string | null
}

/** Newest first. */
export async function listAudit(
  db: Db, wanted: { subject?: string; action?: string; actor?: string; after?: string; limit: number },
): Promise<PageOf<AuditShown>> {
  const key = readCursor(wanted.after, 1)
  const { rows } = await db.query<AuditShown>(
    `select id, position, at, actor, action, subject, detail, encode(hash, 'hex') as hash from audit
      where ($1::text is null or subject = $1) and ($2::text is null or action = $2 or action like $2 || '.%') and ($3::text is null or actor = $3)
        and ($4::bigint is null or id < $4)
      order by id desc limit $5`,
    [wanted.subject ?? null, wanted.action ?? null, wanted.actor ?? null, key?.[0] ?? null, wanted.limit + 1])
  return pageOf(rows, wanted.limit, (r) => [r.id], (r) => r)
}
