/** What people live through, in the order that makes it a story. */
import { addOld } from './links.ts'
import { change, comeBack, dateAt, endByHand, endGiven, give, hire, liftEnd, putInto, removeAccount, saveRules, strangerTakes, vanish } from './events.ts'
import { startFull } from './operator.ts'
import { systemNames } from './rulebook.ts'
import { noMishaps, work } from './scheduler.ts'
import type { StaffRow } from './sheet.ts'
import { accountOf, agrees, colleague, groupsAt, mend, quietly, renameByHand, settle, type Plot } from './story.ts'
import { groupsHeld, say, violate, type World } from './world.ts'

const hour = 3_600_000
const day = 24 * hour

export const plotsOfPeople: ((world: World) => Plot)[] = [
  function returns(world) {
    return [async () => {
      const who = await colleague(world)
      await give(world, who.id, { system: 'app', group: 'vpn' }, null)
      await settle(world)
      world.lane = false
      say(world, 'the lane for leavers stands still')
      change(world, who, { end: dateAt(world, -1) }, 'gives notice')
      await settle(world)
      comeBack(world, who, {})
      await settle(world)
      world.lane = true
      await agrees(world, who)
    }]
  },
  function isGivenMuch(world) {
    return [async () => {
      const who = await colleague(world)
      await give(world, who.id, { role: 'remote' }, null)
      await give(world, who.id, { system: 'app', group: 'admins' }, null)
      await settle(world)
      for (const one of world.given.filter((g) => g.person === who.id && g.role === 'remote' && g.over === 'no').slice(0, 1)) await endGiven(world, one)
      await agrees(world, who)
    }]
  },
  function isGivenForAWhile(world) {
    return [async () => {
      const who = await colleague(world)
      await give(world, who.id, { system: 'app', group: 'admins' }, world.clock.now + hour)
      await settle(world)
      world.clock.now += 2 * hour
      await agrees(world, who)
    }]
  },
  function leavesWhatTheyHad(world) {
    return [async () => {
      const who = hire(world, -30)
      addOld(world, 'app', { name: `old-${who.id}`, personId: who.id, groups: ['vpn'] })
      await quietly(world, (b) => { b.systems.app.deleteAfterDays = null })
      change(world, who, { end: dateAt(world, -1) }, 'gives notice')
      await agrees(world, who)
    }]
  },
  function marries(world) {
    return [async () => {
      const who = await colleague(world)
      for (const last of ['Ives', 'Jay']) {
        change(world, who, { last }, 'marries')
        await agrees(world, who)
      }
    }]
  },
  function isAway(world) {
    return [async () => {
      const who = await colleague(world)
      change(world, who, { leaveFrom: dateAt(world, -1), leaveUntil: '' }, 'goes on leave')
      await agrees(world, who)
    }]
  },
  function isBack(world) {
    return [async () => {
      const who = await colleague(world)
      change(world, who, { leaveFrom: dateAt(world, -2), leaveUntil: '' }, 'goes on leave')
      await settle(world)
      change(world, who, { leaveUntil: dateAt(world, -1) }, 'is back from leave')
      await agrees(world, who)
    }]
  },
  function losesTheirName(world) {
    return [async () => {
      const who = await colleague(world)
      const account = accountOf(world, 'app', who.id)
      if (account === undefined) return
      removeAccount(world, 'app', account.id)
      say(world, `somebody deletes ${account.name} in app`)
      strangerTakes(world, account.name)
      await agrees(world, who)
    }]
  },
  function isRenamedUnseen(world) {
    return [async () => {
      const who = await colleague(world)
      for (const name of systemNames) {
        const record = accountOf(world, name, who.id)
        if (record === undefined) continue
        removeAccount(world, name, record.id)
        say(world, `somebody deletes ${record.name} in ${name}`)
        world.systems[name].faults.push({ operation: 'create', effect: 'lose-answer', fired: 0 })
        say(world, `${name}: lose-answer at create each`)
      }
      await startFull(world)
      await work(world, noMishaps)
      for (const name of systemNames) {
        const record = accountOf(world, name, who.id)
        if (record !== undefined) renameByHand(world, name, record, '-y')
      }
      mend(world)
      world.clock.now += hour
      await work(world, noMishaps)
    }]
  },
  function haveOneNameTogether(world) {
    return [async () => {
      const namesakes = [hire(world, -1), hire(world, -1)]
      for (const who of namesakes) change(world, who, { first: 'Ada', last: 'Lund' }, 'is called Ada Lund')
      await agrees(world, ...namesakes)
    }]
  },
  function getsAnotherManager(world) {
    return [async () => {
      const who = await colleague(world)
      const others = world.sheet.rows.filter((row) => row.id !== who.id && row.id !== who.manager && accountOf(world, 'app', row.id) !== undefined)
      if (others.length > 0) change(world, who, { manager: world.random.pick(others).id }, 'gets another manager')
      await agrees(world, who)
    }]
  },
  function moves(world) {
    return [async () => {
      const who = await colleague(world)
      change(world, who, { department: 'Sales' }, 'moves to Sales')
      await settle(world)
      change(world, who, { department: 'Data' }, 'moves to Data')
      await agrees(world, who)
    }]
  },
  function isPutIntoAGroup(world) {
    return [async () => {
      const who = await colleague(world)
      const record = accountOf(world, 'app', who.id)
      if (record === undefined) return
      for (const group of ['admins', 'vpn']) if (!groupsHeld(world.systems.app, record.id).includes(group)) putInto(world, 'app', record, group)
      change(world, who, { level: who.level === 'lead' ? 'staff' : 'lead' }, 'gets another level')
      await agrees(world, who)
    }]
  },
  function isKeptForAWhile(world) {
    return [async () => {
      const who = await colleague(world, (b) => { b.systems.app.deleteAfterDays = 5 })
      await give(world, who.id, { system: 'app', group: 'vpn' }, null)
      await settle(world)
      world.systems.app.faults.push({ operation: 'revoke', effect: 'refuse', fired: 0 })
      say(world, 'app: refuse at revoke each')
      change(world, who, { end: dateAt(world, -1) }, 'gives notice')
      await settle(world)
      world.clock.now += 2 * day
      await agrees(world, who)
      world.clock.now += 4 * day
      await agrees(world, who)
    }]
  },
  function hasALastDay(world) {
    return [async () => {
      const who = await colleague(world)
      change(world, who, { end: dateAt(world, 0) }, 'has their last day')
      await settle(world)
      world.clock.now += 1.2 * day
      await agrees(world, who)
    }]
  },
  function vanishesAlone(world) {
    return [async () => {
      const who = await colleague(world, (b) => { b.people = { ...b.people, vanishedEnds: false, maxShrink: 0.5 } })
      vanish(world, who)
      await settle(world)
    }]
  },
  function mostVanish(world) {
    return [async () => {
      await quietly(world, (b) => { b.people = { ...b.people, vanishedEnds: true, maxShrink: 0.4 } })
      for (const row of world.sheet.rows.slice(0, Math.ceil(0.7 * world.sheet.rows.length))) {
        world.vanishedTogether.set(row.id, world.clock.now)
        vanish(world, row)
      }
      await settle(world)
    }]
  },
  function isProtected(world) {
    return [async () => {
      const who = await colleague(world)
      const account = accountOf(world, 'app', who.id)
      if (account === undefined) return
      await saveRules(world, (b) => { b.systems.app.protected.push(account.name) }, `${account.name} of app is protected`)
      change(world, who, { last: 'Kell', department: who.department === 'Sales' ? 'Data' : 'Sales' }, 'marries and moves')
      await settle(world)
    }]
  },
  function isEndedByHand(world) {
    return [async () => {
      const who = await colleague(world)
      await give(world, who.id, { system: 'app', group: 'vpn' }, null)
      await settle(world)
      const had = groupsAt(world, 'app', who.id).includes('vpn')
      await endByHand(world, who.id, null)
      change(world, who, { department: 'Data' }, 'moves to Data')
      await agrees(world, who)
      await liftEnd(world, who.id)
      await agrees(world, who)
      if (had && !groupsAt(world, 'app', who.id).includes('vpn')) violate(world, `${who.id} did not get back what the end that was taken back had cut.`)
      await endByHand(world, who.id, null)
      world.clock.now += 2 * day
      comeBack(world, who, { start: dateAt(world, 0) })
      await agrees(world, who)
    }]
  },
  function keepsForSomeDays(world) {
    return [async () => {
      const who = hire(world, -30)
      change(world, who, { department: 'Sales', level: 'staff' }, 'works for Sales')
      await quietly(world, (b) => {
        b.rules.find((r) => r.id === 'sales')!.role = 'seller'
        b.roles.find((r) => r.id === 'seller')!.grants = [{ system: 'app', group: 'sellers', graceDays: 2 }]
        b.rules.find((r) => r.id === 'data')!.role = 'analyst'
        b.roles.find((r) => r.id === 'analyst')!.grants = [{ system: 'app', group: 'analysts' }]
      })
      change(world, who, { department: 'Data' }, 'moves to Data')
      await agrees(world, who)
      if (!groupsAt(world, 'app', who.id).includes('sellers')) violate(world, `${who.id} lost at once what they should keep for some days.`)
      world.clock.now += 3 * day
      await agrees(world, who)
      if (groupsAt(world, 'app', who.id).includes('sellers')) violate(world, `${who.id} keeps what they should have lost by now.`)
    }]
  },
  function leavesWhileMadeUnseen(world) {
    return [async () => {
      const who = await madeUnseen(world)
      await endByHand(world, who.id, null)
      for (let round = 0; round < 2; round++) {
        await work(world, noMishaps)
        world.clock.now += 1000
      }
      if (accountOf(world, 'app', who.id)?.enabled === true) violate(world, `${who.id} was ended, and an account that was made before is still there.`)
      await agrees(world, who)
    }]
  },
  function movesWhileMadeUnseen(world) {
    return [async () => {
      const who = await madeUnseen(world)
      await saveRules(world, (b) => { b.systems.app.without = [who.department] }, `no accounts in app for ${who.department}`)
      for (let round = 0; round < 3; round++) {
        await settle(world)
        world.clock.now += hour
      }
      if (accountOf(world, 'app', who.id)?.enabled === true) violate(world, `${who.id} is to have no account, and one that was made before is still there.`)
    }]
  },
  function isRenamedAndTheNameTaken(world) {
    return [async () => {
      const who = await colleague(world)
      const account = accountOf(world, 'app', who.id)
      if (account === undefined) return
      const { name } = account
      renameByHand(world, 'app', account, '-z')
      strangerTakes(world, name)
      await settle(world)
      const { rows } = await world.database.watch.query(
        `select from plan_change c join person p on p.id = c.person_id
          where p.attributes ->> 'employeeId' = $1 and c.stage = 2 and c.kind = 'rename' and c.state in ('again', 'stuck', 'refused') and c.after ->> 'name' = $2 limit 1`, [who.id, name])
      if (rows.length > 0) violate(world, `${who.id} is renamed in app in vain: somebody else has the name.`)
    }]
  },
]

/** Somebody new, whose account in the app is made, and the answer lost. */
async function madeUnseen(world: World): Promise<StaffRow> {
  await quietly(world)
  const who = hire(world, -30)
  world.systems.app.faults.push({ operation: 'create', effect: 'lose-answer', fired: 0 })
  await settle(world)
  mend(world)
  return who
}
