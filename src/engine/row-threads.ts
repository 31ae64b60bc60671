/** A source's rows, taken by this thread as long as they are few, and its parts by several from then on. */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Page, Part, PartModule, ReadEnd } from '../connectors/connector.ts'
import { rowTaker, type RowChunk, type Taking } from './row-taker.ts'

/** Threads are worth it from so many parts on; each is some ten thousand bytes. Until they are ready, this thread goes on. */
const threadsFrom = 16
const threadsMax = 4
/** So many parts may be with a thread: one that it takes, and the next ones. */
const aheadMax = 3

/** The chunks in the order of the source; returns how the read ended. */
export async function* takeRows(source: AsyncGenerator<Page | Part, ReadEnd>, taking: Taking): AsyncGenerator<RowChunk, ReadEnd> {
  const taker = rowTaker(taking)
  const ahead: Promise<RowChunk>[] = []
  const threads: RowThread[] = []
  const wanted = Math.min(threadsMax, availableParallelism())
  let parts = 0
  try {
    for (;;) {
      const next = await source.next()
      if (next.done) {
        for (const chunk of ahead) yield await chunk
        return next.value
      }
      if ('records' in next.value) ahead.push(Promise.resolve(taker.takePage(next.value)))
      else {
        parts += 1
        if (parts === threadsFrom && wanted > 1) while (threads.length < wanted) threads.push(new RowThread(taking))
        const [thread] = threads.filter((t) => t.isReady).sort((a, b) => a.waiting - b.waiting)
        if (thread !== undefined) ahead.push(thread.take(next.value))
        else {
          const { rowsOf } = await import(next.value.module) as PartModule
          ahead.push(Promise.resolve(taker.takePart(rowsOf(next.value))))
        }
      }
      const ready = threads.filter((t) => t.isReady)
      while (ahead.length > ready.length * aheadMax) yield await ahead.shift()!
    }
  } finally {
    await Promise.all([source.return(undefined as never), ...threads.map((thread) => thread.stop())])
  }
}

class RowThread {
  #worker: Worker
  #waiting: PromiseWithResolvers<RowChunk>[] = []
  #failure: unknown
  #isReady = false
  /** What the last part was told to be about: most parts are about the same. */
  #told: unknown

  constructor(taking: Taking) {
    this.#worker = new Worker(new URL('row-thread.ts', import.meta.url), { workerData: taking })
    this.#worker.on('message', (message: RowChunk | 'ready') => {
      if (message === 'ready') this.#isReady = true
      else this.#waiting.shift()!.resolve(message)
    })
    this.#worker.on('error', (error) => this.#fail(error))
    this.#worker.on('exit', () => this.#fail(new Error('A thread that takes rows ended.')))
  }

  get isReady(): boolean {
    return this.#isReady
  }

  get waiting(): number {
    return this.#waiting.length
  }

  take(part: Part): Promise<RowChunk> {
    const taken = Promise.withResolvers<RowChunk>()
    // Its failure is told to whoever waits for it, who may be waiting for another one first.
    taken.promise.catch(() => {})
    if (this.#failure !== undefined) taken.reject(this.#failure)
    else this.#waiting.push(taken)
    const { about, ...others } = part
    this.#worker.postMessage(about === this.#told ? others : part, [part.bytes.buffer])
    this.#told = about
    return taken.promise
  }

  async stop(): Promise<void> {
    await this.#worker.terminate()
  }

  #fail(error: unknown): void {
    this.#failure ??= error
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
}
