/** Two processes on one PostgreSQL: the one that is taking somebody out is killed. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { TestWorker } from '../servers/usher.ts'
import { applier } from './applier.ts'
import { openStaff, until, type Staff } from './staff.ts'

let staff: Staff
let worker: TestWorker

before(async () => {
  staff = await openStaff(12)
  worker = await staff.usher.startWorker()
  await staff.write('Clerk')
  await staff.over(await staff.startPlan())
})
after(async () => {
  await worker?.stop()
  await staff?.close()
})

test('another one takes over, and nothing is done twice', async () => {
  const { rows: [person] } = await staff.pool.query<{ id: string }>(`select id from person where attributes ->> 'employeeId' = '11'`)
  const writes = staff.slapd.writes()
  // The directory answers nobody, so whoever begins cannot end it.
  staff.slapd.pause()
  const { error } = await staff.usher.api.POST('/api/people/{id}/end', { params: { path: { id: person!.id } }, body: {} })
  assert.equal(error, undefined)
  const plan = async (): Promise<string | undefined> =>
    (await staff.pool.query<{ id: string }>(`select id from plan where cause = 'leaver' and state = 'applying'`)).rows[0]?.id
  await until(async () => await plan() !== undefined)
  const first = await applier(staff, [worker], (await plan())!)
  await (first === worker.pid ? worker : staff.usher).kill()
  staff.slapd.resume()
  const clocks = async (): Promise<string[]> => (await staff.pool.query<{ state: string }>('select state from leaver_system')).rows.map((row) => row.state)
  await until(async () => (await clocks()).join() === 'gone')
  // The sign-in and the group: each written once, however many looked at them.
  assert.equal(staff.slapd.writes() - writes, 2)
})
