/**
 * The hashes of snapshot rows, filled into rows that are ready for the database otherwise. Of many rows a thread of its own
 * does that, while the next ones are read.
 */
import { hash } from 'node:crypto'
import { Worker } from 'node:worker_threads'

export const hashBytes = 16

/** Rows in the form that COPY takes. */
export interface RowChunk {
  bytes: Buffer
  /** Of each row: its number, where in `bytes` what is hashed begins, and where its hash goes, right behind the hash's length. */
  marks: Uint32Array
}

export const markLength = 3
const lengthBytes = 4
/** A thread is worth it from so many chunks on. */
const threadFrom = 30
/** So many chunks may be with the thread; each is some hundred kilobytes. */
const aheadMax = 4

/** The first half of SHA-256 over the fields from the row's mark up to its hash. */
export function fillHashes({ bytes, marks }: RowChunk): void {
  for (let i = 0; i < marks.length; i += markLength) {
    const at = marks[i + 2]!
    bytes.write(hash('sha256', bytes.subarray(marks[i + 1]!, at - lengthBytes)), at, hashBytes, 'hex')
  }
}

/** The same chunks in the same order, with their hashes. */
export async function* withHashes(chunks: AsyncIterable<RowChunk>): AsyncGenerator<RowChunk, void> {
  const ahead: Promise<RowChunk>[] = []
  let thread: HashThread | undefined
  let count = 0
  try {
    for await (const chunk of chunks) {
      count += 1
      if (count <= threadFrom) {
        fillHashes(chunk)
        yield chunk
        continue
      }
      thread ??= new HashThread()
      ahead.push(thread.fill(chunk))
      if (ahead.length >= aheadMax) yield await ahead.shift()!
    }
    for (const chunk of ahead) yield await chunk
  } finally {
    await thread?.stop()
  }
}

class HashThread {
  #worker = new Worker(new URL('row-hash-thread.ts', import.meta.url))
  #waiting: PromiseWithResolvers<RowChunk>[] = []

  constructor() {
    this.#worker.on('message', ({ bytes, marks }: { bytes: Uint8Array; marks: Uint32Array }) => {
      this.#waiting.shift()!.resolve({ bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), marks })
    })
    this.#worker.on('error', (error) => {
      for (const { reject } of this.#waiting.splice(0)) reject(error)
    })
  }

  fill(chunk: RowChunk): Promise<RowChunk> {
    const filled = Promise.withResolvers<RowChunk>()
    // Its failure is told to whoever waits for it, who may be waiting for another one first.
    filled.promise.catch(() => {})
    this.#waiting.push(filled)
    this.#worker.postMessage(chunk, [chunk.bytes.buffer as ArrayBuffer, chunk.marks.buffer as ArrayBuffer])
    return filled.promise
  }

  async stop(): Promise<void> {
    await this.#worker.terminate()
  }
}
