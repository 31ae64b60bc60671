/** A thread that takes parts of a source. */
import { parentPort, workerData } from 'node:worker_threads'
import type { PageOf, Part } from '../connectors/connector.ts'
import { rowTaker, type Taking } from './row-taker.ts'

const take = rowTaker(workerData as Taking)

let before = Promise.resolve()

parentPort!.on('message', (part: Part) => {
  before = before.then(() => answer(part))
})

async function answer(part: Part): Promise<void> {
  const { pageOf } = await import(part.module) as { pageOf: PageOf }
  const chunk = take(pageOf(part))
  parentPort!.postMessage(chunk, [chunk.bytes.buffer, chunk.marks.buffer, chunk.prints.buffer])
}
