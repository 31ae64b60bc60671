/** The thread that fills in the hashes of rows. */
import { parentPort } from 'node:worker_threads'
import { fillHashes } from './row-hashes.ts'

parentPort!.on('message', ({ bytes, marks }: { bytes: Uint8Array; marks: Uint32Array }) => {
  const chunk = { bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), marks }
  fillHashes(chunk)
  parentPort!.postMessage(chunk, [bytes.buffer as ArrayBuffer, marks.buffer as ArrayBuffer])
})
