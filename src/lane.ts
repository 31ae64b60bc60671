/** Starts the thread of the leavers and keeps it running. */
import { Worker } from 'node:worker_threads'
import type { Lane } from './engine/leaver-lane.ts'
import type { Context } from './engine/context.ts'
import type { OpenDatabase } from './wiring.ts'

const restartMs = 1000

/** Starts the thread, and another one should it ever end by itself. */
export async function startLaneThread(database: OpenDatabase, log: Context['log']): Promise<Lane> {
  let stopping = false
  let thread = await begin(database)
  const watch = (): void => {
    thread.once('error', (error) => log.error({ err: error }, 'the thread of the leavers failed'))
    thread.once('exit', () => {
      if (!stopping) setTimeout(() => { if (!stopping) again() }, restartMs)
    })
  }
  const again = (): void => {
    begin(database).then((next) => {
      thread = next
      if (stopping) void thread.terminate()
      else watch()
    }, (error: unknown) => {
      log.error({ err: error }, 'the thread of the leavers cannot be started')
      setTimeout(() => { if (!stopping) again() }, restartMs)
    })
  }
  watch()
  return {
    async stop() {
      stopping = true
      const over = new Promise<void>((resolve) => thread.once('exit', () => resolve()))
      thread.postMessage('stop')
      await over
    },
  }
}

async function begin(database: OpenDatabase): Promise<Worker> {
  const thread = new Worker(new URL('./lane-thread.ts', import.meta.url), { workerData: { database } })
  await new Promise<void>((resolve, reject) => {
    thread.once('message', () => resolve())
    thread.once('error', reject)
    thread.once('exit', () => reject(new Error('the thread ended before it began')))
  })
  return thread
}
