/** A source's rows, taken by this thread as long as they are few, and its parts by several from then on. */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Page, PageOf, Part, ReadEnd } from '../connectors/connector.ts'
import { rowTaker, type RowChunk, type Taking } from './row-taker.ts'

/** Threads are worth it from so many parts on; each is some ten thousand bytes. */
const threadsFrom = 30
const threadsMax = 4
/** So many parts may be with a thread: one that it takes, and the next ones. */
const aheadMax = 3

/** The chunks in the order of the source; returns how the read ended. */
export async function* takeRows(source: AsyncGenerator<Page | Part, ReadEnd>, taking: Taking): AsyncGenerator<RowChunk, ReadEnd> {
  const take = rowTaker(taking)
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
      const isPart = 'bytes' in next.value
      if (isPart) parts += 1
      if (isPart && parts === threadsFrom && wanted > 1) while (threads.length < wanted) threads.push(new RowThread(taking))
      const [thread] = threads.toSorted((a, b) => a.waiting - b.waiting)
      if (isPart && thread !== undefined) ahead.push(thread.take(next.value as Part))
      else ahead.push(Promise.resolve(take(isPart ? await pageOf(next.value as Part) : next.value as Page)))
      if (ahead.length > threads.length * aheadMax) yield await ahead.shift()!
    }
  } finally {
    await Promise.all(threads.map((thread) => thread.stop()))
  }
}

async function pageOf(part: Part): Promise<Page> {
  const { pageOf } = await import(part.module) as { pageOf: PageOf }
  return pageOf(part)
}

class RowThread {
  #worker: Worker
  #waiting: PromiseWithResolvers<RowChunk>[] = []
  #failure: unknown

  constructor(taking: Taking) {
    this.#worker = new Worker(new URL('row-thread.ts', import.meta.url), { workerData: taking })
    this.#worker.on('message', (chunk: RowChunk) => this.#waiting.shift()!.resolve(chunk))
    this.#worker.on('error', (error) => this.#fail(error))
    this.#worker.on('exit', () => this.#fail(new Error('A thread that takes rows ended.')))
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
    this.#worker.postMessage(part, [part.bytes.buffer])
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
