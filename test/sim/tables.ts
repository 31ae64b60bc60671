/** What no constraint of the database holds: tables that triggers keep say what the others say, and nothing points to what is not there. */
import { violate, type World } from './world.ts'

const openAsPlanned = `select plan_id, system_id, wave, id, job_id, person_id, kind, entitlement_id, case state when 'waiting' then 'to-do' else state end, next_attempt_at
  from plan_change where stage = 2 and state in ('waiting', 'again', 'stuck')`
const brakedAsPlanned = `select plan_id, id, system_id, kind, braked = 'privileged', coalesce(done_at, 'infinity')
  from plan_change where braked is not null and state in ('waiting', 'again', 'done')`
const open = 'select plan_id, system_id, wave, id, job_id, person_id, kind, entitlement_id, state, next_attempt_at from open_change'
const braked = 'select plan_id, id, system_id, kind, privileged, done_at from braked_change'

/** Columns that point to a table without a foreign key; of some tables, only some rows do. */
const pointers: [string, string, string, string?][] = [
  ['account', 'person_id', 'person'], ['membership', 'account_id', 'account'], ['membership', 'entitlement_id', 'entitlement'], ['reason', 'person_id', 'person'],
  ['reason', 'entitlement_id', 'entitlement'], ['desired_account', 'person_id', 'person'], ['desired_reference', 'person_id', 'person'],
  // A plan draws both for people who come with it, and they may never come: the name is given back, the key is what audit lines about them were committed with.
  ['reserved_name', 'person_id', 'person', 'plan_id is null'], ['commitment_key', 'person_id', 'person', 'not exists (select from plan_change c where c.person_id = t.person_id)'],
  ['record', 'person_id', 'person'], ['plan_change', 'plan_id', 'plan'], ['plan_change', 'account_id', 'account'], ['plan_change', 'entitlement_id', 'entitlement'],
]

/** Rows that should not be there, by what is wrong where one is. */
const wrong: Record<string, string> = {
  'a change is open and not in the list of open ones': `${openAsPlanned} except ${open}`,
  'a change is in the list of open ones and not open': `${open} except ${openAsPlanned}`,
  'a change counts for a brake and is not in its list': `${brakedAsPlanned} except ${braked}`,
  'a change is in the list of a brake and does not count': `${braked} except ${brakedAsPlanned}`,
  ...Object.fromEntries(pointers.map(([table, column, to, those = 'true']) => [`${column} of ${table} points to nothing`,
    `select from ${table} t where ${column} is not null and ${those} and not exists (select from ${to} where id = t.${column})`])),
}

const wrongAtRest = { ...wrong, 'a batch is under way, and nobody is at it': 'select from batch' }

/** `isAtRest`: no plan is being carried out any more. */
export async function checkTables(world: World, isAtRest: boolean): Promise<void> {
  for (const [words, rows] of Object.entries(isAtRest ? wrongAtRest : wrong)) {
    const { rowCount } = await world.database.watch.query(`${rows} limit 1`)
    if (rowCount !== 0) violate(world, `${words}.`)
  }
}
