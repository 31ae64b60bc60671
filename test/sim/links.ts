/** Accounts that were there before Usher came: whose they become. */
import { addRecord } from '../../src/connectors/memory/memory-world.ts'
import { systemNames, type SystemName } from './rulebook.ts'
import { groupId, groupsHeld, orphanText, say, violate, type World } from './world.ts'

/**
 * An account that was there becomes somebody's: what it holds is a reason from then on, whoever gave it. Where a mirror that is
 * behind shows something else, either may have been seen. To be told before anything else is written to its system.
 */
export async function seeLinks(world: World): Promise<void> {
  for (const name of systemNames) {
    const system = world.systems[name]
    const waiting = [...world.orphans].filter(([key]) => key.startsWith(`${name} `)).map(([key]) => key.slice(name.length + 1))
    if (waiting.length === 0) continue
    const { rows } = await world.database.watch.query<{ nativeId: string; person: string }>(
      `select native_id as "nativeId", p.attributes ->> 'employeeId' as person from account a join person p on p.id = a.person_id where system_id = $1 and native_id = any($2)`, [name, waiting])
    for (const { nativeId, person } of rows) {
      world.orphans.delete(`${name} ${nativeId}`)
      const record = system.records.get(nativeId)
      if (record?.attributes['personId'] !== person) violate(world, `${record?.name ?? nativeId} in ${name} was linked to ${person}, whose it is not.`)
      say(world, `${record?.name ?? nativeId} in ${name} is linked to ${person}`)
      if (name === 'app' && record !== undefined) world.named.set(person, record.name)
      const [held, mirrored] = [groupsHeld(system, nativeId), groupsHeld({ ...system, ...system.before }, nativeId)]
      for (const group of new Set([...held, ...mirrored])) {
        const isSure = held.includes(group) && mirrored.includes(group)
        const key = `${name} ${nativeId} ${group}`
        world.given.push({ person, kind: 'found', system: name, group, until: null, over: isSure ? 'no' : 'maybe' })
        if (isSure) world.foreign.delete(key)
        else if (world.foreign.has(key)) world.foreign.set(key, 'unclear')
      }
    }
  }
}

/** Somebody's account before Usher came, or nobody's. */
export function addOld(world: World, name: SystemName, account: { name: string; personId?: string; groups: string[]; protected?: boolean }): void {
  const system = world.systems[name]
  const record = addRecord(system, {
    objectType: 'user', name: account.name, enabled: true, attributes: { name: account.name, displayName: 'As it was', ...(account.personId === undefined ? {} : { personId: account.personId }) },
    ...(account.protected === true ? { protected: true } : {}),
  })
  for (const group of account.groups) {
    const id = groupId(system, group)
    system.members.set(id, (system.members.get(id) ?? new Set()).add(record.id))
  }
  world.orphans.set(`${name} ${record.id}`, orphanText(system, record))
}
