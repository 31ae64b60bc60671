/**
 * Plans are computed and carried out in a thread of their own, which stands back for whoever cannot wait: people at the
 * API, and the lane for leavers. This file is where the thread begins.
 */
import { getPriority, setPriority } from 'node:os'
import { openAuditSealer } from './engine/audit-sealer.ts'
import { startWorker } from './engine/worker.ts'
import { runThread } from './threads.ts'
import { openContext, patient } from './wiring.ts'

// Only there has each thread a priority of its own; elsewhere it would be that of the whole process.
if (process.platform === 'linux' && getPriority() < patient) setPriority(patient)

await runThread(async (database) => {
  const { context, close } = await openContext(database, { standsBack: true })
  const audit = await openAuditSealer({ pool: context.pool, dataFolder: database.dataFolder, now: context.now })
  const worker = await startWorker(context, () => audit.seal(), database.isPrivate ? { databaseFolder: database.dataFolder } : {})
  return {
    async stop() {
      await worker.stop()
      await close()
    },
  }
})
