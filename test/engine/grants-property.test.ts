/** Grants that overlap never cut each other, and moving an end is never a revoke and a grant. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { tick } from '../../src/engine/clock.ts'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'
import { openWorld, type World } from './plan-fixture.ts'

let server: TestPostgres
let w: World
before(async () => {
  server = await startPostgres()
  w = await openWorld(server)
})
after(async () => {
  await w.close()
  await server.stop()
})

const days = 7
const begin = Date.parse('2026-06-16T00:00:00Z')
const day = (n: number): string => new Date(begin + n * 86_400_000).toISOString()

/** A grant over some days, given beforehand; on one of them somebody may move its end. */
const grant = fc.record({
  from: fc.integer({ min: 0, max: days - 2 }), length: fc.integer({ min: 1, max: days }),
  moved: fc.option(fc.record({ on: fc.integer({ min: 0, max: days - 1 }), by: fc.integer({ min: -3, max: 4 }) })),
})

test('over random grants and moved ends, access is there exactly while one of them lives', async () => {
  let person = 100
  await fc.assert(fc.asyncProperty(fc.array(grant, { minLength: 1, maxLength: 3 }), async (grants) => {
    const id = String(person++)
    w.at('2026-06-15T08:00:00Z')
    await w.day([{ id, first: 'Ada', last: `No${id}`, department: 'Data' }])
    const [personId, vpn] = [await w.person(id), await w.entitlement('vpn')]
    const living = grants.map((g) => ({ ...g, until: Math.min(days, g.from + g.length), reasonId: '' }))
    for (const g of living) g.reasonId = (await w.engine.grant({ personId, entitlementId: vpn, from: day(g.from), until: day(g.until) }, 'ada')).reasonId
    await w.work()
    const { rows: [start] } = await w.pool.query<{ n: number }>('select max(number)::int as n from plan')
    let was = false
    let turns = 0
    for (let today = 0; today <= days; today++) {
      w.at(day(today))
      await tick(w.context)
      await w.work()
      const should = living.some((g) => g.from <= today && today < g.until)
      assert.equal(w.members('vpn').includes(`ada.no${id}`), should, `day ${today}`)
      if (should !== was) turns += 1
      was = should
      for (const g of living) {
        if (g.moved === null || g.moved.on !== today || today >= g.until) continue
        const until = Math.min(days, Math.max(today + 1, g.from + 1, g.until + g.moved.by))
        await w.engine.changeEnd(g.reasonId, day(until), 'ada')
        g.until = until
      }
      await w.work()
    }
    // Each turn is one change; nothing was taken away and given again in between.
    const { rows: changes } = await w.pool.query(
      `select kind from plan_change c join plan p on p.id = c.plan_id where c.person_id = $1 and c.entitlement_id = $2 and c.state = 'done' and p.number > $3`, [personId, vpn, start!.n])
    assert.equal(changes.length, turns)
  }), { numRuns: 4 })
})
