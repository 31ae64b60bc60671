/** What operators do with plans: approve, release, retry, stop, resume; now and then the wrong way. */
import { decideCase } from '../../src/engine/decide-case.ts'
import { adoptDrift, leaveDrift, putBackDrift } from '../../src/engine/drift.ts'
import { releaseHeld } from '../../src/engine/release.ts'
import { startUndo } from '../../src/engine/undo.ts'
import { resumeSystem } from '../../src/engine/settle-change.ts'
import { approvePlan, resumePlan, retryChange, startPlan, stopPlan } from '../../src/engine/start-plan.ts'
import { handEvent, strangerEvent } from './events.ts'
import type { SystemName } from './rulebook.ts'
import { act } from './scheduler.ts'
import { say, violate, type World } from './world.ts'

interface OpenPlan {
  id: string
  number: string
  state: string
  hash: string
  brakes: { setHash: string; code?: string; released?: object }[]
}

export async function startFull(world: World): Promise<void> {
  await act(world, async (context) => { await startPlan(context, { cause: 'test', actor: 'ada', scope: null }) })
}

export async function openPlans(world: World): Promise<OpenPlan[]> {
  const { rows } = await world.database.watch.query<OpenPlan>(`select id, number, state, hash, brakes from plan where state in ('open', 'held') order by plan.number desc`)
  return rows
}

export async function operatorEvent(world: World): Promise<void> {
  const { random } = world
  for (const plan of await openPlans(world)) {
    if (random.chance(0.15)) await approveWrongly(world, plan)
    if (random.chance(0.3)) await releaseOne(world, plan)
    // What was reviewed may have changed by then.
    if (random.chance(0.2)) strangerEvent(world)
    if (random.chance(0.3)) handEvent(world)
    if (random.chance(0.6)) await approve(world, plan)
  }
  if (random.chance(0.2)) await stopOrResume(world)
  if (random.chance(0.3)) await retryOne(world)
  if (random.chance(0.06)) await undoOne(world)
  if (random.chance(0.25)) await decideOnDrift(world)
}

/** Somebody presses a button while workers are at it. */
export async function press(world: World): Promise<void> {
  const { random } = world
  switch (random.int(0, 4)) {
    case 0: return await stopOrResume(world)
    case 1: return await retryOne(world)
    case 2: {
      for (const plan of await openPlans(world)) if (await releaseOne(world, plan)) return
      return
    }
    default: {
      const plans = await openPlans(world)
      if (plans.length > 0) await approve(world, random.pick(plans))
    }
  }
}

export async function approve(world: World, plan: OpenPlan): Promise<void> {
  if (await act(world, (context) => approvePlan(context, plan.id, plan.hash, 'ada'))) say(world, `Ada approves plan ${plan.number}`)
}

/** An approval of a plan that nobody reviewed. */
export async function approveWrongly(world: World, plan: OpenPlan): Promise<void> {
  const wrong = plan.hash.replace(/^./, (c) => (c === '0' ? '1' : '0'))
  if (await act(world, (context) => approvePlan(context, plan.id, wrong, 'ada'))) violate(world, `plan ${plan.number} was approved by a hash that is not its own.`)
}

/** A careful operator: releases people who vanished only if they really did. */
async function releaseOne(world: World, plan: OpenPlan): Promise<boolean> {
  const brake = plan.brakes.find((b) => b.released === undefined)
  if (brake === undefined) return false
  const { rows: people } = await world.database.watch.query<{ id: string; key: string }>(
    `select p.id, p.attributes ->> 'employeeId' as key from plan_change c join person p on p.id = c.person_id where c.plan_id = $1 and c.stage = 1 and c.state = 'held' and c.code is not null`, [plan.id])
  if (brake.code !== undefined) {
    if (people.some((p) => world.sheet.rows.some((row) => row.id === p.key))) return false
    for (const { id } of people) world.releasedPeople.add(id)
  }
  if (!await act(world, async (context) => { await releaseHeld(context, plan.id, brake.setHash, 'ada') })) return false
  say(world, `Ada releases what plan ${plan.number} holds${brake.code === undefined ? '' : `: ${people.map((p) => p.key).join(', ')}`}`)
  return true
}

async function stopOrResume(world: World): Promise<void> {
  const { rows } = await world.database.watch.query<{ id: string; state: string; number: string }>(`select id, state, number from plan where state in ('approved', 'applying', 'stopped') order by plan.number`)
  if (rows.length === 0) return
  const plan = world.random.pick(rows)
  const verb = plan.state === 'stopped' ? resumePlan : stopPlan
  if (await act(world, (context) => verb(context, plan.id, 'ada'))) say(world, `Ada ${plan.state === 'stopped' ? 'resumes' : 'stops'} plan ${plan.number}`)
}

export async function resumeStopped(world: World): Promise<boolean> {
  let busy = false
  const { rows: stopped } = await world.database.watch.query<{ id: string }>(`select id from plan where state = 'stopped' order by number`)
  for (const { id } of stopped) busy = await act(world, (context) => resumePlan(context, id, 'ada')) || busy
  return busy
}

async function retryOne(world: World): Promise<void> {
  const { rows } = await world.database.watch.query<{ plan: string; id: string; subject: string }>(
    `select plan_id as plan, id, subject from plan_change where stage = 2 and state in ('stuck', 'again') order by plan_id, id`)
  if (rows.length === 0) return
  const change = world.random.pick(rows)
  if (await act(world, (context) => retryChange(context, change.plan, change.id, 'ada'))) say(world, `Ada has ${change.subject} tried again`)
}

