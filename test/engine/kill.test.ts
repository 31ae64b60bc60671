/** The real process, killed again and again while it fills a real directory; and the directory killed under it. */
import { after, before, test } from 'node:test'
import { killWhileApplying } from './kill.ts'
import { openStaff, until, type Staff } from './staff.ts'

let staff: Staff

before(async () => { staff = await openStaff(1500) })
after(async () => { await staff?.close() })

test('killed at twelve moments of an apply, it goes on: nothing doubled, nothing lost', async () => {
  await killWhileApplying(staff, { times: 12, seed: 4711 })
})

test('the directory killed half-way and started again: it goes on by itself', async () => {
  await staff.write('Manager')
  const planId = await staff.startPlan()
  await until(async () => await staff.count(planId, 'done') >= staff.people / 3)
  await staff.slapd.kill()
  await until(async () => await staff.count(planId, 'again') > 0)
  await staff.slapd.start()
  await staff.over(planId)
  await staff.assertDone(planId)
  await staff.compare('Manager')
})

test('after all of it, a new plan is empty and the audit log is whole', async () => {
  const planId = await staff.startPlan()
  await until(async () => (await staff.state(planId)) === 'empty')
  await staff.usher.kill()
  await staff.assertAudit()
})
