/** OpenLDAP, where it differs from what every connector must do. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Client } from 'ldapts'
import { withServers } from '../servers/install.ts'
import { startSlapd } from '../servers/slapd.ts'
import type { Slapd } from '../servers/slapd.ts'
import { idIn, make, open, readAll, seen, signal, wordsOf } from './ldap-fixture.ts'

const base = 'dc=example,dc=org'
const people = `ou=people,${base}`
const groups = `ou=groups,${base}`

withServers(['slapd'], () => describe('OpenLDAP', () => {
  let slapd: Slapd
  before(async () => { slapd = await startSlapd() })
  after(() => slapd.stop())

  const directory = (more: Record<string, unknown> = {}) => open({
    url: slapd.url, profile: 'openldap', bindDn: slapd.bindDn, base, users: { base: people }, groups: { base: groups }, ...more,
  }, slapd.password)
  const user = (uid: string, more = {}) => ({ uid, cn: uid, sn: 'Test', ...more })

  test('disabled: the password is kept, refused, and works again', async () => {
    using d = directory()
    const account = await make(d, user('sleeper'), { secret: 'first-Secret' })
    assert.equal(await binds(slapd.url, account.name, 'first-Secret'), true)
    idIn(await d.apply({ ...account, kind: 'disable' }, signal))
    assert.equal(await binds(slapd.url, account.name, 'first-Secret'), false)
    const kept = slapd.tool('ldapsearch', ['-LLL', '-s', 'base', '-b', account.name, '-o', 'ldif-wrap=no', 'userPassword'])
    const stored = [...kept.matchAll(/^userPassword:: (.*)$/gm)].map(([, value]) => Buffer.from(value ?? '', 'base64').toString())
    for (const value of stored) assert.equal(await binds(slapd.url, account.name, value), false, 'what is stored is no password')
    assert.equal((await readAll(d)).records.find(({ id }) => id === account.id)?.enabled, false)
    idIn(await d.apply({ ...account, kind: 'set-secret', secret: 'second-Secret' }, signal))
    assert.equal(await binds(slapd.url, account.name, 'second-Secret'), false, 'a new secret enables nobody')
    assert.equal((await seen(d, account))?.enabled, false)
    idIn(await d.apply({ ...account, kind: 'enable' }, signal))
    assert.equal(await binds(slapd.url, account.name, 'second-Secret'), true)
    assert.equal((await seen(d, account))?.enabled, true)
  })

  test('the last member leaves a groupOfNames, and a placeholder that nobody sees takes the place', async () => {
    using d = directory()
    const group = await make(d, { cn: 'lonely' }, { objectType: 'group' })
    const account = await make(d, user('only'))
    slapd.tool('ldapmodify', [], `dn: ${group.name}\nchangetype: modify\nreplace: member\nmember: ${account.name}\n`)
    assert.deepEqual((await seen(d, account))?.holds, [group.id])
    assert.equal((await d.apply({ ...account, kind: 'revoke', entitlement: group }, signal)).outcome, 'done')
    assert.equal((await d.apply({ ...account, kind: 'revoke', entitlement: group }, signal)).outcome, 'already')
    assert.deepEqual((await readAll(d)).memberships.filter(({ entitlementId }) => entitlementId === group.id), [])
    assert.equal((await d.apply({ ...account, kind: 'grant', entitlement: group }, signal)).outcome, 'done')
    assert.equal((await d.apply({ ...account, kind: 'grant', entitlement: group }, signal)).outcome, 'already')
  })

  test('a posixGroup names its members by uid, and keeps them when they are renamed', async () => {
    using d = directory({ groups: { base: groups, objectClasses: ['posixGroup'] } })
    const group = await make(d, { cn: 'posix', gidNumber: 7001 }, { objectType: 'group' })
    const account = await make(d, user('numbered', { uidNumber: 7001, gidNumber: 7001, homeDirectory: '/home/numbered' }))
    idIn(await d.apply({ ...account, kind: 'grant', entitlement: group }, signal))
    assert.match(slapd.tool('ldapsearch', ['-LLL', '-b', group.name, 'memberUid']), /memberUid: numbered\n/)
    const { memberships } = await readAll(d)
    assert.deepEqual(memberships.filter(({ entitlementId }) => entitlementId === group.id), [{ entitlementId: group.id, member: { name: account.name } }])
    const newName = `uid=counted,${people}`
    idIn(await d.apply({ ...account, kind: 'rename', newName, set: { uid: 'counted' } }, signal))
    assert.deepEqual((await seen(d, { id: account.id }))?.holds, [group.id])
    idIn(await d.apply({ ...account, name: newName, kind: 'delete' }, signal))
    assert.doesNotMatch(slapd.tool('ldapsearch', ['-LLL', '-b', group.name, 'memberUid']), /memberUid/)
  })

  test('who changed an entry last, but not where that was Usher', async () => {
    using d = directory()
    using other = open({ url: slapd.url, profile: 'openldap', bindDn: slapd.reader.bindDn, base, users: { base: people }, groups: { base: groups } }, slapd.reader.password)
    const account = await make(d, user('traced'))
    const group = await make(d, { cn: 'traced' }, { objectType: 'group' })
    const asked = [account, { ...account, entitlement: group }, { ...account, id: '00000000-0000-0000-0000-000000000000' }]
    const [ofAccount, ofGroup, ofNothing] = await other.trace!(asked, signal)
    assert.match(ofAccount?.at ?? '', /^20\d\d-\d\d-\d\dT/)
    assert.deepEqual([ofAccount?.of, ofAccount?.by, ofGroup?.of, ofNothing], ['account', slapd.bindDn, 'entitlement', null])
    assert.deepEqual(await d.trace!(asked, signal), [null, null, null])
  })

  test('a group in a group', async () => {
    using d = directory()
    const outer = await make(d, { cn: 'outer' }, { objectType: 'group' })
    const inner = await make(d, { cn: 'inner' }, { objectType: 'group' })
    idIn(await d.apply({ ...inner, kind: 'grant', entitlement: outer }, signal))
    assert.deepEqual((await seen(d, inner, 'group'))?.holds, [outer.id])
    idIn(await d.apply({ ...inner, kind: 'revoke', entitlement: outer }, signal))
    assert.deepEqual((await seen(d, inner, 'group'))?.holds, [])
  })

  test('a move: the memberships and the names with special characters go along', async () => {
    using d = directory()
    slapd.tool('ldapadd', [], `dn: ou=a\\, b \\+ c,${people}\nobjectClass: organizationalUnit\nou: a, b + c\n`)
    const group = await make(d, { cn: 'movers' }, { objectType: 'group' })
    const account = await make(d, user('Smith, John #1 "x"'))
    idIn(await d.apply({ ...account, kind: 'grant', entitlement: group }, signal))
    const container = `ou=a\\, b \\+ c,${people}`
    const newName = `uid= \\#Łukasz,${container}`.replace('= ', '=\\ ')
    idIn(await d.apply({ ...account, kind: 'rename', newName, set: { uid: ' #Łukasz', container } }, signal))
    const moved = await seen(d, { id: account.id })
    assert.deepEqual([moved?.attributes.uid, moved?.attributes.container, moved?.holds], [' #Łukasz', container, [group.id]])
    assert.equal((await readAll(d)).records.find(({ id }) => id === account.id)?.name, moved?.name)
  })

  test('a missing OU is named', async () => {
    using d = directory()
    const container = `ou=nowhere,${base}`
    const created = await d.apply({ kind: 'create', objectType: 'user', name: `uid=x,${container}`, attributes: user('x'), enabled: true }, signal)
    assert.match(wordsOf(created, 'SYSTEM_REFUSED'), /There is no ou=nowhere,dc=example,dc=org to put uid=x in/)
    const account = await make(d, user('stayer'))
    const moved = await d.apply({ ...account, kind: 'rename', newName: `uid=stayer,${container}`, set: { container } }, signal)
    assert.match(wordsOf(moved, 'SYSTEM_REFUSED'), /There is no ou=nowhere/)
    assert.equal((await seen(d, { id: account.id }))?.name, account.name)
  })

  test('values for new users come from the configuration where the mapping gives none', async () => {
    using d = directory({ defaults: { loginShell: '/bin/bash', gidNumber: '100' } })
    const account = await make(d, user('shell', { uidNumber: 8001, gidNumber: 8000, homeDirectory: '/home/shell' }))
    const { attributes } = await seen(d, account) ?? {}
    assert.deepEqual([attributes?.loginShell, attributes?.gidNumber, attributes?.uidNumber], ['/bin/bash', 8000, 8001])
  })

  test('the server\'s own words come back, and no secret in them', async () => {
    using d = directory()
    const attributes = { uid: 'nameless', cn: 'nameless' }
    const outcome = await d.apply({ kind: 'create', objectType: 'user', name: `uid=nameless,${people}`, attributes, enabled: true, secret: 'Top-Secret' }, signal)
    const words = wordsOf(outcome, 'SYSTEM_REFUSED')
    assert.match(words, /objectClassViolation \(65\): object class 'inetOrgPerson' requires attribute 'sn'/)
    assert.doesNotMatch(words, /Top-Secret/)
  })

  test('a password is no attribute', async () => {
    using d = directory()
    const account = await make(d, user('plain'))
    const outcome = await d.apply({ ...account, kind: 'update', set: { userPassword: 'x' }, clear: [] }, signal)
    assert.match(wordsOf(outcome, 'SYSTEM_REFUSED'), /set as a secret/)
    const { records } = await readAll(d, { objectTypes: ['user'], attributes: { user: ['uid', 'userPassword'] } })
    assert.deepEqual([...new Set(records.flatMap(({ attributes }) => Object.keys(attributes)))], ['uid'])
  })

  test('protected by a pattern: shown as such, and refused even under a stale name', async () => {
    using d = directory({ protected: [`uid=svc-*,${people}`] })
    using unprotected = directory()
    const account = await make(unprotected, user('svc-backup'))
    assert.equal((await seen(d, account))?.protected, true)
    const stale = { ...account, name: `uid=before,${people}` }
    for (const kind of ['disable', 'delete'] as const) wordsOf(await d.apply({ ...stale, kind }, signal), 'PROTECTED')
    assert.equal((await seen(d, account))?.enabled, true)
  })

  test('a user without rights: each refusal says so', async () => {
    using admin = directory()
    const account = await make(admin, user('untouchable'))
    using d = open({ url: slapd.url, profile: 'openldap', bindDn: slapd.reader.bindDn, base, users: { base: people } }, slapd.reader.password)
    wordsOf(await d.apply({ ...account, kind: 'update', set: { title: 'x' }, clear: [] }, signal), 'SYSTEM_RIGHT_MISSING')
    wordsOf(await d.apply({ ...account, kind: 'delete' }, signal), 'SYSTEM_RIGHT_MISSING')
    assert.ok(await seen(admin, account))
  })
}))

withServers(['slapd'], () => describe('OpenLDAP with password policies', () => {
  let slapd: Slapd
  before(async () => { slapd = await startSlapd({ config: `overlay ppolicy\nppolicy_default cn=policy,${base}\nppolicy_hash_cleartext`, ldif: policy }) })
  after(() => slapd.stop())

  const directory = (more: Record<string, unknown> = {}) => open({
    url: slapd.tlsUrl, tls: { ca: slapd.ca }, profile: 'openldap', bindDn: slapd.bindDn, base, users: { base: people }, ...more,
  }, slapd.password)
  const user = (uid: string) => ({ uid, cn: uid, sn: 'Test' })

  for (const passwords of ['ssha', 'server']) {
    test(`disabled by the policy; passwords hashed by: ${passwords}`, async () => {
      using d = directory({ disable: 'pwdAccountLockedTime', passwords })
      const account = await make(d, user(`locked-${passwords}`), { secret: 'first-Secret', enabled: false })
      assert.equal(await binds(slapd.url, account.name, 'first-Secret'), false)
      assert.equal((await seen(d, account))?.enabled, false)
      idIn(await d.apply({ ...account, kind: 'enable' }, signal))
      assert.equal(await binds(slapd.url, account.name, 'first-Secret'), true)
      assert.deepEqual([(await seen(d, account))?.enabled, (await d.apply({ ...account, kind: 'disable' }, signal)).outcome], [true, 'done'])
      idIn(await d.apply({ ...account, kind: 'set-secret', secret: 'second-Secret' }, signal))
      assert.equal(await binds(slapd.url, account.name, 'second-Secret'), false)
      idIn(await d.apply({ ...account, kind: 'enable' }, signal))
      assert.equal(await binds(slapd.url, account.name, 'second-Secret'), true)
      const stored = slapd.tool('ldapsearch', ['-LLL', '-s', 'base', '-b', account.name, 'userPassword'])
      assert.match(Buffer.from(/userPassword:: (\S+)/.exec(stored)?.[1] ?? '', 'base64').toString(), /^\{SSHA\}/)
    })
  }

  test('the other way to disable does not work here, and the refusal says what does', async () => {
    using d = directory()
    const account = await make(d, user('both'), { secret: 'first-Secret' })
    assert.match(wordsOf(await d.apply({ ...account, kind: 'disable' }, signal), 'SYSTEM_REFUSED'), /disable: pwdAccountLockedTime/)
    assert.equal(await binds(slapd.url, account.name, 'first-Secret'), true)
  })
}))

async function binds(url: string, dn: string, password: string): Promise<boolean> {
  const client = new Client({ url })
  try {
    await client.bind(dn, password)
    return true
  } catch {
    return false
  } finally {
    await client.unbind()
  }
}

const policy = `dn: cn=policy,${base}
objectClass: organizationalRole
objectClass: pwdPolicy
cn: policy
pwdAttribute: userPassword
pwdLockout: TRUE
`
