import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { UsherError } from '../../src/domain/errors.ts'
import { startWorld } from './world.ts'
import type { World } from './world.ts'

const plan = '00000000-0000-4000-8000-0000000000aa'
const person = '00000000-0000-4000-8000-0000000000bb'
let world: World

before(async () => {
  const done = () => Promise.resolve()
  world = await startWorld({
    engine: {
      approvePlan: done, releaseHeld: () => Promise.resolve({ pending: false, planId: plan }), stopPlan: done, retryChange: done, settleChange: done, resumeSystem: done, decideCase: done, readSystem: done,
      resumePlan: () => Promise.reject(new UsherError('PLAN_BRAKED', 'Two people are held.', { held: 2 })),
      startPlan: () => Promise.resolve({ planId: plan }),
      endReason: () => Promise.resolve({ planId: plan }),
      showPassword: () => Promise.resolve('first-Password-1'),
    },
  })
  await world.pool.query(`insert into person (id, attributes, positions, state, created_at, changed_at) values ($1, '{}', '[]', 'active', now(), now())`, [person])
})
after(() => world.close())

test('what is asked of the engine is what was sent, with who asks', async () => {
  const ask = world.as('operator')
  await ask('GET', '/api/me')
  const { token } = (await ask('GET', '/api/me')).json()
  const actor = `token:${token}`
  world.asked.length = 0
  const calls = [
    ['POST', `/api/plans/${plan}/approve`, { hash: 'abc' }],
    ['POST', `/api/plans/${plan}/release`, { setHash: 'def' }],
    ['POST', `/api/plans/${plan}/stop`, undefined],
    ['POST', `/api/plans/${plan}/changes/17/retry`, undefined],
    ['POST', `/api/plans/${plan}/changes/17/settle`, { how: 'by-hand', note: 'Called them' }],
    ['POST', `/api/cases/${plan}/decide`, { personId: null }],
    ['POST', '/api/plans', {}],
    ['POST', `/api/people/${person}/plan`, undefined],
    ['DELETE', '/api/reasons/5', undefined],
    ['POST', `/api/people/${person}/passwords/ad-users/show`, undefined],
  ] as const
  for (const [method, url, payload] of calls) {
    const response = await ask(method, url, payload)
    assert.equal(response.statusCode, 200, `${url}: ${response.body}`)
  }
  assert.deepEqual(world.asked.map(({ call, input }) => [call, ...input]), [
    ['approvePlan', plan, 'abc', actor],
    ['releaseHeld', plan, 'def', actor],
    ['stopPlan', plan, actor],
    ['retryChange', plan, '17', actor],
    ['settleChange', plan, '17', { how: 'by-hand', note: 'Called them' }, actor],
    ['decideCase', plan, null, actor],
    ['startPlan', { cause: 'asked for', actor, scope: null }],
    ['startPlan', { cause: 'asked for one person', actor, scope: { people: [person] } }],
    ['endReason', '5', actor],
    ['showPassword', person, 'ad-users', actor],
  ])
})

test('what the engine refuses comes with its code, status, advice and details', async () => {
  const response = await world.as('operator')('POST', `/api/plans/${plan}/resume`)
  assert.equal(response.statusCode, 409)
  const { error } = response.json()
  assert.deepEqual([error.code, error.message, error.details], ['PLAN_BRAKED', 'Two people are held.', { held: 2 }])
  assert.ok(error.advice)
})

test('a plan of a person whom nobody knows is not started', async () => {
  world.asked.length = 0
  const response = await world.as('operator')('POST', `/api/people/${plan}/plan`)
  assert.equal(response.json().error.code, 'NOT_FOUND')
  assert.deepEqual(world.asked, [])
})