/** Begins to take back what a plan did. Until a day it is left so; after it everything is as policy says. */
export async function undoOne(world: World): Promise<void> {
  const { rows } = await world.database.watch.query<{ id: string; number: string }>(
    `select id, number from plan p where state = 'applied' and aim is null and exists (select from plan_change c where c.plan_id = p.id and c.stage = 2 and c.state = 'done')
        and not exists (select from plan_change c where c.plan_id = p.id and c.kind = 'link') order by p.number`)
  if (rows.length > 0) await undo(world, world.random.pick(rows))
}

export async function undo(world: World, plan: { id: string; number: string }): Promise<boolean> {
  const until = world.clock.now + 2 * 86_400_000
  if (!await act(world, async (context) => { await startUndo(context, { planId: plan.id, until: new Date(until).toISOString() }, 'ada') })) return false
  const { rows } = await world.database.watch.query<{ key: string }>(
    `select distinct c.system_id || ' ' || (p.attributes ->> 'employeeId') as key from plan_change c join person p on p.id = c.person_id where c.plan_id = $1 and c.stage = 2`, [plan.id])
  for (const { key } of rows) leave(world, key, until)
  say(world, `Ada wants plan ${plan.number} undone`)
  return true
}

interface Drift { id: string; kind: string; system: SystemName; person: string; group: string | null; account: string }

/** What somebody did past Usher is put back, made right, or left for a while. */
export async function decideOnDrift(world: World): Promise<void> {
  const { rows } = await world.database.watch.query<Drift>(
    `select d.id, d.kind, d.system_id as system, p.attributes ->> 'employeeId' as person, e.name as "group", a.native_id as account
       from drift d join person p on p.id = d.person_id join account a on a.id = d.account_id left join entitlement e on e.id = d.entitlement_id
      where d.settled_at is null order by d.id`)
  if (rows.length === 0) return
  const one = world.random.pick(rows)
  const isExtra = one.kind === 'extra' && one.group !== null
  const what = `${isExtra ? `that ${one.person} is in ${one.group} of` : `what is otherwise with ${one.person} in`} ${one.system}`
  switch (world.random.int(0, 2)) {
    case 0:
      if (!await act(world, async (context) => { await putBackDrift(context, [one.id], 'ada') })) return
      // Whoever has it put back wants taken away what somebody else gave.
      if (isExtra) world.foreign.set(`${one.system} ${one.account} ${one.group}`, 'unclear')
      return say(world, `Ada wants put back ${what}`)
    case 1:
      if (!isExtra || !await act(world, (context) => adoptDrift(context, [one.id], '', 'ada'))) return
      world.foreign.delete(`${one.system} ${one.account} ${one.group}`)
      world.given.push({ person: one.person, kind: 'by hand', system: one.system, group: one.group!, until: null, over: 'no', reasonId: await newestReason(world, one.person) })
      return say(world, `Ada makes it right ${what}`)
    default: {
      const until = world.clock.now + 2 * 86_400_000
      if (!await act(world, (context) => leaveDrift(context, [one.id], new Date(until).toISOString(), '', 'ada'))) return
      leave(world, `${one.system} ${one.person}`, until)
      return say(world, `Ada leaves ${what}`)
    }
  }
}

async function newestReason(world: World, person: string): Promise<string> {
  const { rows } = await world.database.watch.query<{ id: string }>(
    `select r.id from reason r join person p on p.id = r.person_id where p.attributes ->> 'employeeId' = $1 and r.kind = 'manual' order by r.id desc limit 1`, [person])
  return rows[0]!.id
}

function leave(world: World, key: string, until: number): void {
  world.left.set(key, Math.max(until, world.left.get(key) ?? 0))
}

/** Approves and releases all that waits. True where there was something. */
export async function approveAll(world: World): Promise<boolean> {
  let busy = false
  const { rows: cases } = await world.database.watch.query<{ id: string; candidates: string[] }>('select id, candidates from match_case where decided_at is null order by id')
  for (const one of cases) busy = await act(world, (context) => decideCase(context, one.id, one.candidates[0]!, 'ada')) || busy
  busy = await resumeStopped(world) || busy
  const { rows: paused } = await world.database.watch.query<{ id: string }>(`select distinct system_id as id from finding where code = 'BRAKE_ERROR_RATE' and resolved_at is null`)
  for (const { id } of paused) busy = await act(world, (context) => resumeSystem(context, id, 'ada')) || busy
  for (const plan of await openPlans(world)) {
    const { rows: [now] } = await world.database.watch.query<OpenPlan>(`select id, number, state, hash, brakes from plan where id = $1`, [plan.id])
    if (now === undefined || !['open', 'held'].includes(now.state)) continue
    if (now.brakes.some((b) => b.released === undefined)) busy = await releaseOne(world, now) || busy
    const { rows: waiting } = await world.database.watch.query(`select from plan_change where plan_id = $1 and state = 'planned' limit 1`, [plan.id])
    if (waiting.length === 0) continue
    await approve(world, now)
    busy = true
  }
  return await releaseRead(world) || busy
}

/** The staff list is what it is by now, however unlike the ones before it: that is said once, also where the plan of it does nothing. */
async function releaseRead(world: World): Promise<boolean> {
  const { rows: [last] } = await world.database.watch.query<OpenPlan>(
    `select id, number, state, hash, brakes from plan where cause in ('test', 'release') and state <> 'computing' order by plan.number desc limit 1`)
  const isOfRead = last !== undefined && ['empty', 'applied'].includes(last.state) && last.brakes.some((b) => b.code === 'SOURCE_OUT_OF_CONTRACT' && b.released === undefined)
  return isOfRead && await releaseOne(world, last)
}
