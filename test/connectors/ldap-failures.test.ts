/** What goes wrong on the way to a directory: each failure has its own code, and no read that failed says complete. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { UsherError } from '../../src/domain/errors.ts'
import { withServers } from '../servers/install.ts'
import { startSlapd } from '../servers/slapd.ts'
import type { Slapd } from '../servers/slapd.ts'
import { make, open, readAll, seen, signal, wordsOf } from './ldap-fixture.ts'

const base = 'dc=example,dc=org'
const people = `ou=people,${base}`
const count = 3000

withServers(['slapd'], () => describe('a directory that fails', () => {
  let slapd: Slapd
  before(async () => { slapd = await startSlapd({ ldif: Array.from({ length: count }, (_, n) => entry(n)).join('\n') }) })
  after(() => slapd.stop())

  const settings = () => ({ url: slapd.url, profile: 'openldap', bindDn: slapd.bindDn, base, users: { base: people } })
  const directory = (more: Record<string, unknown> = {}) => open({ ...settings(), ...more }, slapd.password)

  test('paging: all of them, each once, whatever the size of a page', async () => {
    for (const pageSize of [7, 500, 10_000]) {
      using d = directory({ pageSize })
      const { records, end } = await readAll(d, { objectTypes: ['user'] })
      assert.deepEqual(end, { complete: true, count })
      assert.equal(new Set(records.map(({ id }) => id)).size, count)
    }
  })

  test('a size limit of the server ends the read as incomplete, with what came so far', async () => {
    for (const pageSize of [30, 500]) {
      using d = open({ ...settings(), bindDn: slapd.reader.bindDn, pageSize }, slapd.reader.password)
      const { records, end } = await readAll(d, { objectTypes: ['user'] })
      assert.ok(!end.complete)
      assert.equal(end.code, 'SYSTEM_READ_INCOMPLETE')
      assert.match(end.because, /sizeLimitExceeded/)
      assert.ok(records.length <= slapd.reader.size)
      assert.equal(end.count, records.length)
    }
  })

  test('part of the tree on another server: incomplete, and which server', async () => {
    const referral = `dn: ou=abroad,${people}\nobjectClass: referral\nobjectClass: extensibleObject\nou: abroad\nref: ldap://abroad.example/${people}\n`
    slapd.tool('ldapadd', ['-M'], referral)
    using d = directory()
    const { end } = await readAll(d)
    slapd.tool('ldapdelete', ['-M', `ou=abroad,${people}`])
    assert.ok(!end.complete)
    assert.equal(end.code, 'SYSTEM_READ_INCOMPLETE')
    assert.match(end.because, /ldap:\/\/abroad\.example/)
    assert.equal((await readAll(d)).end.complete, true)
  })

  test('killed in the middle of a read: incomplete and unreachable; back again, it is complete', async () => {
    using d = directory({ pageSize: 100 })
    const { end } = await readAll(d, { objectTypes: ['user'] }, async (page) => { if (page === 3) await slapd.kill() })
    assert.ok(!end.complete)
    assert.equal(end.code, 'SYSTEM_UNREACHABLE')
    assert.ok(end.count >= 300 && end.count < count, `${end.count}`)
    const refused = (await readAll(d)).end
    assert.ok(!refused.complete)
    assert.equal(refused.code, 'SYSTEM_UNREACHABLE')
    await slapd.start()
    assert.deepEqual((await readAll(d, { objectTypes: ['user'] })).end, { complete: true, count })
  })

  test('killed in the middle of many changes: each is done or can be tried again, and then all are done once', async () => {
    using d = directory()
    const wanted = Array.from({ length: 200 }, (_, n) => `made${n}`)
    const create = (uid: string) => d.apply({
      kind: 'create', objectType: 'user', name: `uid=${uid},${people}`, attributes: { uid, cn: uid, sn: uid }, enabled: true,
    }, signal)
    let done = 0
    let killed: Promise<void> | undefined
    const outcomes = await Promise.all(wanted.map(async (uid) => {
      const outcome = await create(uid)
      if (outcome.outcome === 'done' && ++done === 50) killed = slapd.kill()
      return { uid, outcome }
    }))
    await killed
    const failed = outcomes.filter(({ outcome }) => outcome.outcome === 'failed')
    assert.ok(failed.length > 0, 'the kill hit something')
    for (const { outcome } of failed) wordsOf(outcome, 'SYSTEM_UNREACHABLE', true)
    await slapd.start()
    for (const { uid } of failed) {
      const again = await create(uid)
      // The answer was lost and the entry is there: it is found, not made twice.
      if (again.outcome === 'failed') wordsOf(again, 'ALREADY_EXISTS')
    }
    const { records } = await readAll(d, { objectTypes: ['user'] })
    assert.deepEqual(records.map(({ attributes }) => attributes.uid).filter((uid) => wanted.includes(String(uid))).length, wanted.length)
  })

  test('killed while many wait for few connections: each of them is told, and nobody waits for ever', async () => {
    using d = directory({ parallel: 2 })
    const ask = (n: number): Promise<string> => seen(d, { name: `uid=u${n},${people}` }).then(() => 'seen', (error: UsherError) => error.code)
    assert.deepEqual(await Promise.all([ask(1), ask(2)]), ['seen', 'seen'])
    slapd.pause()
    const asked = Array.from({ length: 40 }, (_, n) => ask(n))
    await slapd.kill()
    assert.deepEqual(new Set(await Promise.all(asked)), new Set(['SYSTEM_UNREACHABLE']))
    await slapd.start()
    assert.equal(await ask(1), 'seen')
  })

  test('a server that stays silent is given up, and nothing hangs', async () => {
    using d = directory({ timeoutSeconds: 1 })
    const account = await make(d, { uid: 'waiting', cn: 'waiting', sn: 'waiting' })
    slapd.pause()
    try {
      assert.match(wordsOf(await d.apply({ ...account, kind: 'disable' }, signal), 'SYSTEM_UNREACHABLE', true), /did not answer within 1 s/)
      const { end } = await readAll(d)
      assert.equal(!end.complete && end.code, 'SYSTEM_UNREACHABLE')
    } finally {
      slapd.resume()
    }
    assert.ok(await seen(d, account))
  })

  test('stopped by the engine: the outcome says so, and the connection can be used again', async () => {
    using d = directory()
    const account = await make(d, { uid: 'stopped', cn: 'stopped', sn: 'stopped' })
    wordsOf(await d.apply({ ...account, kind: 'disable' }, AbortSignal.abort()), 'SYSTEM_UNREACHABLE', true)
    assert.equal((await seen(d, account))?.enabled, true)
  })

  test('sixteen changes with a wrong password sign in once, not sixteen times', async () => {
    using d = open({ ...settings(), parallel: 16 }, 'wrong')
    const before = binds(slapd)
    const outcomes = await Promise.all(Array.from({ length: 16 }, (_, n) => d.apply({
      kind: 'create', objectType: 'user', name: `uid=n${n},${people}`, attributes: { uid: `n${n}`, cn: 'n', sn: 'n' }, enabled: true,
    }, signal)))
    for (const outcome of outcomes) assert.match(wordsOf(outcome, 'SYSTEM_SIGN_IN_FAILED'), /invalidCredentials \(49\)/)
    // Reading the counter is a sign-in, too.
    assert.equal(binds(slapd) - before - 1, 1)
  })

  test('an empty password is no password', async () => {
    using d = open(settings(), '')
    const { end } = await readAll(d)
    assert.equal(!end.complete && end.code, 'SYSTEM_SIGN_IN_FAILED')
  })

  test('check: wrong host, password, certificate and base are four different things', async () => {
    const failing = async (more: Record<string, unknown>, password = slapd.password) => {
      using d = open({ ...settings(), ...more }, password)
      const { ok, steps } = await d.check(signal)
      assert.equal(ok, steps.every((step) => step.ok))
      return steps.filter((step) => !step.ok).map(({ name, code }) => `${name.split(' ').slice(0, 2).join(' ')}: ${code}`)
    }
    assert.deepEqual(await failing({}), [])
    assert.deepEqual(await failing({ url: 'ldap://127.0.0.1:1' }), ['Connect to: SYSTEM_UNREACHABLE'])
    assert.deepEqual(await failing({}, 'wrong'), ['Sign in: SYSTEM_SIGN_IN_FAILED'])
    assert.deepEqual(await failing({ url: slapd.tlsUrl }), ['Connect to: SYSTEM_TLS_FAILED'])
    assert.deepEqual(await failing({ url: slapd.tlsUrl, tls: { ca: '/nowhere/ca.pem' } }), ['Connect to: SYSTEM_TLS_FAILED'])
    assert.deepEqual(await failing({ url: slapd.tlsUrl, tls: { ca: slapd.ca } }), [])
    assert.deepEqual(await failing({ startTls: true, tls: { ca: slapd.ca } }), [])
    assert.deepEqual(await failing({ startTls: true }), ['Connect to: SYSTEM_TLS_FAILED'])
    assert.deepEqual(await failing({ url: slapd.tlsUrl, tls: { ca: slapd.ca, serverName: 'other.example' } }), ['Connect to: SYSTEM_TLS_FAILED'])
    assert.deepEqual(await failing({ users: { base: `ou=typo,${base}` } }), ['Read users: NOT_FOUND'])
    assert.deepEqual(await failing({ url: slapd.tlsUrl.replace('ldaps', 'ldap') }), ['Connect to: SYSTEM_UNREACHABLE'].slice(1).concat('Sign in: SYSTEM_UNREACHABLE'))
  })

  test('a missing base ends a read by name', async () => {
    using d = directory({ users: { base: `ou=typo,${base}` } })
    const { end } = await readAll(d)
    assert.deepEqual([end.complete, !end.complete && end.code], [false, 'NOT_FOUND'])
    assert.match(end.complete ? '' : end.because, /ou=typo/)
  })
}))

function binds(slapd: Slapd): number {
  const answer = slapd.tool('ldapsearch', ['-LLL', '-s', 'base', '-b', 'cn=Bind,cn=Operations,cn=Monitor', 'monitorOpInitiated'])
  return Number(/monitorOpInitiated: (\d+)/.exec(answer)?.[1])
}

function entry(n: number): string {
  return `dn: uid=u${n},${people}\nobjectClass: inetOrgPerson\nuid: u${n}\ncn: Person ${n}\nsn: ${n}\nmail: u${n}@example.org\n`
}
