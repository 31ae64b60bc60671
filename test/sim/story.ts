/** What plots have in common: a beginning that nothing disturbs, and somebody whom they are about. */
import type { MemoryRecord } from '../../src/connectors/memory/memory-world.ts'
import { compare } from './compare.ts'
import { hire, saveRules } from './events.ts'
import { faultEffects } from './faults.ts'
import { stateOf } from './model.ts'
import { approve, openPlans, startFull } from './operator.ts'
import type { Rulebook, SystemName } from './rulebook.ts'
import { noMishaps, work } from './scheduler.ts'
import type { StaffRow } from './sheet.ts'
import { accountsIn, groupsHeld, say, standing, type World } from './world.ts'

/** What happens on its days, in their order. */
export type Plot = (() => Promise<void> | void)[]

/** Nothing goes wrong for the moment. */
export function mend(world: World): void {
  for (const effect of faultEffects(world)) effect()
  world.sheet.fault = null
}

/** What there is to do is planned, approved and done. */
export async function settle(world: World): Promise<void> {
  await startFull(world)
  await work(world, noMishaps)
  for (const plan of await openPlans(world)) await approve(world, plan)
  await work(world, noMishaps)
}

/** Nothing goes wrong for the moment, the rules are plain ones, and what there is to do is done. */
export async function quietly(world: World, edit: (book: Rulebook) => void = () => {}): Promise<void> {
  mend(world)
  await saveRules(world, (b) => {
    Object.assign(b.systems.app, { method: 'automatic', without: [], disableMax: null, onLeave: 'disable' })
    b.people = { ...b.people, method: 'automatic', endMax: null }
    edit(b)
  }, 'plain ones')
  await settle(world)
}

/** Where nothing goes wrong, runs make what people have in the app what it should be: until one has nothing to do for them. A name may take another one to be free, and a try its time. */
export async function agrees(world: World, ...who: StaffRow[]): Promise<void> {
  await quietly(world)
  for (let round = 0; round < 4 && world.violations.length === 0; round++) {
    const { rows } = await world.database.watch.query(
      `select from plan_change c join plan p on p.id = c.plan_id join person on person.id = c.person_id
        where person.attributes ->> 'employeeId' = any ($1) and p.state <> 'superseded'
          and (c.state in ('planned', 'held', 'waiting', 'again', 'refused') and p.number > (select max(number) - 3 from plan)
            or c.state = 'done' and p.number = (select max(number) from plan)) limit 1`, [who.map((w) => w.id)])
    if (rows.length === 0) break
    world.clock.now += 3_600_000
    await settle(world)
  }
  if (world.violations.length === 0) await compare(world, ['app'], who.map((w) => w.id))
}

/** The person's account, unless it is one that Usher leaves alone. */
export function accountOf(world: World, name: SystemName, person: string): MemoryRecord | undefined {
  return accountsIn(world.systems[name]).find((r) => r.attributes['personId'] === person && r.protected !== true
    && !world.orphans.has(`${name} ${r.id}`) && !world.book.systems[name].protected.includes(r.name))
}

/** Somebody who works here now and is to stay. */
export function somebody(world: World): StaffRow {
  const active = world.sheet.rows.filter((row) => stateOf(standing(world, row.id, row), world.clock.now) === 'active' && row.end === '')
  return active.length > 0 ? world.random.pick(active) : hire(world, -30)
}

/** Somebody who works here and has an account in the app, after a quiet beginning. */
export async function colleague(world: World, edit?: (book: Rulebook) => void): Promise<StaffRow> {
  const newcomer = world.random.chance(0.5) ? hire(world, -30) : null
  await quietly(world, edit)
  const there = world.sheet.rows.filter((row) => stateOf(standing(world, row.id, row), world.clock.now) === 'active' && row.end === '' && accountOf(world, 'app', row.id)?.enabled === true)
  return newcomer ?? (there.length > 0 ? world.random.pick(there) : somebody(world))
}

/** Somebody renames a record, past Usher. */
export function renameByHand(world: World, name: SystemName, record: MemoryRecord, ending: string): void {
  record.name = record.attributes['name'] = `${record.name}${ending}`
  say(world, `somebody renames an account in ${name} to ${record.name}`)
}

/** Groups that the person's account is in. */
export function groupsAt(world: World, name: SystemName, person: string): string[] {
  const record = accountOf(world, name, person)
  return record === undefined ? [] : groupsHeld(world.systems[name], record.id)
}
