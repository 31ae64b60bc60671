/**
 * PostgreSQL plans by what it last counted. Where thousands of rows come at once it must count again before they are asked
 * for one by one: its own vacuum would come a minute later, and until then it reads whole tables for each batch.
 */
import type { Db } from './database.ts'

/** From here on a table has grown enough to be counted again. */
export const manyRows = 1000

/** Columns that look-ups go by; counting those is a matter of milliseconds. */
const columns = {
  account: 'account (system_id, object_type, native_id, name, person_id, job_id, gone_at)',
  membership: 'membership',
  person: 'person (id, state, evaluated_at, changed_at, next_change_at, evaluated_revision)',
  plan_change: 'plan_change (plan_id, id, stage, wave, kind, system_id, job_id, person_id, state)',
  open_change: 'open_change (plan_id, system_id, wave, id, job_id, person_id, kind, entitlement_id, state)',
  reason: 'reason (person_id, kind, role_id, entitlement_id, job_id, rule_id, valid_from, valid_until)',
  desired_account: 'desired_account (person_id, job_id, system_id, wanted)',
  desired_reference: 'desired_reference',
  reserved_name: 'reserved_name (system_id, attribute, value, person_id, job_id, plan_id)',
} as const

/** Of tables that a long work fills: told of each lot of rows, it has them counted again each time that they have become a few times as many. */
export function growthOf(db: Db, tables: readonly (keyof typeof columns)[]): (rows: number) => Promise<void> {
  let [sum, next] = [0, manyRows]
  return async (rows) => {
    sum += rows
    if (sum < next) return
    next = sum * 5
    await countAgain(db, tables)
  }
}

export async function countAgain(db: Db, tables: readonly (keyof typeof columns)[]): Promise<void> {
  await analyze(db, tables.map((table) => columns[table]))
}

/** Tables with the columns to look at. A third of the usual sample tells enough of look-ups by key, and takes a third of the time. */
export async function analyze(db: Db, targets: string[]): Promise<void> {
  await db.query(`set local default_statistics_target = 30; analyze ${targets.join(', ')}`)
}
