/** Where the time of one leaver went, from the instants that Usher keeps: milliseconds since the button was pressed. */
import type { Pool } from '../src/store/database.ts'

interface Steps { received: number; taken: number; planned: number; claimed: [number, number]; seen: [number, number]; gone: number | null }

/** In one line: when each step was reached, for systems the first and the last of them. */
export async function stepsOf(pool: Pool, personId: string, pressedAt: number): Promise<string> {
  const since = (column: string): string => `round(extract(epoch from ${column}) * 1000 - $2)::int`
  const { rows: [row] } = await pool.query<Steps>(
    `select ${since('l.received_at')} as received, ${since('p.as_of')} as taken, ${since('p.started_at')} as planned,
            (select array[${since('min(c.started_at)')}, ${since('max(c.started_at)')}] from plan_change c where c.plan_id = p.id and c.stage = 2) as claimed,
            (select array[${since('min(c.done_at)')}, ${since('max(c.done_at)')}] from plan_change c where c.plan_id = p.id and c.stage = 2) as seen,
            ${since('l.gone_at')} as gone
       from leaver l join plan p on p.id = l.plan_id where l.person_id = $1 order by l.started_at desc limit 1`, [personId, pressedAt])
  if (row === undefined) return 'no plan'
  const { received, taken, planned, claimed, seen, gone } = row
  return `received ${received} taken ${taken} planned ${planned} begun ${claimed.join('–')} seen ${seen.join('–')} clock ${gone ?? 'runs'}`
}
