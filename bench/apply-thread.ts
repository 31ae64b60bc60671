/** Approves one plan and carries it out when told to, as the thread does that works beside the one that serves. */
import { once } from 'node:events'
import { getPriority, setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { applyPlan } from '../src/engine/apply-plan.ts'
import { approvePlan } from '../src/engine/start-plan.ts'
import { openContext, patient, type OpenDatabase } from '../src/wiring.ts'

const { database, password, plan } = workerData as { database: OpenDatabase; password: string; plan: { id: string; hash: string } }
const port = parentPort!

if (process.platform === 'linux' && getPriority() < patient) setPriority(patient)
const opened = await openContext(database, { standsBack: true })
// Nobody else is to take the plan from the queue.
const context = { ...opened.context, secrets: async () => password, enqueue: async () => {} }
port.postMessage('ready')
await once(port, 'message')
await approvePlan(context, plan.id, plan.hash, 'bench')
await applyPlan(context, plan.id, new AbortController().signal)
port.postMessage('done')
await opened.close()
port.close()
