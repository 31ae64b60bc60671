/** Stories that chance would seldom tell: each seed lives through two of them, a step a day, beside all that happens anyway. */
import type { Fault } from '../../src/connectors/memory/memory-world.ts'
import { stopPlan } from '../../src/engine/start-plan.ts'
import { change, dateAt, endGiven, give, hire, removeAccount, saveRules, strangerTakes, vanish } from './events.ts'
import { stateOf } from './model.ts'
import { approve, openPlans, resumeStopped } from './operator.ts'
import { systemNames } from './rulebook.ts'
import { act } from './scheduler.ts'
import type { StaffRow } from './sheet.ts'
import { accountsIn, say, type World } from './world.ts'

/** What happens on its days, in their order. */
export type Plot = (() => Promise<void> | void)[]

const hour = 3_600_000

export function drawPlots(world: World): Plot[] {
  return [plots[world.seed % plots.length]!, world.random.pick(plots)].map((plot) => plot(world))
}

/** Somebody who works here now. */
function somebody(world: World): StaffRow {
  const active = world.sheet.rows.filter((row) => stateOf(row, world.clock.now) === 'active' && row.end === '')
  return active.length > 0 ? world.random.pick(active) : hire(world, -30)
}

const plots: ((world: World) => Plot)[] = [
  function returns(world) {
    const who = somebody(world)
    return [
      () => give(world, who.id, { role: 'remote' }, null),
      () => change(world, who, { end: dateAt(world, -1) }, 'gives notice'),
      () => change(world, who, { end: '' }, 'comes back'),
    ]
  },
  function isGivenMuch(world) {
    const who = somebody(world)
    return [
      () => give(world, who.id, { role: 'remote' }, null),
      () => give(world, who.id, { system: 'app', group: 'admins' }, null),
      async () => { for (const one of world.given.filter((g) => g.person === who.id && g.role === 'remote' && g.over === 'no').slice(0, 1)) await endGiven(world, one) },
    ]
  },
  function isGivenForAWhile(world) {
    const who = somebody(world)
    return [
      () => give(world, who.id, { system: 'app', group: 'admins' }, world.clock.now + hour),
      () => { world.clock.now += 2 * hour },
    ]
  },
  function leavesWhatTheyHad(world) {
    const old = accountsIn(world.systems.app).find((r) => r.name === 'old-account')
    const who = world.sheet.rows.find((row) => row.id === old?.attributes['personId']) ?? somebody(world)
    return [() => {}, () => change(world, who, { end: dateAt(world, -1) }, 'gives notice')]
  },
  function marries(world) {
    const who = somebody(world)
    return [() => change(world, who, { last: 'Ives' }, 'marries'), () => change(world, who, { last: 'Jay' }, 'marries again')]
  },
  function isAway(world) {
    const who = somebody(world)
    return [
      () => change(world, who, { leaveFrom: dateAt(world, -1), leaveUntil: '' }, 'goes on leave'),
      () => change(world, who, { leaveUntil: dateAt(world, -1) }, 'is back from leave'),
    ]
  },
  function hasALastDayWhileSystemsLie(world) {
    const who = somebody(world)
    return [() => change(world, who, { end: dateAt(world, 0) }, 'has their last day'), () => {
      hire(world, -1)
      for (const name of systemNames) {
        for (const operation of ['create', 'update', 'disable'] as const) world.systems[name].faults.push({ operation, effect: 'pretend', fired: 0 })
        say(world, `${name}: pretend at create, update and disable each`)
      }
    }]
  },
  function severalLeave(world) {
    return [
      () => saveRules(world, (b) => { Object.assign(b.systems.app, { disableMax: 1, method: 'automatic' }) }, 'the brake of app'),
      () => { for (let n = 0; n < 3; n++) change(world, somebody(world), { end: dateAt(world, -1) }, 'gives notice') },
    ]
  },
  function mostVanish(world) {
    return [async () => {
      await saveRules(world, (b) => { b.people = { ...b.people, vanishedEnds: true, method: 'automatic', endMax: null } }, 'who vanishes for good')
      for (const row of world.sheet.rows.slice(0, Math.ceil(0.7 * world.sheet.rows.length))) {
        world.vanishedTogether.set(row.id, world.clock.now)
        vanish(world, row)
      }
    }]
  },
  function losesTheirName(world) {
    const who = somebody(world)
    return [() => {}, () => {
      const account = accountsIn(world.systems.app).find((r) => r.attributes['personId'] === who.id && r.protected !== true && !world.orphans.has(`app ${r.id}`))
      if (account === undefined) return
      removeAccount(world, 'app', account.id)
      say(world, `somebody deletes ${account.name} in app`)
      strangerTakes(world, account.name)
    }]
  },
  function isRenamedUnseen(world) {
    const who = somebody(world)
    const lost = (): Fault => ({ operation: 'create', effect: 'lose-answer', fired: 0 })
    const account = (name: typeof systemNames[number]) => accountsIn(world.systems[name]).find((r) => r.attributes['personId'] === who.id && r.protected !== true && !world.orphans.has(`${name} ${r.id}`))
    return [
      () => {
        for (const name of systemNames) {
          const record = account(name)
          if (record === undefined) continue
          removeAccount(world, name, record.id)
          say(world, `somebody deletes ${record.name} in ${name}`)
          world.systems[name].faults.push(lost())
          say(world, `${name}: lose-answer at create each`)
        }
      },
      () => {
        for (const name of systemNames) {
          const record = account(name)
          if (record === undefined) continue
          record.name = record.attributes['name'] = `${record.name}-y`
          say(world, `somebody renames an account in ${name} to ${record.name}`)
        }
      },
    ]
  },
  function hasARival(world) {
    let who: StaffRow
    return [
      async () => {
        await saveRules(world, (b) => { b.systems.app.method = 'approve' }, 'method of app')
        who = hire(world, -1)
      },
      async () => {
        strangerTakes(world, `${who.first}.${who.last}`.toLowerCase())
        for (const plan of await openPlans(world)) await approve(world, plan)
      },
    ]
  },
  function changesTwice(world) {
    const who = somebody(world)
    const move = (): void => change(world, who, { department: who.department === 'Sales' ? 'Data' : 'Sales', level: who.level === 'lead' ? 'staff' : 'lead' }, 'moves')
    return [
      async () => {
        await saveRules(world, (b) => { b.people = { ...b.people, method: 'approve', endMax: null } }, 'how people are imported')
        move()
      },
      async () => {
        for (const plan of await openPlans(world)) {
          await approve(world, plan)
          await act(world, (context) => stopPlan(context, plan.id, 'ada'))
        }
        change(world, who, { department: 'Board' }, 'moves once more')
      },
      () => resumeStopped(world),
    ]
  },
]

export const plotDaysMax = 3
