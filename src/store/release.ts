/** Releases: the word of one or two users that an exact set may pass. */
import type { Db } from './database.ts'

export interface Release {
  id: string
  by: string
  /** The user behind `by`. */
  user: string
  at: string
  /** Another user must confirm it before it counts. */
  secondNeeded: boolean
  second: string | null
}

/** A release is for now: the same set a season later is looked at again. */
export const releaseDays = 7

/** The latest word on a set that has not lapsed, confirmed or not. */
export async function latestRelease(db: Db, setHash: string, asOf: string): Promise<Release | null> {
  const { rows } = await db.query<Release>(
    `select id, released_by as by, coalesce(released_user, released_by) as "user", released_at as at, second_needed as "secondNeeded", second_by as second
       from release where set_hash = $1 and released_at > $2::timestamptz - make_interval(days => $3) order by released_at desc limit 1`, [setHash, asOf, releaseDays])
  return rows[0] ?? null
}

/** Whether it needs nobody else's word. */
export const countsAlready = (release: Release): boolean => !release.secondNeeded || release.second !== null

export const releasedBy = ({ by, at, second }: Release): { by: string; at: string; second?: string } => ({ by, at, ...(second === null ? {} : { second }) })

/** Who released a set, if that counts. */
export async function isReleased(db: Db, setHash: string, asOf: string): Promise<{ by: string; at: string; second?: string } | null> {
  const latest = await latestRelease(db, setHash, asOf)
  return latest === null || !countsAlready(latest) ? null : releasedBy(latest)
}

export async function insertRelease(db: Db, release: { id: string; planId: string; kind: string; subject: string; setHash: string; by: string; user: string; at: string; secondNeeded: boolean }): Promise<void> {
  await db.query(
    `insert into release (id, plan_id, kind, subject, set_hash, released_at, released_by, released_user, second_needed) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [release.id, release.planId, release.kind, release.subject, release.setHash, release.at, release.by, release.user, release.secondNeeded])
}

export async function confirmRelease(db: Db, id: string, by: string, at: string): Promise<void> {
  await db.query('update release set second_by = $2, second_at = $3 where id = $1', [id, by, at])
}

/** The user behind an actor: a token stands for who made it. */
export async function userOfActor(db: Db, actor: string): Promise<string> {
  if (!actor.startsWith('token:')) return actor
  const { rows } = await db.query<{ user: string }>(`select "referenceId" as user from auth."apikey" where "id" = $1`, [actor.slice('token:'.length)])
  return rows[0]?.user ?? actor
}
