/** Three processes on one PostgreSQL, as on three machines: they share the work, and take over from one another. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { applier } from './applier.ts'
import { openStaff, until, type Staff } from './staff.ts'
import type { TestWorker } from '../servers/usher.ts'

let staff: Staff
let workers: TestWorker[]

before(async () => {
  staff = await openStaff(1500)
  workers = await Promise.all([staff.usher.startWorker(), staff.usher.startWorker()])
})
after(async () => {
  for (const worker of workers ?? []) await worker.stop()
  await staff?.close()
})

test('whoever is at a plan is killed, twice: another one takes over, nothing doubled, nothing lost', async () => {
  await staff.write('Clerk')
  const planId = await staff.startPlan()
  for (const share of [0.3, 0.9]) {
    await until(async () => await staff.count(planId, 'done') >= staff.people * share)
    const pid = await applier(staff, workers, planId)
    const done = await staff.count(planId, 'done')
    if (pid === staff.usher.pid()) await staff.usher.kill()
    else await workers.find((worker) => worker.pid === pid)!.kill()
    // What was under way when it was killed may still be seen; then somebody else must be at it.
    await until(async () => await staff.count(planId, 'done') > done + 250 || await staff.isOver(planId))
    if (!await staff.isOver(planId)) assert.notEqual(await applier(staff, workers, planId), pid)
  }
  await staff.over(planId)
  await staff.assertDone(planId)
  await staff.compare('Clerk')
  await staff.usher.kill()
  for (const worker of workers) await worker.kill()
  await staff.usher.start()
  workers = await Promise.all([staff.usher.startWorker(), staff.usher.startWorker()])
})

test('PostgreSQL is restarted under all of them in the middle of an apply: it goes on', async () => {
  await staff.write('Manager')
  const planId = await staff.startPlan()
  await until(async () => await staff.count(planId, 'done') >= staff.people * 0.3)
  await staff.postgres.restart()
  await staff.over(planId)
  await staff.assertDone(planId)
  await staff.compare('Manager')
})

test('one clock ticks: what is due is begun once; and after all of it a new plan is empty', async () => {
  const planId = await staff.startPlan()
  await until(async () => (await staff.state(planId)) === 'empty')
  // Somebody whose position ends: one plan of all three processes is about them.
  await staff.pool.query(`update person set next_change_at = date_trunc('milliseconds', now()) - interval '1 second' where attributes ->> 'employeeId' = '7'`)
  const due = async (): Promise<number> => (await staff.pool.query(`select from plan where cause not in ('asked for') and state <> 'computing'`)).rowCount!
  await until(async () => await due() > 0)
  await new Promise((resolve) => setTimeout(resolve, 6000))
  assert.equal(await due(), 1)
  await staff.usher.kill()
  for (const worker of workers) await worker.kill()
  await staff.assertAudit()
})
