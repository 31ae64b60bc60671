/** The lane for leavers: wakes when somebody leaves, at the next instant that somebody is due, and every few seconds. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '../store/database.ts'
import { leaverChannel, nextLeaverInstant } from '../store/leaver.ts'
import type { Context } from './context.ts'
import { drill, lookOnce } from './leaver-drill.ts'
import { readiness, type GetReady } from './leaver-ready.ts'
import { leaverRound, raiseAlarms, startDueLeavers, takeLeavers } from './leaver.ts'
import { leaverMethod } from './plan-systems.ts'
import { warmSystems, type WarmSystems } from './warm-systems.ts'

/** Also without being called: a call may be lost with its connection. */
const idleMsMax = 2_000
const alarmEveryMs = 5_000
const roundsAtOnce = 8
const warmEveryMs = 30_000
const lookEveryMs = 300_000

export interface Lane {
  stop(): Promise<void>
}

export function startLane(context: Context): Lane {
  const stopping = new AbortController()
  const bell = newBell()
  const ears = listen(context, bell.ring, stopping.signal)
  const running = new Set<Promise<void>>()
  const warm = warmSystems(context)
  const getReady = readiness(context)
  const warming = keepWarm(context, warm, getReady, stopping.signal)
  const going = (async () => {
    let alarmedAt = 0
    while (!stopping.signal.aborted) {
      let waitMs = idleMsMax
      try {
        // Those who were ended by hand are there already: first of all they.
        for (let looked = false; running.size < roundsAtOnce && !stopping.signal.aborted;) {
          const taken = await takeLeavers(context)
          if (taken.length === 0 && looked) break
          if (taken.length === 0) {
            await startDueLeavers(context)
            looked = true
            continue
          }
          const round = leaverRound(context, taken, stopping.signal, getReady, warm)
            .catch((error: unknown) => context.log.error({ err: error }, 'a round of leavers failed'))
            .finally(() => {
              running.delete(round)
              bell.ring()
            })
          running.add(round)
        }
        const now = Date.parse(context.now())
        if (now - alarmedAt >= alarmEveryMs) {
          alarmedAt = now
          await raiseAlarms(context)
          await warm.tidy()
        }
        const next = await nextLeaverInstant(context.pool, context.now())
        if (next !== null) waitMs = Math.max(5, Math.min(idleMsMax, Date.parse(next) - Date.parse(context.now())))
        // Those at it ring when they are done.
        if (running.size >= roundsAtOnce) waitMs = idleMsMax
      } catch (error) {
        context.log.error({ err: error }, 'the lane for leavers stumbled')
      }
      await bell.heard(waitMs)
    }
    await Promise.all(running)
    await warming
    await warm.close()
  })()
  return {
    async stop() {
      stopping.abort()
      bell.ring()
      await going
      await ears
    },
  }
}

/** Rings once for any number of pulls since it was last heard. */
function newBell(): { ring(): void; heard(msMax: number): Promise<void> } {
  let rung = false
  let hear: (() => void) | null = null
  return {
    ring() {
      rung = true
      hear?.()
    },
    async heard(msMax) {
      if (!rung) {
        let timer: NodeJS.Timeout | undefined
        await new Promise<void>((resolve) => {
          hear = resolve
          timer = setTimeout(resolve, msMax)
        })
        clearTimeout(timer)
        hear = null
      }
      rung = false
    },
  }
}

/** Connections are open and statements planned before somebody leaves. */
async function keepWarm(context: Context, warm: WarmSystems, getReady: GetReady, signal: AbortSignal): Promise<void> {
  let lookedSince = 0
  const looked = new Set<string>()
  while (!signal.aborted) {
    try {
      const { revision } = await getReady()
      const leaving = new Set(revision.policy.jobs.filter((job) => leaverMethod(revision, job.id) !== 'observe').map((job) => job.destination))
      const ready = await warm.keepReady(revision.policy.systems.filter((s) => leaving.has(s.id)), signal)
      // Again and again, as PostgreSQL forgets its plans whenever it has counted the rows of a table anew.
      await drill(context)
      if (Date.parse(context.now()) - lookedSince >= lookEveryMs) {
        lookedSince = Date.parse(context.now())
        looked.clear()
      }
      for (const system of await lookOnce(context, revision, ready.filter((s) => !looked.has(s.id)), warm, signal)) looked.add(system)
    } catch (error) {
      context.log.warn({ err: error }, 'the lane for leavers could not be kept warm')
    }
    await sleep(warmEveryMs, undefined, { signal }).catch(() => {})
  }
}

/** Listens on a connection of its own, on another one when that breaks. */
async function listen(context: Context, ring: () => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    let client: Client | undefined
    try {
      const opened = client = await context.pool.connect()
      const over = new Promise<void>((resolve) => {
        opened.once('end', resolve)
        opened.once('error', () => resolve())
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
      opened.on('notification', ring)
      await opened.query(`listen ${leaverChannel}`)
      ring()
      await over
    } catch (error) {
      context.log.warn({ err: error }, 'leavers cannot be listened for')
    } finally {
      client?.release(true)
    }
    if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, 500))
  }
}
