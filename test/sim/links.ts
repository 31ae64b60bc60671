/** Accounts that were there before Usher came: whose they become. */
import { addRecord } from '../../src/connectors/memory/memory-world.ts'
import { systemNames, type SystemName } from './rulebook.ts'
import { groupId, groupsHeld, orphanText, say, violate, type World } from './world.ts'

/**
 * An account that was there becomes somebody's: what it holds is a reason from then on, whoever gave it. Where a mirror that is
 * behind shows something else, either may have been seen. To be told before anything else is written to its system.
 */
export async function seeLinks(world: World): Promise<void> {
  await seeOwnLinks(world)
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

/** One that Usher made itself, and had lost sight of, may become its person's like one that was there: what it holds by then is a reason. */
async function seeOwnLinks(world: World): Promise<void> {
  if (world.foreign.size === 0) return
  const { rows } = await world.database.watch.query<{ key: string }>(
    `select a.system_id || ' ' || a.native_id as key from plan_change c join account a on a.id = c.account_id where c.kind = 'link' and c.state = 'done'`)
  const linked = new Set(rows.map((r) => r.key).filter((key) => !world.orphans.has(key)))
  for (const key of world.foreign.keys()) if (linked.has(key.split(' ').slice(0, 2).join(' '))) world.foreign.set(key, 'unclear')
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
