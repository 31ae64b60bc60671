/** After quiet, each system must be as the model says. */
import { accountOf, groupsOf, stateOf } from './model.ts'
import { systemNames, type SystemName } from './rulebook.ts'
import type { MemoryRecord } from '../../src/connectors/memory/memory-world.ts'
import { accountsIn, groupsHeld, isLeft, keptBy, standing, violate, type World } from './world.ts'

export async function compare(world: World, systems = systemNames, people = [...world.everybody.keys()]): Promise<void> {
  const { rows } = await world.database.watch.query<{ key: string }>(
    `select f.system_id || ' ' || (p.attributes ->> 'employeeId') as key from finding f join person p on p.id = f.person_id where f.code = 'NAME_TAKEN' and f.resolved_at is null`)
  const waiting = new Set(rows.map((r) => r.key))
  for (const name of systems) {
    if (world.book.systems[name].method === 'observe') continue
    for (const person of people) if (!isLeft(world, name, person)) compareOne(world, name, person, waiting.has(`${name} ${person}`))
  }
}

/** Whether a record that is not the person's has the name that they had. */
function isNameTaken(world: World, name: SystemName, person: string): boolean {
  const called = name === 'app' ? world.named.get(person) : undefined
  return accountsIn(world.systems[name]).some((r) => r.name === called && !own(world, name, person).includes(r))
}

function own(world: World, name: SystemName, person: string): MemoryRecord[] {
  return accountsIn(world.systems[name]).filter((r) => r.attributes['personId'] === person && r.protected !== true && !world.orphans.has(`${name} ${r.id}`))
}

/** `isSaid`: that the account waits for a name that somebody else has. */
function compareOne(world: World, name: SystemName, person: string, isSaid: boolean): void {
  const at = world.clock.now
  const settings = world.book.systems[name]
  const listed = world.sheet.rows.find((r) => r.id === person)
  const row = listed === undefined ? null : standing(world, person, listed)
  const wanted = accountOf(world.book, name, row, at)
  const [account, second] = own(world, name, person)
  const where = `${person} (${stateOf(row, at)}) in ${name}`
  if (second !== undefined) violate(world, `${where}: there are two accounts, ${account!.name} and ${second.name}.`)
  if (account !== undefined && settings.protected.includes(account.name)) return
  if (wanted === 'none') {
    if (account === undefined) return
    if (account.enabled) violate(world, `${where}: the account ${account.name} should not be enabled.`)
    const since = world.disabledAt.get(`${name} ${account.id}`)
    if (settings.deleteAfterDays !== null && since !== undefined && isOver(at, Math.max(since, world.endedSince.get(person) ?? at), settings.deleteAfterDays) && state(world, person, name, at)) {
      violate(world, `${where}: the account ${account.name} should be deleted by now.`)
    }
    for (const group of groupsHeld(world.systems[name], account.id)) {
      if (!world.foreign.has(`${name} ${account.id} ${group}`)) violate(world, `${where}: ${account.name} should not be in ${group} any more.`)
    }
    return
  }
  if (isNameTaken(world, name, person)) {
    if (!isSaid) violate(world, `${where}: somebody else has the name ${world.named.get(person)}, and nobody is told.`)
    if (account === undefined) return
  } else if (isSaid) violate(world, `${where}: somebody else is said to have their name, and nobody has.`)
  if (account === undefined) {
    // One that is protected is not made again.
    if (name === 'app' && settings.protected.includes(world.named.get(person) ?? '')) return
    // One that is protected is left alone, and another one may carry the name.
    if (!accountsIn(world.systems[name]).some((r) => r.attributes['personId'] === person && settings.protected.includes(r.name))) violate(world, `${where}: the account is missing.`)
    return
  }
  compareAccount(world, name, person, account, wanted, where)
}

/** The days of grace run from when Usher took the account out of use and knew that nobody needs it: it may have slept until then. */
function isOver(at: number, since: number, days: number): boolean {
  return at - since > (days + 1) * 86_400_000
}

/** Whether the account has not been wanted for as long as it has been disabled. */
function state(world: World, person: string, name: SystemName, at: number): boolean {
  const days = world.book.systems[name].deleteAfterDays ?? 0
  const last = world.everybody.get(person)!
  const row = world.sheet.rows.find((r) => r.id === person)
  return row !== undefined && last.end !== '' && Date.parse(`${last.end}T00:00:00Z`) + (days + 2) * 86_400_000 < at
}

function compareAccount(world: World, name: SystemName, person: string, account: MemoryRecord, wanted: string, where: string): void {
  const at = world.clock.now
  const row = standing(world, person, world.sheet.rows.find((r) => r.id === person)!)
  if (account.enabled !== (wanted === 'enabled')) violate(world, `${where}: ${account.name} is ${account.enabled ? 'enabled' : 'disabled'} and should be ${wanted}.`)
  const display = `${world.book.systems[name].title}${row.first} ${row.last}`
  if (account.attributes['displayName'] !== display) violate(world, `${where}: the display name is ${String(account.attributes['displayName'])} and should be ${display}.`)
  if (account.name !== account.attributes['name']) violate(world, `${where}: ${account.name} calls itself ${String(account.attributes['name'])}.`)
  const called = name === 'app' ? world.named.get(person) : `${row.last.toLowerCase()}-${person}`
  // While somebody else has their name, it stays as it was called by hand.
  if (!isNameTaken(world, name, person)) {
    if (called !== undefined && account.name !== called) violate(world, `${where}: it is called ${account.name} and should be ${called}.`)
    if (name === 'app' && !account.name.startsWith('old-') && ![...world.names.get(person)!].includes(account.name.replace(/\d+$/, ''))) violate(world, `${where}: ${account.name} is none of their names.`)
  }
  const manager = row.manager === '' ? undefined : own(world, name, row.manager)[0]?.name
  const shown = account.attributes['manager']
  if (row.manager === '' && shown !== undefined) violate(world, `${where}: ${String(shown)} is shown as the manager, and there is none.`)
  if (manager !== undefined && shown !== manager) violate(world, `${where}: ${String(shown)} is shown as the manager and should be ${manager}.`)
  const expected = groupsOf(world.book, name, row, world.given.filter((g) => g.person === person), at, keptBy(world, name, person))
  const held = new Set(groupsHeld(world.systems[name], account.id))
  for (const [group, answer] of expected) if (answer === 'yes' && !held.has(group)) violate(world, `${where}: ${account.name} should be in ${group}.`)
  for (const group of held) {
    if (!expected.has(group) && !world.foreign.has(`${name} ${account.id} ${group}`)) violate(world, `${where}: ${account.name} should not be in ${group}.`)
  }
  for (const [key, origin] of world.foreign) {
    const [system, id, group] = key.split(' ')
    if (system === name && id === account.id && origin === 'foreign' && !held.has(group!)) violate(world, `${where}: somebody put ${account.name} into ${group}, and that was taken away.`)
  }
}
