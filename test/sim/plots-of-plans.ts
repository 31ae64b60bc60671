/** What happens to plans between the look at them and their end. */
import { stopPlan } from '../../src/engine/start-plan.ts'
import { change, dateAt, hire, saveRules, strangerTakes } from './events.ts'
import { approve, approveWrongly, openPlans, resumeStopped, startFull, undo } from './operator.ts'
import { systemNames } from './rulebook.ts'
import { act, computeOnly, killIn, noMishaps, work } from './scheduler.ts'
import { accountOf, agrees, colleague, mend, quietly, settle, somebody, type Plot } from './story.ts'
import type { StaffRow } from './sheet.ts'
import { say, violate, type World } from './world.ts'

const day = 86_400_000

/** A plan of everybody that waits for somebody's approval. */
async function planned(world: World): Promise<void> {
  await startFull(world)
  await work(world, noMishaps)
}

async function approveOpen(world: World): Promise<void> {
  for (const plan of await openPlans(world)) await approve(world, plan)
  await work(world, noMishaps)
}

async function stopApproved(world: World): Promise<void> {
  const { rows } = await world.database.watch.query<{ id: string; number: string }>(`select id, number from plan where state = 'approved' order by plan.number`)
  for (const { id, number } of rows) if (await act(world, (context) => stopPlan(context, id, 'ada'))) say(world, `Ada stops plan ${number}`)
}

export const plotsOfPlans: ((world: World) => Plot)[] = [
  function systemsLie(world) {
    return [async () => {
      const who = await colleague(world)
      change(world, who, { last: 'Quist' }, 'marries')
      const other = hire(world, -1)
      for (const name of systemNames) {
        for (const operation of ['create', 'update', 'grant'] as const) world.systems[name].faults.push({ operation, effect: 'pretend', fired: 0 })
        say(world, `${name}: pretend at create, update and grant each`)
      }
      await settle(world)
      mend(world)
      change(world, other, { end: dateAt(world, 0) }, 'has their last day')
    }]
  },
  function answersAreLost(world) {
    return [async () => {
      const who = await colleague(world)
      change(world, who, { last: 'Roth' }, 'marries')
      hire(world, -1)
      for (const name of systemNames) {
        for (const operation of ['create', 'update', 'grant'] as const) world.systems[name].faults.push({ operation, effect: 'disconnect', fired: 0 })
        say(world, `${name}: disconnect at create, update and grant each`)
      }
      await settle(world)
    }]
  },
  function systemIsReadInPart(world) {
    return [async () => {
      await colleague(world)
      world.systems.app.faults.push({ operation: 'read', page: 1, effect: 'disconnect', fired: 0 })
      say(world, 'app: disconnect at read each')
      await settle(world)
    }]
  },
  function hasARival(world) {
    return [async () => {
      await quietly(world, (b) => { b.systems.app.method = 'approve' })
      const who = hire(world, -1)
      change(world, who, { last: 'Nord' }, 'is called otherwise')
      await planned(world)
      strangerTakes(world, `${who.first}.${who.last}`.toLowerCase())
      await approveOpen(world)
    }]
  },
  function isEditedUnderReview(world) {
    return [async () => {
      const who = await colleague(world, (b) => { b.systems.app.method = 'approve' })
      change(world, who, { last: 'Oster' }, 'marries')
      await planned(world)
      const account = accountOf(world, 'app', who.id)
      if (account === undefined) return
      account.attributes['displayName'] = 'Somebody Else'
      say(world, `somebody gives ${account.name} in app another display name`)
      await approveOpen(world)
    }]
  },
  function isApprovedByAnotherHash(world) {
    return [async () => {
      const who = await colleague(world, (b) => { b.systems.app.method = 'approve' })
      change(world, who, { last: 'Pihl' }, 'marries')
      await planned(world)
      for (const plan of await openPlans(world)) await approveWrongly(world, plan)
    }]
  },
  function changesTwice(world) {
    let who: StaffRow
    const move = (): void => change(world, who, { department: who.department === 'Sales' ? 'Data' : 'Sales', level: who.level === 'lead' ? 'staff' : 'lead' }, 'moves')
    return [
      async () => {
        who = await colleague(world, (b) => { b.people.method = 'approve' })
        move()
        await planned(world)
        for (const plan of await openPlans(world)) await approve(world, plan)
        await stopApproved(world)
        change(world, who, { department: 'Board' }, 'moves once more')
        await settle(world)
      },
      () => resumeStopped(world).then(() => {}),
    ]
  },
  function staysAfterAll(world) {
    return [async () => {
      const who = await colleague(world)
      change(world, who, { end: dateAt(world, 0) }, 'has their last day')
      await settle(world)
      world.clock.now += 1.2 * day
      await startFull(world)
      await computeOnly(world)
      await stopApproved(world)
      change(world, who, { end: '' }, 'stays after all')
      await startFull(world)
      await computeOnly(world)
      await work(world, noMishaps)
      await resumeStopped(world)
      await work(world, noMishaps)
    }]
  },
  function severalLeave(world) {
    return [async () => {
      for (let n = 0; n < 3; n++) hire(world, -30)
      await quietly(world)
      await saveRules(world, (b) => { b.systems.app.disableMax = 1 }, 'the brake of app')
      for (let n = 0; n < 3; n++) change(world, somebody(world), { end: dateAt(world, -1) }, 'gives notice')
      await settle(world)
    }]
  },
  function isOnlyObserved(world) {
    return [
      async () => {
        await colleague(world)
        await saveRules(world, (b) => { b.systems.app.method = 'observe' }, 'method of app')
        hire(world, -1)
        await settle(world)
      },
      () => saveRules(world, (b) => { b.systems.app.method = 'automatic' }, 'method of app'),
    ]
  },
  function workersAreKilled(world) {
    return [async () => {
      const who = await colleague(world)
      change(world, who, { department: who.department === 'Sales' ? 'Data' : 'Sales' }, 'moves')
      hire(world, -1)
      await startFull(world)
      await computeOnly(world)
      for (const step of ['write ', 'write ', 'take the answer', 'take the answer']) await killIn(world, step)
      await agrees(world, who)
    }]
  },
  function isUndone(world) {
    return [async () => {
      const who = await colleague(world)
      const shown = (): unknown => accountOf(world, 'app', who.id)?.attributes['displayName']
      const before = shown()
      const { rows: [last] } = await world.database.watch.query<{ number: string }>('select max(number) as number from plan')
      change(world, who, { last: 'Tamm' }, 'marries')
      await settle(world)
      const { rows: [plan] } = await world.database.watch.query<{ id: string; number: string }>(
        `select id, number from plan where state = 'applied' and cause = 'test' and number > $2 and exists (
           select from plan_change c join person p on p.id = c.person_id where c.plan_id = plan.id and c.kind = 'update' and c.stage = 2 and p.attributes ->> 'employeeId' = $1)
          order by plan.number desc limit 1`, [who.id, last!.number])
      if (plan === undefined || shown() === before || !await undo(world, plan)) return
      await work(world, noMishaps)
      await approveOpen(world)
      await settle(world)
      if (shown() !== before) violate(world, `what plan ${plan.number} did with ${who.id} was undone, and is not.`)
      world.clock.now += 3 * day
      await agrees(world, who)
    }]
  },
]
