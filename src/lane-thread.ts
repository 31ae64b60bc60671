/**
 * The lane for leavers, in a thread of its own: however busy the plans keep the process, its event loop is free for those
 * who leave. This file is where the thread begins.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { startLane } from './engine/leaver-lane.ts'
import { openContext, type OpenDatabase } from './wiring.ts'

const { database } = workerData as { database: OpenDatabase }
const opened = await openContext(database)
const lane = startLane(opened.context)
parentPort?.once('message', () => {
  lane.stop().then(() => opened.close()).finally(() => process.exit(0))
})
parentPort?.postMessage('ready')
