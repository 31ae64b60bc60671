import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { isUserRole, mayDo, mayPassOn, permissions, userRoles } from '../../src/api/authorise.ts'
import { contracts } from '../../src/api/contract/index.ts'
import { startWorld } from './world.ts'
import type { World } from './world.ts'

/** Everything that nobody has to be signed in for. A new one is a decision, so it is written down here, too. */
const open = [
  'GET /healthz', 'GET /api/setup', 'POST /api/setup', 'GET /api/sign-in', 'POST /api/password',
  'POST /api/auth/sign-in/email', 'POST /api/auth/sign-out',
]

const address = (url: string) => url.replace(/:id\b/, '00000000-0000-4000-8000-000000000001').replace(/:kind/, 'roles').replace(/:(entitlementId|changeId|revision)/, '1').replace(/:\w+/g, 'x')

describe('every route', () => {
  let world: World
  before(async () => { world = await startWorld() })
  after(() => world.close())

  test('is served', () => {
    const missing = contracts.filter((c) => !world.app.hasRoute({ method: c.method, url: c.url })).map((c) => `${c.method} ${c.url}`)
    assert.deepEqual(missing, [])
  })

  test('is closed to those who are not signed in, but for a short list', async () => {
    const reached: string[] = []
    for (const contract of contracts) {
      const response = await world.app.inject({ method: contract.method, url: address(contract.url), ...(contract.method === 'GET' ? {} : { payload: {} }) })
      const refused = response.statusCode === 401 && response.json().error.message === 'You are not signed in.'
      if (!refused) reached.push(`${contract.method} ${contract.url}`)
    }
    assert.deepEqual(reached.toSorted(), open.toSorted())
  })

  for (const role of userRoles) {
    test(`refuses ${role} exactly what the table refuses`, async () => {
      const ask = world.as(role)
      for (const contract of contracts) {
        if (contract.permission === 'public') continue
        const response = await ask(contract.method, address(contract.url), contract.method === 'GET' ? undefined : {})
        const refused = response.statusCode === 403 && response.json().error.details.permission === contract.permission
        assert.equal(refused, !mayDo(role, contract.permission), `${role}: ${contract.method} ${contract.url} answered ${response.statusCode}`)
      }
    })
  }

  test('has the error shape for whatever goes wrong', async () => {
    const ask = world.as('administrator')
    const answers = [
      [await ask('GET', '/api/nothing'), 404, 'NOT_FOUND'],
      [await ask('GET', '/api/people/not-an-id'), 400, 'INVALID_INPUT'],
      [await ask('GET', '/api/people/00000000-0000-4000-8000-000000000001'), 404, 'NOT_FOUND'],
      [await ask('POST', '/api/people/search', { limit: 501 }), 400, 'INVALID_INPUT'],
      [await ask('POST', '/api/people/search', { after: 'nonsense' }), 400, 'INVALID_INPUT'],
      [await ask('PUT', '/api/people/search', {}), 404, 'NOT_FOUND'],
      [await world.app.inject({ method: 'POST', url: '/api/setup', headers: { 'content-type': 'application/json' }, payload: '{"token":' }), 400, 'INVALID_INPUT'],
      [await world.app.inject({ method: 'POST', url: '/api/setup', headers: { 'content-type': 'text/plain' }, payload: 'x' }), 400, 'INVALID_INPUT'],
      [await world.app.inject({ url: '/api/me', headers: { authorization: 'Bearer usher_wrong' } }), 401, 'NOT_SIGNED_IN'],
      [await world.app.inject({ url: '/api/me', headers: { authorization: 'Basic YTpi' } }), 401, 'NOT_SIGNED_IN'],
    ] as const
    for (const [response, status, code] of answers) {
      assert.equal(response.statusCode, status, response.body)
      const { error, ...rest } = response.json()
      assert.deepEqual(rest, {})
      assert.deepEqual(Object.keys(error), ['code', 'message', 'advice', 'details'])
      assert.equal(error.code, code)
    }
    const [field] = answers[3][0].json().error.details.fields
    assert.equal(field.field, 'limit')
  })

  test('tells nothing of a fault in Usher but where to look, and logs no values', async () => {
    const response = await world.as('administrator')('POST', '/api/plans', { scope: { jobs: ['secret-project'] } })
    assert.equal(response.statusCode, 500)
    const { error } = response.json()
    assert.equal(error.code, 'INTERNAL')
    assert.ok(error.details.requestId)
    assert.ok(!response.body.includes('the test has no answer'))
    const log = world.logged.join('\n')
    assert.ok(log.includes(error.details.requestId) && log.includes('the test has no answer'))
    assert.ok(!log.includes('secret-project'))
  })

  test('sends headers that keep other sites and caches out', async () => {
    const response = await world.as('administrator')('GET', '/api/me')
    assert.match(String(response.headers['content-security-policy']), /script-src 'self';/)
    assert.equal(response.headers['cache-control'], 'no-store')
    assert.equal(response.headers['x-content-type-options'], 'nosniff')
    assert.equal(response.headers['referrer-policy'], 'no-referrer')
  })
})

test('a route without a permission keeps the server from starting', async () => {
  const { default: fastify } = await import('fastify')
  const { guard } = await import('../../src/api/guard.ts')
  const app = fastify()
  await guard(app, { identify: () => Promise.resolve(undefined) } as never, { perAddress: 10, perUser: 10 })
  assert.throws(() => app.get('/forgotten', () => ''), /has no permission/)
  await app.close()
})

test('roles pass on no more than they have', () => {
  assert.ok(mayPassOn('administrator', 'auditor'))
  assert.ok(!mayPassOn('operator', 'administrator'))
  assert.ok(!mayPassOn('auditor', 'operator'))
  assert.ok(mayPassOn('operator', 'helpdesk'))
  for (const [permission, roles] of Object.entries(permissions)) {
    assert.ok(roles.includes('administrator' as never), `an administrator may do everything, ${permission} too`)
    assert.ok(roles.every(isUserRole))
  }
  // An auditor reads and changes nothing but their own things.
  const auditors = Object.keys(permissions).filter((p) => mayDo('auditor', p as keyof typeof permissions))
  assert.deepEqual(auditors.filter((p) => !p.endsWith(':read') && !p.endsWith(':export')), ['self:write', 'tokens:write'])
})
