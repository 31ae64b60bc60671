/** Two people with one value of an attribute that is declared unique: both are named, nobody is ended, and what would write it waits. */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { startPostgres, type TestPostgres } from '../servers/postgresql.ts'
import { codes, job, kinds, line, openImport, type Import } from './import-fixture.ts'

let server: TestPostgres
before(async () => { server = await startPostgres() })
after(() => server.stop())

function importing(name: string, body: (hr: Import) => Promise<void>, jobs?: object[], bulkMin?: number): void {
  test(name, async () => {
    const hr = await openImport(server, jobs, bulkMin)
    try {
      await body(hr)
    } finally {
      await hr.close()
    }
  })
}

const ada = line({ id: 'E1', email: 'ada@example.org' })
const grace = (more: object = {}): string => line({ id: 'E2', first: 'Grace', last: 'Hopper', email: 'grace@example.org', ...more })
const alan = (email: string): string => line({ id: 'E3', first: 'Alan', last: 'Turing', email })
const emails = async (hr: Import): Promise<unknown[]> => (await hr.people()).map((p) => `${p.attributes['email']} ${p.state}`)

importing('a new row with somebody\'s e-mail waits until one of the two is corrected', async (hr) => {
  await hr.day([ada, grace()])
  const planned = await hr.day([ada, grace(), alan('Ada@Example.org')])
  assert.deepEqual([kinds(planned), codes(planned)], [[], ['VALUE_NOT_UNIQUE']])
  const [finding] = planned.findings
  assert.match(finding!.message, /^E-mail: Ada Lovelace and Alan Turing would have the same value, ada@example\.org\. Nobody is ended\. .* waits, .*: Alan Turing\./)
  assert.deepEqual([finding!.job, finding!.system, finding!.details!['people']], ['hr', 'hr', [(await hr.person('E1')).id]])
  assert.deepEqual(await emails(hr), ['ada@example.org active', 'grace@example.org active'])
  const mended = await hr.day([ada, grace(), alan('alan@example.org')])
  assert.deepEqual([kinds(mended), codes(mended)], [['create planned'], []])
  assert.equal((await hr.people()).length, 3)
})

importing('of two new rows with one e-mail neither is chosen; the others come', async (hr) => {
  const planned = await hr.day([ada, grace({ email: 'ada@example.org' }), alan('alan@example.org')])
  assert.deepEqual([planned.changes.map((c) => c.subject), codes(planned)], [['Alan Turing'], ['VALUE_NOT_UNIQUE']])
  assert.deepEqual(await emails(hr), ['alan@example.org active'])
})

importing('an update that takes somebody\'s e-mail waits as a whole, and so does what depends on it; a swap in one plan is none', async (hr) => {
  await hr.day([ada, grace(), alan('alan@example.org')])
  // Grace gives hers to Alan, and takes Ada's, who keeps it: then Grace has hers still.
  const planned = await hr.day([ada, grace({ email: 'ada@example.org', department: 'Navy' }), alan('grace@example.org')])
  assert.deepEqual([kinds(planned), codes(planned)], [[], ['VALUE_NOT_UNIQUE', 'VALUE_NOT_UNIQUE']])
  assert.deepEqual(await emails(hr), ['ada@example.org active', 'grace@example.org active', 'alan@example.org active'])
  const swapped = await hr.day([ada, grace({ email: 'alan@example.org', department: 'Navy' }), alan('grace@example.org')])
  assert.deepEqual([kinds(swapped), codes(swapped)], [['update planned', 'update planned'], []])
  assert.deepEqual(await emails(hr), ['ada@example.org active', 'alan@example.org active', 'grace@example.org active'])
})

importing('who leaves is ended, whatever else the row says, and their e-mail is free', async (hr) => {
  await hr.day([ada, grace()])
  const planned = await hr.day([ada, grace({ email: 'ada@example.org', end: '2026-06-01' })])
  assert.deepEqual([kinds(planned), codes(planned)], [['disable planned'], []])
  assert.deepEqual(await emails(hr), ['ada@example.org active', 'ada@example.org ended'])
})

importing('people who share an e-mail already are named and stay as they are', async (hr) => {
  await hr.day([ada, grace()])
  await hr.pool.query(`update person set attributes = attributes || '{"email": "ada@example.org"}' where attributes ->> 'employeeId' = 'E2'`)
  const planned = await hr.day([ada, grace()])
  assert.deepEqual([kinds(planned), codes(planned), planned.findings[0]!.details!['waiting']], [[], ['VALUE_NOT_UNIQUE'], 0])
  assert.match(planned.findings[0]!.message, /Ada Lovelace and Grace Hopper have the same value/)
})

importing('what is not declared unique may be shared; what is told to nobody is not told', async (hr) => {
  hr.revision.policy.settings.attributes = hr.revision.policy.settings.attributes.map((a) => (a.name === 'email' ? { ...a, unique: false } : a))
  const planned = await hr.day([ada, grace({ email: 'ada@example.org' })])
  assert.deepEqual([kinds(planned), codes(planned)], [['create planned', 'create planned'], []])
  hr.revision.policy.settings.attributes = hr.revision.policy.settings.attributes.map((a) => (a.name === 'email' ? { ...a, unique: true, sensitive: true } : a))
  assert.doesNotMatch((await hr.plan()).findings[0]!.message, /example\.org/)
})

const single = job('hr', { positionKey: undefined })
importing('in great numbers, too: whoever shares a value is looked at one by one', async (hr) => {
  const planned = await hr.day([ada, grace({ email: 'ADA@example.org' }), alan('alan@example.org')])
  assert.deepEqual([planned.changes.map((c) => c.subject), codes(planned)], [['Alan Turing'], ['VALUE_NOT_UNIQUE']])
  const { rows } = await hr.pool.query<{ people: number }>('select people from plan_arrival where plan_id = $1', [planned.planId])
  assert.deepEqual(rows, [{ people: 1 }])
}, [single], 1)

importing('in great numbers beside somebody who has the value: they wait, the others come', async (hr) => {
  await hr.day([ada])
  const planned = await hr.day([ada, grace({ email: 'ada@example.org' }), alan('alan@example.org')])
  assert.deepEqual([planned.changes.map((c) => c.subject), codes(planned)], [['Alan Turing'], ['VALUE_NOT_UNIQUE']])
}, [single], 1)
