/**
 * The gate through which everything goes that takes time: each query, each call of a connector. It lets one step happen at
 * a time, waits until all code has come to its next step, and draws which of the waiting ones is next. So interleavings
 * differ from seed to seed, and a seed replays to the same one. Between any two steps the process can be killed: what waits
 * at the gate then never goes on.
 */
import { promisify } from 'node:util'
import type { Random } from './random.ts'

/** The way through the gate for one life of the process; after its death nobody comes through any more. */
export interface Door {
  isAlive(): boolean
  /** Waits for its turn, then does the work. `backend`: of the database connection that does it. */
  step<T>(name: string, work: () => T | Promise<T>, backend?: number): Promise<T>
  /** Something is under way that is no step; nothing goes on until the returned function was called. */
  hold(): () => void
}

export interface Gate {
  door(): Door
  /** Time that passes for nobody but the one who waits. */
  sleep(ms: number): Promise<void>
  /** Runs these side by side to their end. Rejections are theirs to handle. */
  run(works: (() => Promise<void>)[], killAt?: KillAt): Promise<'done' | 'killed'>
  /** Steps that the present run made. */
  steps(): number
  /** The names of the last steps. */
  trail: string[]
}

/** When the process is killed: after so many steps, or after the first one of this kind. */
export type KillAt = number | string

interface Waiting {
  name: string
  go(): void
  backend: number | undefined
  over: boolean
  ended: Promise<void>
  /** Tells the one who waits how it ended. */
  deliver: () => void
}

const stuckMs = 20_000
/** Nothing that is asked of Usher takes more steps here. */
const stepsMax = 5000
const trailMax = 40
const realTimeout = globalThis.setTimeout
/** After so long, a query may be waiting for a lock. */
const lockMs = 15

const realSleep = (ms: number): Promise<void> => new Promise((resolve) => { realTimeout(resolve, ms) })
const turn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve) })

let present: Gate | null = null

/** The engine waits some milliseconds for its other batches: at the gate, not by the clock. */
function waitAtGate(callback: () => void, ms?: number, ...rest: unknown[]): NodeJS.Timeout {
  if (present === null || ms === undefined || ms === 0 || ms > 50 || rest.length > 0) return Reflect.apply(realTimeout, globalThis, [callback, ms, ...rest]) as NodeJS.Timeout
  void present.sleep(ms).then(callback)
  return undefined as never
}
Object.defineProperty(waitAtGate, promisify.custom, { value: (realTimeout as unknown as Record<symbol, unknown>)[promisify.custom] })

/** `isBlocked`: whether a connection's query waits for a lock that another one holds. */
export function openGate(random: Random, isBlocked: (backend: number) => Promise<boolean>): Gate {
  let life = 0
  let waiting: Waiting[] = []
  let blocked: Waiting[] = []
  let sleeping: { at: number; wake: () => void }[] = []
  let [holds, slept, count] = [0, 0, 0]
  const trail: string[] = []

  const quiet = async (): Promise<void> => {
    for (let turns = 0; turns < 3; turns++) {
      await turn()
      if (holds > 0) turns = -1
    }
  }

  /** Waits until the step is over, or waits for a lock that somebody else here must give back first. */
  const settled = async (one: Waiting): Promise<boolean> => {
    for (;;) {
      if (one.over) return true
      const { promise: late, resolve } = Promise.withResolvers<void>()
      const timer = realTimeout(resolve, lockMs)
      await Promise.race([one.ended, late])
      clearTimeout(timer)
      if (!one.over && one.backend !== undefined && await isBlocked(one.backend) && !one.over) return false
    }
  }

  const perform = async (one: Waiting): Promise<void> => {
    trail.push(one.name)
    if (trail.length > trailMax) trail.shift()
    one.go()
    const over = await settled(one) ? [one] : []
    if (over.length === 0) blocked.push(one)
    const still: Waiting[] = []
    for (const other of blocked) {
      if (other === one) still.push(other)
      else if (await settled(other)) over.push(other)
      else still.push(other)
    }
    blocked = still
    for (const each of over) each.deliver()
  }

  const stepOf = <T>(name: string, work: () => T | Promise<T>, backend: number | undefined): Promise<T> => new Promise((resolve, reject) => {
    const mine = life
    const { promise: ended, resolve: finish } = Promise.withResolvers<void>()
    const one: Waiting = {
      name, backend, ended, over: false, deliver: () => {},
      go() {
        const end = (deliver: () => void): void => {
          one.over = true
          one.deliver = () => { if (mine === life) deliver() }
          finish()
        }
        void (async () => await work())().then((value) => end(() => resolve(value)), (error: unknown) => end(() => reject(error as Error)))
      },
    }
    if (present === gate) waiting.push(one)
    // Nobody is watching: the simulation itself looks at something.
    else void (async () => await work())().then(resolve, reject)
  })

  const gate: Gate = {
    trail,
    steps: () => count,
    door() {
      const mine = life
      return {
        isAlive: () => mine === life,
        step: (name, work, backend) => (mine === life ? stepOf(name, work, backend) : new Promise(() => {})),
        hold() {
          if (mine === life) holds++
          let held = true
          return () => {
            if (held && mine === life) holds--
            held = false
          }
        },
      }
    },
    sleep: (ms) => new Promise((resolve) => { sleeping.push({ at: slept + ms, wake: resolve }) }),
    async run(works, killAt) {
      present = gate
      globalThis.setTimeout = waitAtGate as typeof setTimeout
      count = 0
      let left = works.length
      for (const work of works) void work().then(() => { left-- }, () => { left-- })
      try {
        for (let idleSince = 0; ;) {
          await quiet()
          if (left === 0 && waiting.length === 0 && blocked.length === 0) return 'done'
          if (waiting.length > 0) {
            const isKilled = typeof killAt === 'string' ? count > 0 && trail.at(-1)!.startsWith(killAt) : count === killAt
            if (isKilled || count === stepsMax) {
              life++
              ;[waiting, blocked, sleeping, holds] = [[], [], [], 0]
              if (isKilled) return 'killed'
              throw new Error(`It does not come to an end. The last steps: ${trail.join(' | ')}`)
            }
            count++
            idleSince = 0
            await perform(waiting.splice(waiting.length === 1 ? 0 : random.int(0, waiting.length - 1), 1)[0]!)
          } else if (sleeping.length > 0) {
            sleeping.sort((a, b) => a.at - b.at)
            const first = sleeping.shift()!
            slept = first.at
            first.wake()
          } else {
            await realSleep(1)
            idleSince += 1
            if (idleSince > stuckMs) throw new Error(`Nothing goes on any more. The last steps: ${trail.join(' | ')}`)
          }
        }
      } finally {
        present = null
        globalThis.setTimeout = realTimeout
      }
    },
  }
  return gate
}
