/** Figures for the metrics page, from the tables themselves, so that every process tells the same. */
import type { Db } from './database.ts'

export interface Figure { labels: Record<string, string>; value: number }

export async function planFigures(db: Db): Promise<Figure[]> {
  const { rows } = await db.query<{ state: string; n: number }>('select state, count(*)::int as n from plan group by 1')
  return rows.map((r) => ({ labels: { state: r.state }, value: r.n }))
}

/** Changes that are under way or need somebody; those that are over only add up, and are not counted again at each look. */
export async function changeFigures(db: Db): Promise<Figure[]> {
  const { rows } = await db.query<{ system: string; state: string; n: number }>(
    `select c.system_id as system, c.state, sum(c.n)::int as n
       from plan p join planned_count c on c.plan_id = p.id
      where p.state in ('open', 'held', 'approved', 'applying', 'stopped') and c.state in ('planned', 'held', 'waiting', 'again', 'stuck')
      group by 1, 2`)
  return rows.map((r) => ({ labels: { system: r.system, state: r.state }, value: r.n }))
}

export async function peopleFigures(db: Db): Promise<Figure[]> {
  const { rows } = await db.query<{ state: string; n: number }>('select state, count(*)::int as n from person group by 1')
  return rows.map((r) => ({ labels: { state: r.state }, value: r.n }))
}

export async function findingFigures(db: Db): Promise<Figure[]> {
  const { rows } = await db.query<{ code: string; severity: string; n: number }>(
    'select code, severity, count(*)::int as n from finding where resolved_at is null group by 1, 2')
  return rows.map((r) => ({ labels: { code: r.code, severity: r.severity }, value: r.n }))
}

/** When each system was last read to the end, in seconds since 1970. */
export async function readFigures(db: Db): Promise<Figure[]> {
  const { rows } = await db.query<{ system: string; at: number }>(
    `select system_id as system, extract(epoch from max(read_at))::float8 as at from (
       select system_id, read_at from observation where state = 'complete' union all select system_id, read_at from snapshot where state = 'complete') x
      group by 1`)
  return rows.map((r) => ({ labels: { system: r.system }, value: r.at }))
}

export async function unsealedFigure(db: Db): Promise<Figure[]> {
  const { rows } = await db.query<{ n: number }>('select count(*)::int as n from audit where position is null')
  return rows.map((r) => ({ labels: {}, value: r.n }))
}
