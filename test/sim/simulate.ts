/** One seed: a company lives for some days while things go wrong, then comes to rest, and must be as the model says. */
import { faultEffects, setFaults } from './faults.ts'
import { check, checkAudit } from './checks.ts'
import { addOld } from './links.ts'
import { endEvent, grantEvent, handEvent, hire, peopleEvent, rulesEvent, saveRules, setGrace, strangerEvent } from './events.ts'
import { approveAll, decideOnDrift, operatorEvent, press, startFull, undoOne } from './operator.ts'
import { compare } from './compare.ts'
import { drawPlots, plotDaysMax } from './plots.ts'
import { systemNames } from './rulebook.ts'
import { checkTables } from './tables.ts'
import type { SimDatabase } from './database.ts'
import { act, noMishaps, work, type Mishaps } from './scheduler.ts'
import { takeUp, tick } from '../../src/engine/worker.ts'
import { ensurePolicy } from '../../src/store/policy.ts'
import { fire, openWorld, say, violate, type World } from './world.ts'

export interface SimResult {
  seed: number
  ok: boolean
  /** What failed, in words; the first of them is the one to look at. */
  violations: string[]
  history: string[]
  digest: string
  fired: Map<string, number>
}

const day = 86_400_000
const roundsMax = 14

export async function simulate(database: SimDatabase, seed: number): Promise<SimResult> {
  const world = await openWorld(database, seed)
  try {
    await live(world)
  } catch (error) {
    violate(world, `the simulation itself failed: ${(error as Error).stack ?? String(error)}`)
  } finally {
    await world.close()
  }
  const { violations, history, digest, fired } = world
  return { seed, ok: violations.length === 0, violations, history, digest: digest.value(), fired }
}

async function live(world: World): Promise<void> {
  const { random } = world
  const sound = (): boolean => world.violations.length === 0
  await begin(world)
  const days = random.int(plotDaysMax, 4)
  const stories = drawPlots(world)
  for (let round = 0; round < days && sound(); round++) {
    for (let events = random.int(1, 3); events > 0; events--) peopleEvent(world)
    if (random.chance(0.5)) await grantEvent(world)
    if (random.chance(0.15)) await endEvent(world)
    if (random.chance(0.35)) await rulesEvent(world)
    if (random.chance(0.5)) handEvent(world)
    if (random.chance(0.1)) strangerEvent(world)
    setFaults(world)
    for (const plot of stories) await plot[round]?.()
    moveClock(world)
    if (random.chance(0.7)) await startFull(world)
    else await act(world, tick)
    const mishaps: Mishaps = random.chance(0.5) ? { kill: 0.15, cut: 0.1, twice: 0.15, beside: 0.25, pressed: 0.3, press, decide } : noMishaps
    await work(world, mishaps)
    await operatorEvent(world)
    if (random.chance(0.5)) world.clock.now += random.pick([1000, 4000, 70_000])
    await work(world, mishaps)
    await act(world, (context) => takeUp(context, random.chance(0.5) ? 'abandoned' : 'unasked'))
    await work(world, noMishaps)
  }
  if (sound()) await rest(world)
  if (sound()) await compare(world)
  if (!sound() || !random.chance(0.3)) return
  world.clock.now += 25 * day
  say(world, 'some weeks pass')
  await rest(world)
  if (sound()) await compare(world)
}

/** What somebody decides about people and rules. */
async function decide(world: World): Promise<void> {
  await world.random.pick([endEvent, endEvent, grantEvent, grantEvent, rulesEvent, rulesEvent, decideOnDrift, undoOne])(world)
}

async function begin(world: World): Promise<void> {
  const { random } = world
  for (let n = random.int(4, 9); n > 0; n--) hire(world, random.pick([-900, -300, -30, -1, 3]))
  const [first, second] = world.sheet.rows
  addOld(world, 'app', { name: 'stranger', groups: ['vpn'] })
  addOld(world, 'app', { name: 'root', personId: first!.id, groups: ['admins'], protected: true })
  if (random.chance(0.6)) addOld(world, 'app', { name: 'old-account', personId: second!.id, groups: random.chance(0.5) ? ['vpn'] : ['vpn', 'sellers'] })
  const isOld = random.chance(0.5)
  if (isOld) addOld(world, 'crm', { name: 'old-crm', personId: first!.id, groups: ['crm-leads'] })
  await act(world, async (context) => { await ensurePolicy(context.pool, context.now()) })
  const { rows: [row] } = await world.database.watch.query<{ revision: number }>('select max(revision) as revision from policy_revision')
  world.book.revision = row!.revision - 1
  await saveRules(world, (b) => {
    b.revision += 1
    b.people = { method: random.pick(['automatic', 'automatic', 'approve']), vanishedEnds: random.chance(0.4), maxShrink: random.pick([0.1, 0.5]), endMax: random.pick([null, null, 1]) }
    b.systems.crm.method = random.pick(['approve', 'automatic', 'observe'])
    if (isOld && random.chance(0.6)) b.systems.crm.protected = ['old-crm']
    for (const name of systemNames) b.systems[name].drift = random.pick(['put-back', 'put-back', 'report'])
    if (random.chance(0.3)) setGrace(b, 'seller', 2)
    b.systems.app.disableMax = random.pick([null, null, 1])
    b.systems.app.deleteAfterDays = random.pick([5, 20, null])
  }, 'the first ones')
  await startFull(world)
  await work(world, noMishaps)
}

/** Mostly forward; now and then a clock is set right. */
function moveClock(world: World): void {
  const { random, clock } = world
  if (random.chance(0.12)) {
    clock.now -= random.pick([2000, 90_000])
    fire(world, 'clock back')
    say(world, 'the clock is set back')
  } else if (random.chance(0.15)) {
    clock.now += random.int(5, 12) * day
    fire(world, 'clock forward')
    say(world, 'the clock jumps forward')
  } else clock.now += random.pick([5000, 3_600_000, 10 * 3_600_000, day])
}

/** The last look at everything saw nothing to do but where Usher only observes. */
async function foundNothing(world: World): Promise<boolean> {
  const { rows } = await world.database.watch.query<{ state: string }>(`select state from plan where cause = 'test' order by number desc limit 1`)
  return rows[0]?.state === 'empty'
}

/** Nothing goes wrong any more, and somebody approves what waits, until nothing is left to do. */
async function rest(world: World): Promise<void> {
  const { clock, sheet } = world
  for (const effect of faultEffects(world)) effect()
  sheet.fault = null
  world.lane = true
  clock.now = Math.max(clock.now, clock.latest) + 60_000
  say(world, 'from here on nothing goes wrong')
  await checkTables(world, false)
  for (let round = 0; round < roundsMax; round++) {
    clock.now += 7_200_000
    await act(world, (context) => takeUp(context, 'unasked'))
    await act(world, tick)
    await startFull(world)
    for (let more = 0; more < 10 && world.queue.length > 0; more++) {
      clock.now = Math.max(clock.now, Math.min(...world.queue.map((q) => q.at)))
      await work(world, noMishaps)
    }
    if (world.violations.length > 0) return
    const busy = await approveAll(world)
    await work(world, noMishaps)
    await check(world)
    if (world.violations.length > 0) return
    if (!busy && world.queue.length === 0 && await foundNothing(world)) {
      await checkTables(world, true)
      return await checkAudit(world)
    }
  }
  violate(world, 'it does not come to rest: plans still find something to do.')
}
