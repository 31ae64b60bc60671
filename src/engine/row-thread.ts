/** A thread that takes parts of a source. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Part, PartModule } from '../connectors/connector.ts'
import { rowTaker, type Taking } from './row-taker.ts'

const taker = rowTaker(workerData as Taking)

let before = Promise.resolve()
let about: unknown

/** A part without `about` has that of the one before. */
parentPort!.on('message', (message: Omit<Part, 'about'> & Partial<Part>) => {
  if (message.about !== undefined) about = message.about
  const part = { ...message, about }
  before = before.then(() => answer(part))
})

async function answer(part: Part): Promise<void> {
  const { rowsOf } = await import(part.module) as PartModule
  const chunk = taker.takePart(rowsOf(part))
  parentPort!.postMessage(chunk, [chunk.bytes.buffer, chunk.marks.buffer, chunk.prints.buffer])
}

parentPort!.postMessage('ready')
