/** The serving process while PostgreSQL is restarted under it, again and again, with work under way. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { after, before, test } from 'node:test'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'
import { startUsher, type TestUsher } from '../servers/usher.ts'

let postgres: TestPostgres
let usher: TestUsher

before(async () => {
  postgres = await startPostgres()
  usher = await startUsher({ databaseUrl: postgres.url })
})
after(async () => {
  await usher?.stop()
  await postgres?.stop()
})

test('the process goes on serving, and plans that were under way are computed', async () => {
  for (let round = 0; round < 6; round++) {
    const asked = Array.from({ length: 4 }, () => usher.api.POST('/api/plans', { body: {} }))
    await Promise.all(asked.slice(0, 2))
    const [, ...rest] = await Promise.allSettled([postgres.restart(), ...asked])
    const started = rest.flatMap((r) => r.status === 'fulfilled' && r.value.data !== undefined ? [r.value.data.planId] : [])
    assert.ok(started.length >= 2)
    for (const planId of started) await computed(planId)
    assert.ok(usher.isRunning(), usher.output())
  }
})

async function computed(planId: string): Promise<void> {
  for (let looks = 0; looks < 300 && usher.isRunning(); looks++) {
    const { data } = await usher.api.GET('/api/plans/{id}', { params: { path: { id: planId } } }).catch(() => ({ data: undefined }))
    if (data?.state === 'empty') return
    await sleep(100)
  }
  assert.fail(`The plan was never computed. The server said:\n${usher.output()}`)
}
