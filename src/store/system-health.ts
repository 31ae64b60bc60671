/** How systems fare while they are written to. */
import type { Client, Db } from './database.ts'

export interface SystemHealth {
  systemId: string
  recent: string
  pausedAt: string | null
  pausedPlan: string | null
  pausedBecause: PauseReason | null
  liftedPlan: string | null
  awaySince: string | null
  awayWords: string | null
}

export interface PauseReason {
  failed: number
  of: number
  /** The most frequent words of the system, names left out, with how often it said them. */
  words: { code: string; words: string; count: number }[]
}

const columns = `system_id as "systemId", recent, paused_at as "pausedAt", paused_plan as "pausedPlan", paused_because as "pausedBecause",
  lifted_plan as "liftedPlan", away_since as "awaySince", away_words as "awayWords"`

export async function healthOf(db: Db, systems: string[]): Promise<Map<string, SystemHealth>> {
  const { rows } = await db.query<SystemHealth>(`select ${columns} from system_health where system_id = any ($1)`, [systems])
  const known = new Map(rows.map((row) => [row.systemId, row]))
  return new Map(systems.map((systemId) => [systemId, known.get(systemId)
    ?? { systemId, recent: '', pausedAt: null, pausedPlan: null, pausedBecause: null, liftedPlan: null, awaySince: null, awayWords: null }]))
}

export async function ailingSystems(db: Db): Promise<SystemHealth[]> {
  const { rows } = await db.query<SystemHealth>(`select ${columns} from system_health where paused_at is not null or away_since is not null order by system_id`)
  return rows
}

/** Adds what became of some changes; `keep` is how many of the last ones are remembered. */
export async function noteOutcomes(db: Db, systemId: string, outcomes: string, keep: number): Promise<SystemHealth> {
  const { rows } = await db.query<SystemHealth>(
    `insert into system_health as h (system_id, recent) values ($1, right($2, $3))
     on conflict (system_id) do update set recent = right(h.recent || $2, $3) returning ${columns}`, [systemId, outcomes, keep])
  return rows[0]!
}

/** Returns whether this was the one to pause it. */
export async function pauseSystem(db: Db, systemId: string, planId: string, because: PauseReason, now: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into system_health as h (system_id, paused_at, paused_plan, paused_because) values ($1, $2, $3, $4)
     on conflict (system_id) do update set paused_at = excluded.paused_at, paused_plan = excluded.paused_plan, paused_because = excluded.paused_because
      where h.paused_at is null`, [systemId, now, planId, JSON.stringify(because)])
  return rowCount === 1
}

/** The plan that met the brake goes on to its end. Returns the plans that waited; null where the system was not paused. */
export async function liftPause(client: Client, systemId: string): Promise<string[] | null> {
  const { rowCount } = await client.query(
    `update system_health set paused_at = null, paused_because = null, lifted_plan = paused_plan, paused_plan = null, recent = ''
      where system_id = $1 and paused_at is not null`, [systemId])
  if (rowCount === 0) return null
  const { rows } = await client.query<{ id: string }>(
    `update plan p set wait_until = null where state = 'applying'
        and exists (select from open_change c where c.plan_id = p.id and c.system_id = $1 and c.state <> 'stuck') returning id`, [systemId])
  return rows.map((row) => row.id)
}

/** Since when it has not answered: now, or longer. */
export async function noteAway(db: Db, systemId: string, words: string, now: string): Promise<string> {
  const { rows } = await db.query<{ since: string }>(
    `insert into system_health as h (system_id, away_since, away_words) values ($1, $2, $3)
     on conflict (system_id) do update set away_since = coalesce(h.away_since, excluded.away_since), away_words = excluded.away_words
     returning away_since as since`, [systemId, now, words])
  return rows[0]!.since
}

export async function noteBack(db: Db, systemId: string): Promise<void> {
  await db.query('update system_health set away_since = null, away_words = null where system_id = $1 and away_since is not null', [systemId])
}

/** Nothing waits for it any more, so nobody would notice that it is back. */
export async function forgetAway(db: Db): Promise<void> {
  await db.query(
    `update system_health h set away_since = null, away_words = null
      where away_since is not null and not exists (
        select from open_change c where c.system_id = h.system_id and c.state <> 'stuck')`)
}

export async function countWaitingFor(db: Db, systemIds: string[]): Promise<Map<string, number>> {
  const { rows } = await db.query<{ id: string; n: number }>(
    `select s.id, (select count(*)::int from open_change c where c.system_id = s.id and c.state <> 'stuck') as n
       from unnest($1::text[]) as s (id)`, [systemIds])
  return new Map(rows.map((row) => [row.id, row.n]))
}

/** What a system said most often about the changes of a plan that failed; who they were about is left out. */
export async function frequentWords(db: Db, planId: string, systemId: string, limit: number): Promise<PauseReason['words']> {
  const { rows } = await db.query<PauseReason['words'][number]>(
    `select code, said as words, count(*)::int as count
       from (select code, case when subject = '' then words else replace(words, subject, '…') end as said
               from open_change o join plan_change c using (plan_id, id)
              where plan_id = $1 and o.system_id = $2 and o.state in ('stuck', 'again') and code is not null
                and code not in ('SYSTEM_UNREACHABLE', 'SYSTEM_BUSY', 'TARGET_GONE') and words is not null) c
      group by 1, 2 order by 3 desc, 2 limit $3`, [planId, systemId, limit])
  return rows
}
