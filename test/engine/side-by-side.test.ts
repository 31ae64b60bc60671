/** What several people, or processes, do at the same moment. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { appSystem } from './plan-fixture.ts'
import { openWorlds } from './worlds.ts'

const open = openWorlds()

test('two plans that are about the same changes are approved at the same moment: one takes the place of the other', async () => {
  const w = await open((p) => { appSystem(p).method = 'approve' })
  await w.hr(Array.from({ length: 400 }, (_, i) => ({ id: String(i + 1) })))
  const all = await w.plan()
  const { rows } = await w.pool.query<{ id: string }>('select id from person')
  const some = await w.plan({ people: rows.map((r) => r.id) })
  await Promise.all([all, some].map((plan) => w.engine.approvePlan(plan.id, plan.hash, 'ada')))
  await w.settle()
  const states = await Promise.all([all, some].map(async ({ id }) => [...new Set((await w.shown(id)).changes.filter((c) => c.stage === 2).map((c) => c.state))]))
  assert.deepEqual([states.toSorted(), w.accounts().length, w.members('sellers').length], [[['done'], ['skipped']], 400, 400])
})
