import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { LightMyRequestResponse } from 'fastify'
import { startWorld, tokenOf } from './world.ts'
import type { World } from './world.ts'

const administrator = { name: 'Ada', email: 'ada@example.org', password: 'correct horse battery' }
const own = { host: 'localhost:7070', origin: 'http://localhost:7070' }

function cookieOf(response: LightMyRequestResponse): string {
  return [response.headers['set-cookie']].flat().filter((c) => c !== undefined).map((c) => c.split(';')[0]).join('; ')
}

describe('setting up and signing in', () => {
  let world: World
  before(async () => { world = await startWorld() })
  after(() => world.close())

  test('set-up is open until the one-time link made the first administrator, and then never again', async () => {
    const { app, auth } = world
    assert.deepEqual((await app.inject('/api/setup')).json(), { open: true })
    const outdated = tokenOf(await auth.createSetupLink())
    const token = tokenOf(await auth.createSetupLink())
    const setUp = (with_: string) => app.inject({ method: 'POST', url: '/api/setup', payload: { token: with_, ...administrator } })

    assert.equal((await setUp(outdated)).json().error.code, 'NOT_SIGNED_IN')
    assert.equal((await setUp('x'.repeat(43))).statusCode, 401)
    const [first, second] = await Promise.all([setUp(token), setUp(token)])
    assert.deepEqual([first.statusCode, second.statusCode].toSorted(), [200, 403])
    const made = first.statusCode === 200 ? first : second
    assert.equal(made.json().user.role, 'administrator')
    assert.match(cookieOf(made), /^usher\.session_token=/)
    assert.match(String(made.headers['set-cookie']), /HttpOnly.*SameSite=Strict/i)

    assert.deepEqual((await app.inject('/api/setup')).json(), { open: false })
    assert.equal(await auth.createSetupLink(), null)
    assert.equal((await setUp(token)).statusCode, 403)
    const me = await app.inject({ url: '/api/me', headers: { cookie: cookieOf(made) } })
    assert.equal(me.json().user.email, 'ada@example.org')
    assert.ok(me.json().permissions.includes('users:write'))
  })

  test('only the hash of a link is stored', async () => {
    const { rows } = await world.pool.query(`select * from auth.one_time_link`)
    assert.equal(rows.length, 1)
    assert.equal(rows[0].hash.length, 32)
  })

  const signIn = (password: string, headers: Record<string, string> = own) =>
    world.app.inject({ method: 'POST', url: '/api/auth/sign-in/email', headers, payload: { email: administrator.email, password } })

  test('the password signs in, a wrong one does not, and both are in the audit log', async () => {
    const right = await signIn(administrator.password)
    assert.equal(right.statusCode, 200, right.body)
    const cookie = cookieOf(right)
    assert.equal((await world.app.inject({ url: '/api/me', headers: { cookie } })).statusCode, 200)

    const wrong = await signIn('wrong horse battery')
    assert.equal(wrong.statusCode, 401)
    assert.deepEqual(Object.keys(wrong.json().error), ['code', 'message', 'advice', 'details'])
    assert.equal(wrong.headers['set-cookie'], undefined)
    const { rows } = await world.pool.query(`select action from audit order by id`)
    assert.deepEqual(rows.map((r) => r.action), ['user.created', 'user.signed-in', 'user.sign-in-refused'])
  })

  test('nobody can sign up, and nothing else of the sign-in library is reachable', async () => {
    for (const url of ['/api/auth/sign-up/email', '/api/auth/api-key/create', '/api/auth/update-user', '/api/auth/delete-user', '/api/auth/ok']) {
      const response = await world.app.inject({ method: 'POST', url, headers: own, payload: { email: 'eve@example.org', password: 'correct horse battery', name: 'Eve' } })
      assert.equal(response.statusCode, 404, url)
    }
  })

  test('a call of another site that brings the cookie along is refused', async () => {
    const cookie = cookieOf(await signIn(administrator.password))
    const change = (headers: Record<string, string>) => world.app.inject({
      method: 'POST', url: '/api/tokens', headers: { cookie, ...headers }, payload: { name: 'x', role: 'auditor' },
    })
    assert.equal((await change({ host: 'localhost:7070', origin: 'https://evil.example' })).json().error.code, 'NOT_ALLOWED')
    assert.equal((await change({ host: 'localhost:7070', origin: 'http://localhost:7070', 'sec-fetch-site': 'cross-site' })).statusCode, 403)
    assert.equal((await change({ host: 'localhost:7070', origin: 'null' })).statusCode, 403)
    assert.equal((await change({})).statusCode, 403)
    assert.equal((await change(own)).statusCode, 200)
    assert.equal((await change({ 'sec-fetch-site': 'same-origin' })).statusCode, 200)
  })

  test('signing out ends the session', async () => {
    const cookie = cookieOf(await signIn(administrator.password))
    const out = await world.app.inject({ method: 'POST', url: '/api/auth/sign-out', headers: { ...own, cookie } })
    assert.equal(out.statusCode, 200, out.body)
    assert.equal((await world.app.inject({ url: '/api/me', headers: { cookie } })).statusCode, 401)
  })

  test('a one-time link signs in once, and leads to the start page', async () => {
    const { rows: [user] } = await world.pool.query(`select id from auth."user"`)
    const url = new URL((await world.auth.createSignInLink(user.id)).url)
    const first = await world.app.inject(url.pathname + url.search)
    assert.equal(first.statusCode, 303)
    assert.equal(first.headers.location, '/')
    assert.equal((await world.app.inject({ url: '/api/me', headers: { cookie: cookieOf(first) } })).statusCode, 200)
    assert.equal((await world.app.inject(url.pathname + url.search)).statusCode, 401)
    const click = (headers: Record<string, string>) => world.app.inject({ url: url.pathname + url.search, headers: { accept: 'text/html', ...headers } })
    assert.equal((await click({})).headers.location, '/sign-in?notice=link-used')
    assert.equal((await click({ cookie: cookieOf(first) })).headers.location, '/')
  })

  test('a new user sets their password by a link; disabled, they are out at once and stay out', async () => {
    const cookie = cookieOf(await signIn(administrator.password))
    const headers = { ...own, cookie }
    const made = await world.app.inject({ method: 'POST', url: '/api/users', headers, payload: { name: 'Olu', email: 'Olu@example.org', role: 'operator' } })
    assert.equal(made.statusCode, 200, made.body)
    const { user, link } = made.json()
    assert.deepEqual([user.email, user.ready, user.disabled], ['olu@example.org', false, false])
    const set = (password: string) => world.app.inject({ method: 'POST', url: '/api/password', payload: { token: tokenOf(link), password } })
    assert.equal((await set('short')).json().error.code, 'INVALID_INPUT')
    const ready = await set('a password of my own')
    assert.equal(ready.json().user.ready, true)
    assert.equal((await set('another password')).statusCode, 401)

    const disabled = await world.app.inject({ method: 'PATCH', url: `/api/users/${user.id}`, headers, payload: { disabled: true } })
    assert.equal(disabled.json().user.disabled, true)
    assert.equal((await world.app.inject({ url: '/api/me', headers: { cookie: cookieOf(ready) } })).statusCode, 401)
    const again = await world.app.inject({
      method: 'POST', url: '/api/auth/sign-in/email', headers: own, payload: { email: 'olu@example.org', password: 'a password of my own' },
    })
    assert.equal(again.json().error.code, 'NOT_ALLOWED')
  })

  test('the last administrator stays one', async () => {
    const cookie = cookieOf(await signIn(administrator.password))
    const me = (await world.app.inject({ url: '/api/me', headers: { cookie } })).json()
    for (const payload of [{ role: 'auditor' }, { disabled: true }]) {
      const response = await world.app.inject({ method: 'PATCH', url: `/api/users/${me.user.id}`, headers: { ...own, cookie }, payload })
      assert.equal(response.json().error.code, 'CONFLICT')
    }
  })

  test('a token is shown once, works until it is revoked, and never does more than its maker may', async () => {
    const operator = world.as('operator')
    assert.equal((await operator('POST', '/api/tokens', { name: 'too much', role: 'administrator' })).json().error.code, 'NOT_ALLOWED')
    const made = (await operator('POST', '/api/tokens', { name: 'nightly', role: 'helpdesk', expiresInDays: 7 })).json()
    assert.match(made.secret, /^usher_/)
    const use = () => world.app.inject({ url: '/api/me', headers: { authorization: `Bearer ${made.secret}` } })
    assert.equal((await use()).json().role, 'helpdesk')
    const listed = await operator('GET', '/api/tokens')
    assert.ok(!listed.body.includes(made.secret))
    const { rows } = await world.pool.query(`select * from auth."apikey"`)
    assert.ok(!JSON.stringify(rows).includes(made.secret))

    await world.pool.query(`update auth."user" set "role" = 'auditor' where "id" = $1`, [made.token.userId])
    assert.equal((await use()).statusCode, 401)
    await world.pool.query(`update auth."user" set "role" = 'operator' where "id" = $1`, [made.token.userId])
    assert.equal((await use()).statusCode, 200)
    assert.equal((await operator('DELETE', `/api/tokens/${made.token.id}`)).statusCode, 200)
    assert.equal((await use()).json().error.code, 'NOT_SIGNED_IN')
  })
})

