/** Unique names: who has which, and which are free. Names are compared in lower case. */
import pg from 'pg'
import { BinaryRows, pourMin, pourRows } from './copy.ts'
import type { Client, Db } from './database.ts'
import { nameOf } from './name-index.ts'

export interface Reservation {
  personId: string
  jobId: string
  systemId: string
  attribute: string
  value: string
}

/** Names that these people already have by reservation; `planId`: of those that are not used yet, the plan that means to. */
export async function reservationsOf(client: Client, personIds: string[]): Promise<(Reservation & { planId: string | null })[]> {
  const { rows } = await client.query<Reservation & { planId: string | null }>(
    `select person_id as "personId", job_id as "jobId", system_id as "systemId", attribute, value, plan_id as "planId" from reserved_name where person_id = any($1)`, [personIds])
  return rows
}

/** Which of these values (lower case) are reserved or used by some record of the system. */
export async function takenNames(client: Client, systemId: string, attribute: string, values: string[]): Promise<Set<string>> {
  const { rows } = await client.query<{ value: string }>(
    `select lower(value) as value from reserved_name where system_id = $1 and attribute = $2 and lower(value) = any($3)
     union
     select ${nameOf(attribute)} from account where system_id = $1 and gone_at is null and ${nameOf(attribute)} = any($3)`,
    [systemId, attribute, values])
  return new Set(rows.map((row) => row.value))
}

/** Which of these names records of the system have. */
export async function namesInUse(client: Db, systemId: string, attribute: string, values: string[]): Promise<Set<string>> {
  const { rows } = await client.query<{ value: string }>(
    `select distinct ${nameOf(attribute)} as value from account where system_id = $1 and gone_at is null and ${nameOf(attribute)} = any($2)`,
    [systemId, values.map((v) => v.toLowerCase())])
  return new Set(rows.map((row) => row.value))
}

/** Names that were only meant for these people, and cannot be theirs. */
export async function giveUpMeant(client: Client, names: Reservation[]): Promise<void> {
  if (names.length === 0) return
  await client.query(
    `delete from reserved_name r using unnest($1::uuid[], $2::text[], $3::text[]) as u (person_id, job_id, attribute)
      where r.person_id = u.person_id and r.job_id = u.job_id and r.attribute = u.attribute and r.plan_id is not null`,
    [names.map((n) => n.personId), names.map((n) => n.jobId), names.map((n) => n.attribute)])
}

/** Returns those that somebody else has by now: who gives names at the same time is not waited for. */
export async function reserve<R extends Reservation>(client: Client, reservations: R[], planId: string | null, now: string): Promise<R[]> {
  if (reservations.length === 0) return []
  if (reservations.length >= pourMin && await reserveAll(client, reservations, planId, now)) return []
  const column = (key: keyof Reservation): string[] => reservations.map((r) => r[key])
  const { rows } = await client.query<{ personId: string; jobId: string; attribute: string }>(
    `insert into reserved_name (person_id, job_id, system_id, attribute, value, plan_id, reserved_at)
     select *, $6::uuid, $7::timestamptz from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[]) on conflict do nothing
     returning person_id as "personId", job_id as "jobId", attribute`,
    [column('personId'), column('jobId'), column('systemId'), column('attribute'), column('value'), planId, now])
  if (rows.length === reservations.length) return []
  const key = (r: Pick<Reservation, 'personId' | 'jobId' | 'attribute'>): string => `${r.personId} ${r.jobId} ${r.attribute}`
  const reserved = new Set(rows.map(key))
  return reservations.filter((r) => !reserved.has(key(r)))
}

/** All of them, unless one is taken: to ask of each of many whether it is costs as much as to write it. */
async function reserveAll(client: Client, reservations: Reservation[], planId: string | null, now: string): Promise<boolean> {
  const rows = new BinaryRows()
  for (const r of reservations) {
    rows.row(7)
    rows.uuid(r.personId)
    for (const value of [r.jobId, r.systemId, r.attribute, r.value]) rows.text(value)
    rows.uuid(planId)
    rows.instant(now)
  }
  await client.query('savepoint reserving')
  try {
    await pourRows(client, 'reserved_name (person_id, job_id, system_id, attribute, value, plan_id, reserved_at)', rows)
    await client.query('release savepoint reserving')
    return true
  } catch (error) {
    const uniqueViolation = '23505'
    if (!(error instanceof pg.DatabaseError) || error.code !== uniqueViolation) throw error
    await client.query('rollback to savepoint reserving')
    return false
  }
}

/**
 * Gives back what plans reserved that are over and never used it; what somebody's account is still wanted with stays theirs,
 * unless it turned out to be taken. Names that accounts have are their people's for good. `only`: names of these people.
 */
export async function releaseUnused(client: Client, only: string[] | null): Promise<void> {
  // Hardly any: those in use are not looked at any further.
  const over = `r.plan_id is not null and p.id = r.plan_id and p.state in ('superseded', 'failed', 'applied', 'empty') and ${only === null ? '$1::uuid[] is null' : 'r.person_id = any ($1::uuid[])'}`
  await client.query(
    `update reserved_name r set plan_id = null from plan p
      where ${over} and exists (select from account a where a.person_id = r.person_id and a.job_id = r.job_id and a.gone_at is null
                                   and lower(a.attributes ->> r.attribute) = lower(r.value))`, [only])
  await client.query(
    `delete from reserved_name r using plan p
      where ${over}
        and (not exists (select from desired_account d where d.person_id = r.person_id and d.job_id = r.job_id and lower(d.attributes ->> r.attribute) = lower(r.value))
          or exists (select from plan_change c where c.person_id = r.person_id and c.job_id = r.job_id and c.stage = 2 and c.kind = 'create'
                        and c.state = 'stuck' and c.code = 'ALREADY_EXISTS' and lower(c.after ->> r.attribute) = lower(r.value)))`, [only])
}

/** The accounts were created or linked: their names are theirs for good. */
export async function keepNames(client: Db, people: { personId: string; jobId: string }[]): Promise<void> {
  await client.query(
    `update reserved_name r set plan_id = null from unnest($1::uuid[], $2::text[]) as u (person_id, job_id)
      where r.person_id = u.person_id and r.job_id = u.job_id`,
    [people.map((p) => p.personId), people.map((p) => p.jobId)])
}
