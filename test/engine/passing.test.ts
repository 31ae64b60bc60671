/** Accounts that are as they are known are passed over, and nothing is overlooked for it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConnectorDefinition, KnownAccounts, Page } from '../../src/connectors/connector.ts'
import { openTexts } from '../../src/domain/shown.ts'
import { appSystem, type World } from './plan-fixture.ts'
import { anna, bo, cy, openWorlds } from './worlds.ts'

const open = openWorlds()

test('an account is passed over only as long as it stands as it came', async () => {
  const w = await open()
  const passedOver = passing(w)
  await w.day([anna, bo, cy])
  await w.plan()
  const first = await profile(w)
  assert.equal(first['accounts'], 3)
  await w.plan()
  assert.equal(passedOver(), 3)
  assert.deepEqual(await profile(w), first, 'what is passed over counts')

  w.account('bo.ek')!.attributes['displayName'] = 'Somebody else'
  assert.deepEqual((await w.plan()).systems, ['update bo.ek'], 'changed in the system')
  assert.equal(passedOver(), 2)

  await w.pool.query(`update account set attributes = attributes || '{"displayName": "Stale"}' where name = 'cy.lee'`)
  assert.deepEqual((await w.plan()).systems, [], 'what Usher had of it is not what came')
  assert.equal(passedOver(), 2)
  const { rows } = await w.pool.query(`select from account where attributes ->> 'displayName' = 'Stale'`)
  assert.equal(rows.length, 0)

  w.app.records.delete(w.account('bo.ek')!.id)
  assert.deepEqual((await w.plan()).systems.filter((line) => line.includes('bo.ek')), ['create bo.ek'], 'what is gone is not passed over')
  assert.equal(passedOver(), 2)

  await w.setPolicy((policy) => { appSystem(policy).protected = ['anna.*'] })
  await w.plan()
  const { rows: kept } = await w.pool.query('select name from account where protected')
  assert.deepEqual(kept, [{ name: 'anna.nowak' }], 'the same record, and another account')
  assert.equal(passedOver(), 2)
  await w.plan()
  assert.equal(passedOver(), 3, 'known as protected')
})

/** Has the system's reader pass over what is known, as a directory's does; tells how many the last read passed over. */
function passing(world: World): () => number {
  let last = 0
  world.context.connectors = world.context.connectors.map((definition): ConnectorDefinition => (definition.kind !== 'memory' ? definition : {
    ...definition,
    openReader(config, secrets) {
      const reader = definition.openReader(config, secrets)
      return {
        ...reader,
        async* read(scope, signal) {
          const pages = reader.read(scope, signal)
          last = 0
          for (let next = await pages.next(); ; next = await pages.next()) {
            if (next.done === true) return next.value
            const page = scope.known === undefined ? next.value : sieved(next.value, scope.known)
            last += page.passed?.count ?? 0
            yield page
          }
        },
      }
    },
  }))
  return () => last
}

function sieved(page: Page, known: KnownAccounts): Page {
  const textOf = openTexts()
  const filled: Record<string, number> = {}
  const records = page.records.filter(({ objectType, id, name, attributes, enabled = true, protected: own = false }) => {
    const shown = textOf({ name, attributes, enabled, protected: own || known.isProtected?.(id, name) === true })
    if (!known.pass(objectType, id, Buffer.from(shown))) return true
    for (const attribute of Object.keys(attributes)) filled[attribute] = (filled[attribute] ?? 0) + 1
    return false
  })
  return { ...page, records, passed: { count: page.records.length - records.length, filled } }
}

async function profile(world: World): Promise<Record<string, number>> {
  const { rows: [row] } = await world.pool.query<{ accounts: number; profile: { rows: number; columns: Record<string, { filled: number }> } }>(
    `select accounts, profile from observation where state = 'complete' order by read_at desc limit 1`)
  const { accounts, profile: { rows, columns } } = row!
  return { accounts, rows, ...Object.fromEntries(Object.entries(columns).map(([name, { filled }]) => [name, filled])) }
}
