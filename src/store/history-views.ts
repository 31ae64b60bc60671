/** What happened to a person, from everything that remembers it. */
import type { Because, ChangeKind, ChangeState } from '../domain/plan.ts'
import type { Attributes } from '../domain/value.ts'
import type { Db } from './database.ts'
import { pageOf, readCursor } from './paging.ts'
import type { PageOf } from './paging.ts'

export interface HistoryRow {
  at: string
  /** Tells rows of one instant apart. */
  key: string
  kind: 'version' | 'change' | 'reason-from' | 'reason-until' | 'audit'
  row: {
    kind?: ChangeKind | string
    stage?: number
    systemId?: string
    subject?: string
    before?: Attributes | null
    after?: Attributes | null
    reasons?: Because[]
    state?: ChangeState | string
    words?: string | null
    entitlement?: string | null
    system?: string | null
    role?: string | null
    job?: string | null
    rule?: string | null
    note?: string | null
    until?: string | null
    action?: string
    detail?: Record<string, unknown>
  }
  by: string | null
  planId: string | null
}

/** Newest first. */
export async function personHistory(db: Db, personId: string, paging: { limit: number; after?: string }): Promise<PageOf<HistoryRow>> {
  const key = readCursor(paging.after, 2)
  const { rows } = await db.query<HistoryRow>(
    `with h as (
       select c.done_at as at, 'c' || c.plan_id || '/' || c.id as key, 'change' as kind, p.approved_by as by, c.plan_id as "planId",
              jsonb_build_object('kind', c.kind, 'stage', c.stage, 'systemId', c.system_id, 'subject', c.subject, 'before', c.before, 'after', c.after,
                'reasons', c.reasons, 'state', c.state, 'words', c.words, 'entitlement', e.name) as row
         from planned_change c join plan p on p.id = c.plan_id left join entitlement e on e.id = c.entitlement_id
        where c.person_id = $1 and c.state in ('done', 'stuck', 'refused') and c.done_at is not null
       union all
       select r.valid_from, 'f' || r.id, 'reason-from', r.made_by, r.plan_id,
              jsonb_build_object('kind', r.kind, 'role', r.role_id, 'job', r.job_id, 'rule', r.rule_id, 'note', r.note, 'until', r.valid_until,
                'entitlement', e.name, 'system', coalesce(r.system_id, e.system_id))
         from reason r left join entitlement e on e.id = r.entitlement_id where r.person_id = $1
       union all
       select r.valid_until, 'u' || r.id, 'reason-until', null, null,
              jsonb_build_object('kind', r.kind, 'role', r.role_id, 'job', r.job_id, 'rule', r.rule_id,
                'entitlement', e.name, 'system', coalesce(r.system_id, e.system_id))
         from reason r left join entitlement e on e.id = r.entitlement_id where r.person_id = $1 and r.valid_until <= now()
       union all
       select a.at, 'a' || a.id, 'audit', a.actor, null, jsonb_build_object('action', a.action, 'detail', a.detail)
         from audit a
        where a.subject = 'person:' || $1 and a.action not like 'change.%' and a.action not like 'reason.%'
     )
     select * from h
      where $2::timestamptz is null or (date_trunc('milliseconds', at), key) < ($2, $3)
      order by date_trunc('milliseconds', at) desc, key desc limit $4`, [personId, key?.[0] ?? null, key?.[1] ?? null, paging.limit + 1])
  return pageOf(rows, paging.limit, (r) => [r.at, r.key], (r) => r)
}
