/** Creations of accounts that were begun and whose accounts are nobody's yet. */
import type { Attributes } from '../domain/value.ts'
import { isUnderWay, type ChangeRow } from './batch.ts'
import type { Db } from './database.ts'
import type { Place } from './leaver-clock.ts'

/** What is known of an account whose creation was tried and that was not seen. */
export interface Tried {
  /** Native ids that the system answered with. */
  answered: string[]
  /** When the last of them was given, or was to be looked for; null: there is none. */
  answeredAt: string | null
}

/** Creations for these people that were tried before, by whatever plan, and not seen: by `person job`. */
export async function triedCreations(db: Db, changes: Pick<ChangeRow, 'kind' | 'personId' | 'jobId'>[]): Promise<Map<string, Tried>> {
  const creations = changes.filter((c) => c.kind === 'create')
  if (creations.length === 0) return new Map()
  const { rows } = await db.query<Tried & { key: string }>(
    `select u.person_id || ' ' || u.job_id as key, array_remove(array_agg(c.answered_id), null) as answered,
            max(greatest(c.started_at, c.next_attempt_at, c.done_at)) filter (where c.answered_id is not null) as "answeredAt"
       from unnest($1::uuid[], $2::text[]) as u (person_id, job_id)
      cross join lateral (select * from plan_change c where c.person_id = u.person_id and c.job_id = u.job_id offset 0) c
      where c.stage = 2 and c.kind = 'create' and c.state <> 'done' and (c.attempts > 0 or c.answered_id is not null) group by 1`,
    [creations.map((c) => c.personId), creations.map((c) => c.jobId)])
  return new Map(rows.map(({ key, ...tried }) => [key, tried]))
}

/** An account for somebody who left meanwhile. */
export interface LateCreation extends Place {
  personId: string
  jobId: string
  objectType: string
  after: Attributes
  /** Native ids that the system answered with. */
  answered: string[]
  /** A worker is at it at this moment. */
  underWay: boolean
  /** It is tried again by itself. */
  again: boolean
}

/** What workers are making for these leavers, or tried to make and did not see. */
export async function lateCreations(db: Db, leavers: string[]): Promise<LateCreation[]> {
  const { rows } = await db.query<LateCreation>(
    `select l.id as "leaverId", c.person_id as "personId", c.system_id as "systemId", c.job_id as "jobId", c.object_type as "objectType", coalesce(c.after, '{}') as after,
            array_remove(array[c.answered_id], null) as answered, ${isUnderWay('c')} as "underWay", c.state = 'again' as again
       from leaver l
      cross join lateral (select * from plan_change c where c.person_id = l.person_id offset 0) c
      where l.id = any ($1) and l.returned_at is null and c.stage = 2 and c.kind = 'create' and c.state in ('waiting', 'again', 'stuck') and (c.attempts > 0 or ${isUnderWay('c')})
        and not exists (select from account a where a.person_id = c.person_id and a.job_id = c.job_id and a.gone_at is null)`, [leavers])
  return rows
}
