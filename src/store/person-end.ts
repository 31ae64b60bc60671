/** Ends that an authorised human set: they cut the positions that live then, until they are lifted. */
import type { Client, Db } from './database.ts'

/**
 * The instants that cut a person's positions, as a column `cuts`: those that stand now, or stood at `$asOf` where that is
 * not null.
 */
export function cutsOf(person: string, asOf?: string): string {
  const stands = asOf === undefined ? 'e.lifted_at is null'
    : `case when ${asOf}::timestamptz is null then e.lifted_at is null else e.made_at <= ${asOf} and (e.lifted_at is null or e.lifted_at > ${asOf}) end`
  return `coalesce((select jsonb_agg(e.effective_at order by e.effective_at) from person_end e where e.person_id = ${person} and ${stands}), '[]') as cuts`
}

/** SQL: an end of the person has come, and the lane for leavers has not taken them out yet, for this end or another one. */
export function endWaits(person: string, asOf: string): string {
  return `exists (select from person_end e where e.person_id = ${person} and e.lifted_at is null and e.effective_at <= ${asOf} and e.effective_at > ${asOf}::timestamptz - interval '30 days'
    and not exists (select from leaver l where l.person_id = e.person_id and coalesce(l.returned_at, 'infinity') >= e.effective_at
                      and (l.plan_id is not null or l.returned_at is not null)))`
}

export interface PersonEnd {
  id: string
  effectiveAt: string
  note: string | null
  madeBy: string
  madeAt: string
}

/** The end of a person that stands and is the last to come. */
export async function standingEnd(db: Db, personId: string): Promise<PersonEnd | null> {
  const { rows } = await db.query<PersonEnd>(
    `select id, effective_at as "effectiveAt", note, made_by as "madeBy", made_at as "madeAt"
       from person_end where person_id = $1 and lifted_at is null order by effective_at desc limit 1`, [personId])
  return rows[0] ?? null
}

export async function insertEnd(client: Client, end: { personId: string; effectiveAt: string; note: string | null; by: string; at: string }): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    `insert into person_end (person_id, effective_at, note, made_by, made_at) values ($1, $2, $3, $4, $5) returning id`,
    [end.personId, end.effectiveAt, end.note, end.by, end.at])
  return rows[0]!.id
}

export async function liftEnd(client: Client, id: string, by: string, at: string): Promise<void> {
  await client.query('update person_end set lifted_at = $2, lifted_by = $3 where id = $1', [id, at, by])
}

/** Lifts an end that is still to come, as another one takes its place. */
export async function liftPendingEnds(client: Client, personId: string, by: string, at: string): Promise<void> {
  await client.query('update person_end set lifted_at = $2, lifted_by = $3 where person_id = $1 and lifted_at is null and effective_at > $2', [personId, at, by])
}
