/** Threads beside the one that serves: started, kept running, and told to stop. Each opens the database for itself. */
import { parentPort, workerData, Worker } from 'node:worker_threads'
import type { Context } from './engine/context.ts'
import type { OpenDatabase } from './wiring.ts'

const restartMs = 1000

export interface Stoppable {
  stop(): Promise<void>
}

/** Starts a thread, and another one should it ever end by itself. `what`: its work, for the log. */
export async function startThread(file: string, what: string, database: OpenDatabase, log: Context['log']): Promise<Stoppable> {
  let stopping = false
  let thread = await begin(file, database)
  const watch = (): void => {
    thread.once('error', (error) => log.error({ err: error }, `the thread ${what} failed`))
    thread.once('exit', () => {
      if (!stopping) setTimeout(() => { if (!stopping) again() }, restartMs)
    })
  }
  const again = (): void => {
    begin(file, database).then((next) => {
      thread = next
      if (stopping) void thread.terminate()
      else watch()
    }, (error: unknown) => {
      log.error({ err: error }, `the thread ${what} cannot be started`)
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

/** In the thread: begins its work, and ends with it when told to stop. */
export async function runThread(begin: (database: OpenDatabase) => Promise<Stoppable>): Promise<void> {
  const work = await begin((workerData as { database: OpenDatabase }).database)
  parentPort!.once('message', () => {
    work.stop().finally(() => process.exit(0))
  })
  parentPort!.postMessage('ready')
}

async function begin(file: string, database: OpenDatabase): Promise<Worker> {
  const thread = new Worker(new URL(file, import.meta.url), { workerData: { database } })
  await new Promise<void>((resolve, reject) => {
    thread.once('message', () => resolve())
    thread.once('error', reject)
    thread.once('exit', () => reject(new Error('the thread ended before it began')))
  })
  return thread
}
