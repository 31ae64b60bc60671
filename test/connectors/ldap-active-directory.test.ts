/** Active Directory, where it differs from what every connector must do. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ldapConnector } from '../../src/connectors/ldap/ldap-connector.ts'
import { withServers } from '../servers/install.ts'
import { startSamba } from '../servers/samba.ts'
import type { Samba } from '../servers/samba.ts'
import { idIn, make, open, readAll, seen, signal, wordsOf } from './ldap-fixture.ts'

const base = 'DC=corp,DC=example'
const staff = `OU=Staff,${base}`

withServers(['samba'], () => describe('Active Directory', () => {
  let samba: Samba
  before(async () => {
    samba = await startSamba()
    samba.tool('ldapadd', [], start)
  })
  after(() => samba.stop())

  const settings = () => ({
    url: samba.url, tls: { ca: samba.ca }, profile: 'active-directory', bindDn: samba.bindDn, base, users: { base: staff }, groups: { base: staff },
  })
  const directory = (more: Record<string, unknown> = {}) => open({ ...settings(), ...more }, samba.password)
  const user = (name: string, more = {}) => ({ cn: name, sAMAccountName: name, ...more })
  const secret = 'First-Secret-1'

  test('an account can sign in by Kerberos until it is disabled, and again when it is enabled', async () => {
    using d = directory()
    const account = await make(d, user('kerb', { userPrincipalName: 'kerb@corp.example' }), { secret })
    assert.equal(samba.kinit('kerb', secret), true)
    idIn(await d.apply({ ...account, kind: 'disable' }, signal))
    assert.match(String(samba.kinit('kerb', secret)), /revoked/)
    idIn(await d.apply({ ...account, kind: 'enable' }, signal))
    assert.equal(samba.kinit('kerb', secret), true)
    for (const again of [1, 2]) assert.equal((await d.apply({ ...account, kind: 'set-secret', secret: 'Second-Secret-2' }, signal)).outcome, 'done', `${again}`)
    assert.equal(samba.kinit('kerb', 'Second-Secret-2'), true)
  })

  test('when an account was changed last', async () => {
    using d = directory()
    const account = await make(d, user('traced'), { secret })
    const [trace] = await d.trace!([account], signal)
    assert.match(trace?.at ?? '', /^20\d\d-\d\d-\d\dT/)
    assert.deepEqual([trace?.of, trace?.by], ['account', undefined])
  })

  test('the other flags of an account stay as they are', async () => {
    using d = directory()
    const account = await make(d, user('flags'), { secret })
    const flags = () => Number(/userAccountControl: (\d+)/.exec(samba.tool('ldapsearch', ['-LLL', '-s', 'base', '-b', account.name, 'userAccountControl']))?.[1])
    const neverExpires = 0x10000
    samba.tool('ldapmodify', [], `dn: ${account.name}\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: ${0x200 | neverExpires}\n`)
    idIn(await d.apply({ ...account, kind: 'disable' }, signal))
    assert.equal(flags(), 0x202 | neverExpires)
    assert.equal((await d.apply({ ...account, kind: 'disable' }, signal)).outcome, 'already')
    idIn(await d.apply({ ...account, kind: 'enable' }, signal))
    assert.equal(flags(), 0x200 | neverExpires)
  })

  test('a move to another OU keeps id, groups and sign-in; a missing OU is named', async () => {
    using d = directory()
    const group = await make(d, { cn: 'Movers', sAMAccountName: 'Movers' }, { objectType: 'group' })
    const account = await make(d, user('Mover, Łukasz "M"', { sAMAccountName: 'mover' }), { secret })
    idIn(await d.apply({ ...account, kind: 'grant', entitlement: group }, signal))
    const container = `OU=Sales\\, EMEA,${staff}`
    const newName = ldapConnector.nameOf?.(d.config, 'user', { cn: 'Mover + more', container }) ?? ''
    idIn(await d.apply({ ...account, kind: 'rename', newName, set: { cn: 'Mover + more', container } }, signal))
    const moved = await seen(d, { id: account.id })
    assert.deepEqual([moved?.name, moved?.attributes.container, moved?.attributes.cn, moved?.holds], [newName, container, 'Mover + more', [group.id]])
    assert.equal(samba.kinit('mover', secret), true)
    const lost = await d.apply({ ...account, kind: 'rename', newName: `CN=x,OU=Nowhere,${base}`, set: {} }, signal)
    assert.match(wordsOf(lost, 'SYSTEM_REFUSED'), /There is no OU=Nowhere/)
    const created = await d.apply({ kind: 'create', objectType: 'user', name: `CN=x,OU=Nowhere,${base}`, attributes: user('x'), enabled: false }, signal)
    assert.match(wordsOf(created, 'SYSTEM_REFUSED'), /There is no OU=Nowhere/)
  })

  test('a group in a group', async () => {
    using d = directory()
    const outer = await make(d, { cn: 'Outer', sAMAccountName: 'Outer' }, { objectType: 'group' })
    const inner = await make(d, { cn: 'Inner', sAMAccountName: 'Inner' }, { objectType: 'group' })
    for (const expected of ['done', 'already']) {
      assert.equal((await d.apply({ ...inner, kind: 'grant', entitlement: outer }, signal)).outcome, expected)
    }
    assert.deepEqual((await seen(d, inner, 'group'))?.holds, [outer.id])
    const { memberships } = await readAll(d, { objectTypes: ['group'] })
    assert.deepEqual(memberships.filter(({ entitlementId }) => entitlementId === outer.id), [{ entitlementId: outer.id, member: { name: inner.name } }])
    for (const expected of ['done', 'already']) {
      assert.equal((await d.apply({ ...inner, kind: 'revoke', entitlement: outer }, signal)).outcome, expected)
    }
  })

  test('more members than one answer shows: all of them, each once', async () => {
    const names = Array.from({ length: 1601 }, (_, n) => `CN=c${n},OU=Many,${base}`)
    samba.tool('ldapadd', [], `dn: OU=Many,${base}\nobjectClass: organizationalUnit\n\n${names.map((dn) => `dn: ${dn}\nobjectClass: contact\n`).join('\n')}`)
    samba.tool('ldapadd', [], `dn: CN=All,OU=Many,${base}\nobjectClass: group\nsAMAccountName: All\n${names.map((dn) => `member: ${dn}`).join('\n')}\n`)
    using d = directory({ groups: { base: `OU=Many,${base}` } })
    const { memberships, end } = await readAll(d, { objectTypes: ['group'] })
    assert.deepEqual(end, { complete: true, count: 1 })
    const page = await d.lookup?.([{ objectType: 'group', name: `CN=All,OU=Many,${base}` }], { objectTypes: [] }, signal)
    for (const shown of [memberships, page?.memberships ?? []]) {
      assert.deepEqual(shown.map(({ member }) => ('name' in member ? member.name : '')).toSorted(), names.toSorted())
    }
  })

  test('values: an instant, several values, a person as reference, text beyond ASCII', async () => {
    using d = directory()
    const manager = await make(d, user('boss'), { secret })
    const attributes = user('valued', {
      accountExpires: '2027-03-31T22:00:00Z', manager: manager.name, proxyAddresses: ['SMTP:a@corp.example', 'smtp:b@corp.example'], displayName: 'Zoë 🦊',
    })
    const account = await make(d, attributes, { secret })
    const read = (await readAll(d, { objectTypes: ['user'] })).records.find(({ id }) => id === account.id)
    const found = await seen(d, account)
    assert.ok(found)
    const { holds: _, ...looked } = found
    assert.deepEqual(read, looked)
    for (const [name, value] of Object.entries(attributes)) {
      assert.deepEqual([looked.attributes[name]].flat().toSorted(), [value].flat().toSorted(), name)
    }
    idIn(await d.apply({ ...account, kind: 'update', set: {}, clear: ['accountExpires', 'manager', 'proxyAddresses'] }, signal))
    const cleared = await seen(d, account)
    for (const name of ['accountExpires', 'manager', 'proxyAddresses']) assert.equal(cleared?.attributes[name], undefined, name)
    const refused = await d.apply({ ...account, kind: 'update', set: { accountExpires: 'soon' }, clear: [] }, signal)
    assert.match(wordsOf(refused, 'SYSTEM_REFUSED'), /accountExpires: "soon" is not an instant/)
  })

  test('what is built in is shown as protected and never changed', async () => {
    using d = directory({ users: { base }, groups: { base } })
    const { records, end } = await readAll(d)
    assert.equal(end.complete, true)
    const named = (name: string) => records.find((record) => record.attributes.sAMAccountName === name)
    for (const name of ['Administrator', 'Guest', 'krbtgt', 'Domain Admins', 'Administrators', 'Domain Users']) assert.equal(named(name)?.protected, true, name)
    assert.equal(records.some(({ attributes }) => attributes.sAMAccountName === 'DC1$'), false, 'computers are no users')
    const krbtgt = named('krbtgt')
    const admins = named('Domain Admins')
    assert.ok(krbtgt && admins)
    const usn = samba.writes()
    for (const kind of ['disable', 'delete'] as const) wordsOf(await d.apply({ ...krbtgt, kind }, signal), 'PROTECTED')
    const controller = `CN=DC1,OU=Domain Controllers,${base}`
    const computer = { objectType: 'user', name: controller, id: guidOf(samba, controller) }
    wordsOf(await d.apply({ ...computer, kind: 'disable' }, signal), 'PROTECTED')
    assert.equal(samba.writes(), usn, 'the server has written nothing')
    const account = await make(d, user('climber', { container: staff }), { secret })
    wordsOf(await d.apply({ ...account, kind: 'grant', entitlement: admins }, signal), 'PROTECTED')
    assert.deepEqual((await seen(d, account))?.holds, [])
  })

  test('rules that the server answers with a number only are said in words before', async () => {
    using d = directory()
    const create = (attributes: Record<string, string>, more = {}) => d.apply({
      kind: 'create', objectType: 'user', name: `CN=${attributes.cn},${staff}`, attributes, enabled: true, secret, ...more,
    }, signal)
    assert.match(wordsOf(await create(user('a'.repeat(21))), 'SYSTEM_REFUSED'), /has 21 characters; 20 are allowed/)
    assert.match(wordsOf(await create(user('at', { sAMAccountName: 'a@b' })), 'SYSTEM_REFUSED'), /holds @, which is not allowed/)
    assert.match(wordsOf(await create(user('nopass'), { secret: undefined }), 'REQUIRED_EMPTY'), /only with a password/)
    const weak = await create(user('weak'), { secret: 'weak' })
    assert.match(wordsOf(weak, 'SYSTEM_REFUSED'), /password/i)
    assert.equal(await seen(d, { name: `CN=weak,${staff}` }), undefined, 'nothing is left behind')
    await make(d, user('taken'), { secret })
    wordsOf(await create(user('other', { sAMAccountName: 'taken' })), 'ALREADY_EXISTS')
  })

  test('no password goes over a connection that is not encrypted', async () => {
    using d = directory({ url: samba.plainUrl })
    const attributes = user('clear')
    const created = await d.apply({ kind: 'create', objectType: 'user', name: `CN=clear,${staff}`, attributes, enabled: true, secret }, signal)
    assert.match(wordsOf(created, 'SYSTEM_TLS_FAILED'), /encrypted/)
    const { ok, steps } = await d.check(signal)
    assert.equal(ok, false)
    assert.deepEqual(steps.filter((step) => !step.ok).map(({ name }) => name), ['Set passwords'])
    using encrypted = directory({ url: samba.plainUrl, startTls: true })
    assert.equal((await encrypted.check(signal)).ok, true)
    const account = await make(encrypted, attributes, { secret })
    assert.equal(samba.kinit('clear', secret), true, account.name)
  })

  test('check: each right that an account lacks, by name', async () => {
    using admin = directory()
    const helper = await make(admin, user('helper'), { secret })
    await make(admin, user('sample'), { secret })
    using d = open({ ...settings(), bindDn: helper.name }, secret)
    const { ok, steps } = await d.check(signal)
    assert.equal(ok, false)
    const failed = steps.filter((step) => !step.ok)
    assert.deepEqual([...new Set(failed.map(({ code }) => code))], ['SYSTEM_RIGHT_MISSING'])
    assert.match(failed.map(({ message }) => message).join('\n'), /may not create user objects in OU=Staff/)
    assert.match(failed.map(({ message }) => message).join('\n'), /may not write userAccountControl, sAMAccountName/)
    wordsOf(await d.apply({ kind: 'create', objectType: 'user', name: `CN=y,${staff}`, attributes: user('y'), enabled: true, secret }, signal), 'SYSTEM_RIGHT_MISSING')
    const wrong = open({ ...settings(), bindDn: helper.name }, 'Wrong-Secret-1')
    const { steps: refused } = await wrong.check(signal)
    await wrong.close()
    assert.equal(refused.at(-1)?.code, 'SYSTEM_SIGN_IN_FAILED')
    assert.match(refused.at(-1)?.message ?? '', /the password is wrong/)
  })

  test('the domain\'s other naming contexts make no read incomplete', async () => {
    using d = directory({ users: { base }, groups: { base }, pageSize: 5 })
    const { end, records } = await readAll(d)
    assert.deepEqual(end, { complete: true, count: records.length })
  })
}))

function guidOf(samba: Samba, dn: string): string {
  const base64 = /^objectGUID:: (.*)$/m.exec(samba.tool('ldapsearch', ['-LLL', '-s', 'base', '-b', dn, 'objectGUID']))?.[1] ?? ''
  const hex = Buffer.from(base64, 'base64').toString('hex')
  const [, a = '', b = '', c = '', d, e] = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/.exec(hex) ?? []
  return `${[a, b, c].map((part) => Buffer.from(part, 'hex').reverse().toString('hex')).join('-')}-${d}-${e}`
}

const start = `dn: ${staff}
objectClass: organizationalUnit

dn: OU=Sales\\, EMEA,${staff}
objectClass: organizationalUnit
`