test('a link ends after a day', async () => {
  let at = '2026-11-21T08:00:00Z'
  const world = await startWorld({ now: () => at })
  try {
    const token = tokenOf(await world.auth.createSetupLink())
    at = '2026-11-22T08:00:00Z'
    assert.equal((await world.app.inject({ method: 'POST', url: '/api/setup', payload: { token, ...administrator } })).statusCode, 401)
    assert.deepEqual((await world.app.inject('/api/setup')).json(), { open: true })
  } finally {
    await world.close()
  }
})

test('guessing passwords is slowed down', async () => {
  const world = await startWorld()
  try {
    const guess = (n: number) => world.app.inject({
      method: 'POST', url: '/api/auth/sign-in/email', payload: { email: 'ada@example.org', password: `guess number ${n}` },
    })
    const statuses: number[] = []
    for (let n = 0; n < 11; n++) statuses.push((await guess(n)).statusCode)
    assert.deepEqual(new Set(statuses.slice(0, 10)), new Set([401]))
    const last = await guess(11)
    assert.equal(last.json().error.code, 'TOO_MANY_REQUESTS')
    assert.ok(Number(last.headers['retry-after']) > 0)
    assert.equal((await world.app.inject('/api/setup')).statusCode, 200)
  } finally {
    await world.close()
  }
})
