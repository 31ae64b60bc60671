/** What goes wrong in systems and staff lists. */
import { keepBefore, type Fault } from '../../src/connectors/memory/memory-world.ts'
import { settleMs, systemNames } from './rulebook.ts'
import type { SheetFault } from './sheet.ts'
import { fire, say, type World } from './world.ts'

const writes: Fault['operation'][] = ['create', 'update', 'enable', 'disable', 'delete', 'grant', 'revoke', 'rename']
const inWrites: Fault['effect'][] = ['lose-answer', 'lose-answer', 'disconnect', 'refuse', 'busy', 'slow', 'pretend']
const inReads: Fault['effect'][] = ['disconnect', 'refuse', 'slow']
const inSheets: SheetFault[] = ['cut', 'cut', 'away', 'column', 'empty', 'half']

/** Draws what goes wrong from now on; the rest is well again. */
export function setFaults(world: World): void {
  for (const mend of faultEffects(world)) mend()
  const { random, sheet } = world
  sheet.fault = random.chance(0.3) ? random.pick(inSheets) : null
  sheet.share = random.next()
  if (sheet.fault !== null) say(world, `the staff list is wrong: ${sheet.fault}`)
  for (const name of systemNames) {
    const system = world.systems[name]
    if (random.chance(0.06)) {
      system.reachable = false
      fire(world, 'system away')
      say(world, `${name} is away`)
    }
    for (let n = random.chance(0.5) ? random.int(1, 4) : 0; n > 0; n--) {
      const operation = random.pick(writes)
      system.faults.push({ operation, effect: random.pick(inWrites), fired: 0, ...(random.chance(0.3) ? {} : { attempt: (system.calls[operation] ?? 0) + random.int(1, 2) }) })
    }
    if (random.chance(0.2)) system.faults.push({ operation: 'read', page: random.int(1, 2), effect: random.pick(inReads), fired: 0 })
    if (random.chance(0.2)) system.faults.push({ operation: 'lookup', attempt: (system.calls.lookup ?? 0) + random.int(1, 3), effect: random.pick(inReads), fired: 0 })
    if (system.before !== undefined && random.chance(0.4)) system.faults.push({ operation: 'lookup', attempt: (system.calls.lookup ?? 0) + random.int(1, 4), effect: 'stale', fired: 0 })
    if (system.before !== undefined && random.chance(0.3)) system.faults.push({ operation: 'read', page: 0, effect: 'stale', fired: 0 })
    for (const fault of system.faults) say(world, `${name}: ${fault.effect} at ${fault.operation} ${fault.attempt ?? 'each'}`)
  }
}

/** Takes away what is wrong, and counts what did happen. */
export function faultEffects(world: World): (() => void)[] {
  return systemNames.map((name) => () => {
    const system = world.systems[name]
    for (const fault of system.faults) if (fault.fired > 0 && ['read', 'lookup'].includes(fault.operation)) fire(world, `${fault.effect} in a ${fault.operation}`)
    system.faults = []
    system.reachable = true
  })
}

/** A mirror has seen all that was written longer ago than it takes to settle. To be told before and after whatever may write. */
export function mirrorsCatchUp(world: World): void {
  for (const name of systemNames) {
    const system = world.systems[name]
    const known = world.mirrors.get(name)
    if (known !== undefined && known.before === system.before && world.clock.now - known.at >= settleMs[name]) keepBefore(system)
    if (system.before !== known?.before) world.mirrors.set(name, { before: system.before, at: world.clock.now })
  }
}
