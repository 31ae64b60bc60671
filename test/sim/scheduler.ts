/** Does what workers do, in the order and with the mishaps that the seed draws. */
import type { Context } from '../../src/engine/context.ts'
import { UsherError } from '../../src/domain/errors.ts'
import { runLeavers } from '../../src/engine/leaver.ts'
import { runTask, takeUp } from '../../src/engine/worker.ts'
import { check } from './checks.ts'
import { mirrorsCatchUp } from './faults.ts'
import type { KillAt } from './gate.ts'
import { fire, say, violate, type Queued, type World } from './world.ts'

export interface Mishaps {
  /** How often a process is killed in the middle of a task, a connection lost, a task delivered twice. */
  kill: number
  cut: number
  twice: number
  /** How often another process is at something else meanwhile. */
  beside: number
  /** How often somebody presses a button meanwhile, what that does, and what they decide about people at other times. */
  pressed: number
  press(world: World): Promise<void>
  decide(world: World): Promise<void>
}

export const noMishaps: Mishaps = { kill: 0, cut: 0, twice: 0, beside: 0, pressed: 0, press: async () => {}, decide: async () => {} }
const triesMax = 3
const signal = new AbortController().signal

/** Something that a person or the clock asks of Usher. True: it was done; a refusal with a reason is none. */
export async function act(world: World, work: (context: Context) => Promise<void>): Promise<boolean> {
  let done = false
  const ask = async (): Promise<void> => {
    try {
      await work(world.context('operator'))
      done = true
    } catch (error) {
      if (world.cut) return
      if (!(error instanceof UsherError)) violate(world, `Usher met a fault of its own: ${(error as Error).stack?.split('\n').slice(0, 5).join(' ')}`)
      else if (error.code === 'INTERNAL') violate(world, `Usher refused with a fault of its own: ${error.message}`)
      else say(world, `Usher refuses: ${error.code}`)
    }
  }
  if (world.isAmid) await ask()
  else await world.gate.run([ask])
  return done
}

const stepsBefore = 60

/** The same world for somebody who does something while a task is under way: it is some steps of the task's run, and looking at something is one, too. */
async function amid(world: World, press: (world: World) => Promise<void>): Promise<void> {
  const { aside: random, gate, database } = world
  const door = gate.door()
  for (let n = random.int(0, stepsBefore); n > 0; n--) await door.step('wait', () => {})
  const query = (...question: [string, unknown[]?]): Promise<unknown> => door.step('look', () => database.watch.query(...question))
  await press(Object.create(world, Object.getOwnPropertyDescriptors({ isAmid: true, random, database: { ...database, watch: { query } } })) as World)
}

/** Does everything that is due; now and then, and at the end, it looks who leaves. */
export async function work(world: World, mishaps: Mishaps): Promise<void> {
  await queued(world, mishaps)
  if (world.lane) await runOne(world, leavers(world), mishaps)
  await queued(world, mishaps)
}

/** Plans are computed, and nothing is carried out yet. */
export async function computeOnly(world: World): Promise<void> {
  for (const item of world.queue.filter((q) => q.task === 'compute-plan' && q.at <= world.clock.now)) {
    world.queue.splice(world.queue.indexOf(item), 1)
    await runOne(world, item, noMishaps)
  }
}

/** A process begins what is approved and is killed right after a step of this kind. */
export async function killIn(world: World, step: string): Promise<void> {
  const at = world.queue.findIndex((q) => q.task === 'apply-plan' && q.at <= world.clock.now)
  if (at >= 0) await runOne(world, world.queue.splice(at, 1)[0]!, noMishaps, step)
}

const leavers = (world: World): Queued => ({ task: 'leavers', planId: '', at: world.clock.now, tries: triesMax })

async function queued(world: World, mishaps: Mishaps): Promise<void> {
  for (let rounds = 0; rounds < 60; rounds++) {
    if (world.random.chance(0.2) && world.lane) await runOne(world, leavers(world), mishaps)
    const at = world.queue.findIndex((q) => q.at <= world.clock.now)
    if (at < 0 || world.violations.length > 0) return
    await runOne(world, world.queue.splice(at, 1)[0]!, mishaps)
  }
  violate(world, `work does not come to an end; the queue holds ${world.queue.map((q) => q.task).join(', ')}.`)
}

async function runOne(world: World, item: Queued, mishaps: Mishaps, killIn?: KillAt): Promise<void> {
  const { random } = world
  mirrorsCatchUp(world)
  let killAt = killIn ?? (random.chance(mishaps.kill) ? random.int(0, random.chance(0.5) ? 40 : 150) : undefined)
  world.loseAt = random.chance(mishaps.cut) ? random.int(1, 120) : -1
  world.cut = false
  const twice = random.chance(mishaps.twice)
  const items = twice ? [item, item] : random.chance(mishaps.beside) ? [item, ...beside(world, item)] : [item]
  const failed = new Set<Queued>()
  const door = world.gate.door()
  const works = items.map((one) => async () => {
    try {
      if (one.task === 'leavers') await runLeavers(world.context('leavers'), signal)
      else await runTask(world.context(one.task), one.task, one.planId, signal)
    } catch (error) {
      // A dead process has nothing to say.
      if (!door.isAlive()) return
      failed.add(one)
      if (!world.cut) violate(world, `${one.task} failed: ${(error as Error).stack?.split('\n').slice(0, 6).join(' ')}`)
    }
  })
  if (world.aside.chance(mishaps.pressed)) {
    world.isUnsure = world.aside.chance(0.4)
    works.push(() => amid(world, world.isUnsure ? mishaps.decide : mishaps.press))
    fire(world, `${world.isUnsure ? 'a decision' : 'a button pressed'} meanwhile`)
  }
  // Who decides hears whether it was done.
  if (world.isUnsure) [killAt, world.loseAt] = [undefined, -1]
  const end = await world.gate.run(works, killAt)
  if (twice) fire(world, 'delivered twice')
  else if (items.length > 1) fire(world, 'something else beside')
  if (world.cut) fire(world, 'connection lost')
  world.loseAt = -1
  if (end === 'killed') {
    fire(world, 'killed')
    say(world, `the process is killed in ${items.map((one) => one.task).join(' and ')}, after: ${world.gate.trail.slice(-2).join(' | ').replaceAll(/\s+/g, ' ')}`)
    await world.reopen()
    await act(world, (context) => takeUp(context, 'all'))
  } else {
    for (const one of failed) if (one.tries < triesMax) world.queue.push({ ...one, tries: one.tries + 1, at: world.clock.now + 1000 * 2 ** one.tries })
  }
  mirrorsCatchUp(world)
  await check(world)
  world.isUnsure = false
  world.cut = false
}

/** What another process has to do meanwhile: it looks who leaves, or takes what is due. */
function beside(world: World, { task }: Queued): Queued[] {
  if (world.lane && task !== 'leavers' && world.random.chance(0.5)) return [leavers(world)]
  const at = world.queue.findIndex((q) => q.at <= world.clock.now)
  return at < 0 ? [] : world.queue.splice(at, 1)
}
