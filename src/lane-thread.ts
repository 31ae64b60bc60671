/**
 * The lane for leavers, in a thread of its own: however busy the plans keep the process, its event loop is free for those
 * who leave. This file is where the thread begins.
 */
import { startLane } from './engine/leaver-lane.ts'
import { runThread } from './threads.ts'
import { openContext } from './wiring.ts'

await runThread(async (database) => {
  const { context, close } = await openContext(database)
  const lane = startLane(context)
  return {
    async stop() {
      await lane.stop()
      await close()
    },
  }
})
