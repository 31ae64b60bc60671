/** First passwords: one for each account, whatever happens on the way; shown once, and nowhere else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UsherError } from '../../src/domain/errors.ts'
import type { World } from './plan-fixture.ts'
import { anna, bo, openWorlds } from './worlds.ts'

const open = openWorlds()

const secretOf = (w: World, name: string): string | undefined => w.app.secrets.get(w.account(name)!.id)
const envelopes = async (w: World): Promise<string[]> =>
  (await w.pool.query<{ envelope: string }>(`select encode(envelope, 'hex') as envelope from handover where envelope is not null order by made_at`)).rows.map((r) => r.envelope)
const notFound = (error: unknown): boolean => error instanceof UsherError && error.code === 'NOT_FOUND'

test('made once: a creation that is tried again, or whose answer was lost, gets the same password', async () => {
  const w = await open()
  w.app.faults = [{ operation: 'create', attempt: 1, effect: 'disconnect', fired: 0 }, { operation: 'create', attempt: 2, effect: 'lose-answer', fired: 0 }]
  await w.day([anna])
  const made = await envelopes(w)
  assert.deepEqual([made.length, w.accounts()], [1, []])
  // It cannot be handed over for an account that nobody has seen.
  await assert.rejects(w.engine.showPassword(await w.person('1'), 'users', 'ada'), notFound)
  await w.settle()
  assert.deepEqual([w.app.faults.map((f) => f.fired), w.accounts(), await envelopes(w)], [[1, 1], ['anna.nowak'], made])
  assert.equal(await w.engine.showPassword(await w.person('1'), 'users', 'ada'), secretOf(w, 'anna.nowak'))
})

test('shown once to somebody whose name is kept, then destroyed; it stands in no plan, no audit row and no log', async () => {
  const w = await open()
  await w.day([anna, bo])
  const person = await w.person('1')
  const shown = await w.engine.showPassword(person, 'users', 'user:helga')
  assert.match(shown, /^[\w.+!-]{20}$/)
  assert.notEqual(shown, secretOf(w, 'bo.ek'))
  await assert.rejects(w.engine.showPassword(person, 'users', 'user:helga'), notFound)
  const { rows: handed } = await w.pool.query<{ gone: boolean; to: string }>('select envelope is null as gone, shown_to as to from handover where person_id = $1', [person])
  assert.deepEqual(handed, [{ gone: true, to: 'user:helga' }])
  const { rows: audited } = await w.pool.query<{ actor: string; subject: string }>(`select actor, subject from audit where action = 'password.shown'`)
  assert.deepEqual(audited, [{ actor: 'user:helga', subject: `person:${person}` }])
  const { rows: [kept] } = await w.pool.query<{ text: string }>(
    `select concat((select string_agg(c::text, '') from plan_change c), (select string_agg(a::text, '') from audit a), (select string_agg(p::text, '') from plan p),
                   (select string_agg(h::text, '') from handover h), (select string_agg(a::text, '') from account a)) as text`)
  for (const secret of [shown, secretOf(w, 'bo.ek')!]) assert.ok(!kept!.text.includes(secret) && !w.logged.join().includes(secret))
})
