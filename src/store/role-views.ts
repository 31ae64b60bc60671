/** How many people have what, by reasons that live now. */
import type { Db } from './database.ts'

export async function peopleByRole(db: Db, now: string): Promise<{ id: string; people: number }[]> {
  const { rows } = await db.query<{ id: string; people: number }>(
    `select role_id as id, count(distinct person_id)::int as people from reason
      where role_id is not null and valid_from <= $1 and (valid_until is null or valid_until > $1) group by 1 order by 1`, [now])
  return rows
}

export async function peopleByRule(db: Db, now: string): Promise<{ id: string; people: number }[]> {
  const { rows } = await db.query<{ id: string; people: number }>(
    `select rule_id as id, count(distinct person_id)::int as people from reason
      where rule_id is not null and valid_from <= $1 and (valid_until is null or valid_until > $1) group by 1 order by 1`, [now])
  return rows
}
