/** What is shown of people. */
import type { PersonState, Position } from '../domain/person.ts'
import type { Attributes } from '../domain/value.ts'
import type { Db } from './database.ts'
import { pageOf, readCursor, words } from './paging.ts'
import type { PageOf } from './paging.ts'
import { cutsOf } from './person-end.ts'

export interface PersonListed {
  id: string
  attributes: Attributes
  positions: Position[]
  state: PersonState
  accounts: number
  sortKey: string | null
}

export interface PeopleFilter {
  state?: PersonState
  department?: string
  location?: string
  search?: string
}

/** Whether each of these is somebody's id. */
export async function areAllThere(db: Db, ids: string[]): Promise<boolean> {
  const { rows } = await db.query('select from unnest($1::uuid[]) as asked (id) where not exists (select from person p where p.id = asked.id) limit 1', [ids])
  return rows.length === 0
}

const sortColumn = { name: `lower(p.attributes ->> 'displayName')`, employeeId: `p.attributes ->> 'employeeId'` }

/** A page of people. Those without a value to sort by come last. */
export async function searchPeople(
  db: Db, filter: PeopleFilter & { sort: 'name' | 'employeeId'; after?: string; limit: number },
): Promise<PageOf<PersonListed>> {
  const key = readCursor(filter.after, 2)
  const column = sortColumn[filter.sort]
  const ask = async (from: string, params: unknown[], limit: number): Promise<PersonListed[]> => {
    const { where, values } = condition(filter, params)
    const { rows } = await db.query<PersonListed>(
      `select p.id, p.attributes, p.positions, p.state, ${column} as "sortKey",
              (select count(*)::int from account a where a.person_id = p.id and a.gone_at is null) as accounts
         from (select * from person p where ${where} and ${from} order by ${column}, p.id limit ${limit}) p
        order by ${column}, p.id`, values)
    return rows
  }
  const wanted = filter.limit + 1
  let rows: PersonListed[]
  if (key === undefined) rows = await ask('true', [], wanted)
  else if (key[0] === null) rows = await ask(`${column} is null and p.id > $1`, [key[1]], wanted)
  else {
    rows = await ask(`(${column}, p.id) > ($1, $2)`, key, wanted)
    if (rows.length < wanted) rows.push(...await ask(`${column} is null`, [], wanted - rows.length))
  }
  return pageOf(rows, filter.limit, (r) => [r.sortKey, r.id], (r) => r)
}

export async function countPeople(db: Db, filter: PeopleFilter): Promise<number> {
  const { where, values } = condition(filter, [])
  const { rows } = await db.query<{ n: number }>(`select count(*)::int as n from person p where ${where}`, values)
  return rows[0]!.n
}

function condition(filter: PeopleFilter, before: unknown[]): { where: string; values: unknown[] } {
  const values = [...before]
  const parts = ['true']
  const add = (part: (n: string) => string, value: unknown) => {
    values.push(value)
    parts.push(part(`$${values.length}`))
  }
  if (filter.state !== undefined) add((n) => `p.state = ${n}`, filter.state)
  for (const name of ['department', 'location'] as const) {
    const wanted = filter[name]
    if (wanted === undefined) continue
    add((n) => `(p.attributes ->> '${name}' = ${n} or p.positions @> jsonb_build_array(jsonb_build_object('attributes', jsonb_build_object('${name}', ${n}::text))))`, wanted)
  }
  const searched = words(filter.search)
  if (searched.length > 0) {
    add((n) => `lower(concat_ws(' ', p.attributes ->> 'displayName', p.attributes ->> 'email', p.attributes ->> 'employeeId')) like all (${n})`, searched)
  }
  return { where: parts.join(' and '), values }
}

/** Values of an attribute that people or their positions have, the most frequent first. */
export async function peopleByAttribute(db: Db, name: 'department' | 'location'): Promise<{ value: string; people: number }[]> {
  const { rows } = await db.query<{ value: string; people: number }>(
    `select value, count(*)::int as people
       from person p, lateral (
         select p.attributes ->> $1 as value
         union select e -> 'attributes' ->> $1 from jsonb_array_elements(p.positions) e) v
      where value is not null and value <> ''
      group by value order by people desc, value limit 500`, [name])
  return rows
}

export async function peopleByState(db: Db): Promise<{ state: PersonState; count: number }[]> {
  const { rows } = await db.query<{ state: PersonState; count: number }>('select state, count(*)::int as count from person group by state order by state')
  return rows
}

export interface PersonShown {
  id: string
  attributes: Attributes
  positions: Position[]
  state: PersonState
  nextChangeAt: string | null
  cuts: string[]
}

export async function findPerson(db: Db, id: string): Promise<PersonShown | undefined> {
  const { rows } = await db.query<PersonShown>(
    `select id, attributes, positions, state, next_change_at as "nextChangeAt", ${cutsOf('person.id')} from person where id = $1`, [id])
  return rows[0]
}

export interface PersonName { id: string; name: string }

/** Those whose attribute has this value: whom a reference points to. */
export async function findByAttribute(db: Db, attribute: string, value: string): Promise<PersonName[]> {
  const { rows } = await db.query<PersonName>(
    `select id, coalesce(attributes ->> 'displayName', attributes ->> 'employeeId', id::text) as name
       from person where attributes ->> $1 = $2 order by name limit 5`, [attribute, value])
  return rows
}

/** Those whose manager attribute names this person. */
export async function listReports(db: Db, key: string): Promise<PersonName[]> {
  const { rows } = await db.query<PersonName>(
    `select id, coalesce(attributes ->> 'displayName', attributes ->> 'employeeId', id::text) as name
       from person where attributes ->> 'manager' = $1 and state <> 'ended' order by lower(attributes ->> 'displayName'), id limit 200`, [key])
  return rows
}

export async function listPasswords(db: Db, personId: string): Promise<{ job: string; system: string; madeAt: string }[]> {
  const { rows } = await db.query<{ job: string; system: string; madeAt: string }>(
    `select job_id as job, account_system as system, made_at as "madeAt" from handover
      where person_id = $1 and envelope is not null order by made_at, job_id`, [personId])
  return rows
}

export async function countOpenChanges(db: Db, personId: string): Promise<number> {
  const { rows } = await db.query<{ n: number }>(
    `select count(*)::int as n from planned_change where person_id = $1 and state in ('waiting', 'again')`, [personId])
  return rows[0]!.n
}

/** Names of people by id, as they are or, in a plan, will be. */
export async function personNames(db: Db, ids: string[]): Promise<Map<string, string>> {
  const { rows } = await db.query<PersonName>(
    `select id, coalesce(attributes ->> 'displayName', attributes ->> 'employeeId', id::text) as name from person where id = any ($1::uuid[])`, [[...new Set(ids)]])
  return new Map(rows.map((r) => [r.id, r.name]))
}


export async function peopleByIds(db: Db, ids: string[]): Promise<Map<string, PersonListed>> {
  const { rows } = await db.query<PersonListed>(
    `select p.id, p.attributes, p.positions, p.state, null as "sortKey",
            (select count(*)::int from account a where a.person_id = p.id and a.gone_at is null) as accounts
       from person p where p.id = any ($1::uuid[])`, [[...new Set(ids)]])
  return new Map(rows.map((r) => [r.id, r]))
}
