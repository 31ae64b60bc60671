/** What only PostgreSQL has: privileges, grantors, owners, sessions, catalogues that move. On both versions. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import type { Outcome, ReadScope, Reader, SystemChange, Writer } from '../../src/connectors/connector.ts'
import { connections } from '../../src/connectors/postgresql/postgresql-client.ts'
import { postgresqlConnector } from '../../src/connectors/postgresql/postgresql-connector.ts'
import type { PostgresqlConfig } from '../../src/connectors/postgresql/postgresql-config.ts'
import { hasPostgres } from '../servers/postgresql.ts'
import { openSession, signsIn, startWarehouse, usherRole, type Warehouse } from './postgresql-server.ts'
import { assertFailed, held, readAll, type Named } from './system.ts'

const signal = new AbortController().signal
const everything: ReadScope = { objectTypes: [] }
const versions = (['embedded', 'debian'] as const).filter((version) => hasPostgres(version))

for (const version of versions) {
  describe(`PostgreSQL, ${version}`, () => {
    let warehouse: Warehouse
    let reader: Reader
    let writer: Writer
    const opened: (Reader | Writer)[] = []

    before(async () => {
      warehouse = await startWarehouse(version, { log_statement: 'all', log_min_messages: 'info' })
      reader = openReader()
      writer = openWriter()
    })
    after(async () => {
      for (const half of opened) await half.close()
      await warehouse.stop()
    })

    const configured = (changes: object = {}): PostgresqlConfig =>
      postgresqlConnector.configSchema.parse({ ...warehouse.config, ...changes })
    const openReader = (changes?: object) =>
      remember(postgresqlConnector.openReader(configured(changes), warehouse.secrets))
    const openWriter = (changes?: object) =>
      remember(postgresqlConnector.openWriter!(configured(changes), warehouse.secrets))
    const remember = <T extends Reader | Writer>(half: T): T => {
      opened.push(half)
      return half
    }

    const apply = async (change: SystemChange, by = writer) => await by.apply(change, signal)
    const create = async (name: string, secret?: string): Promise<Named> => {
      const outcome = await apply({
        kind: 'create',
        objectType: 'role',
        name,
        attributes: { name },
        enabled: true,
        secret,
      })
      return { objectType: 'role', name, id: idOf(outcome) }
    }
    const holdsOf = async (account: Named, by = reader) =>
      held((await by.lookup!([{ objectType: 'role', id: account.id }], everything, signal)).memberships, account)

    for (const [id, name] of [
      ['database:warehouse:CONNECT', 'CONNECT on database warehouse'],
      ['database:warehouse:TEMPORARY', 'TEMPORARY on database warehouse'],
      ['schema:sales:USAGE', 'USAGE on schema sales'],
      ['schema:finance:CREATE', 'CREATE on schema finance'],
      ['table:sales.*:INSERT', 'INSERT on sales.*'],
      ['table:finance.*:TRUNCATE', 'TRUNCATE on finance.*'],
    ] as const) {
      test(`grant and revoke ${name}`, async () => {
        const objectType = `${id.split(':')[0]}-privilege`
        for (const wanted of [
          { objectType, id },
          { objectType, name },
        ]) {
          assert.deepEqual(
            (await reader.lookup!([wanted], everything, signal)).records.map((record) => [record.id, record.name]),
            [[id, name]],
          )
        }
        const account = await create(`holds ${id}`)
        const entitlement = { objectType, id, name }
        const outcomes = []
        for (const kind of ['grant', 'grant', 'revoke', 'revoke'] as const) {
          outcomes.push((await apply({ ...account, kind, entitlement })).outcome)
          assert.deepEqual(await holdsOf(account), kind === 'grant' ? [id] : [])
        }
        assert.deepEqual(outcomes, ['done', 'already', 'done', 'already'])
      })
    }

    test('tables one by one, and from a list', async () => {
      const each = { entitlements: { tables: 'each', schemas: ['sales'] } }
      const listed = {
        entitlements: { tables: ['finance.ledger', 'sales.*'], schemas: 'none', databases: 'none', groupRoles: 'none' },
      }
      const account = await create('table by table')
      const ids = async (changes: object) =>
        (await readAll(openReader(changes), { objectTypes: ['table-privilege'] }, signal)).records
          .map((record) => record.id)
          .filter((id) => id.endsWith(':SELECT'))
          .toSorted()
      assert.deepEqual(await ids(each), [
        'table:sales.customers:SELECT',
        'table:sales.orders:SELECT',
        'table:sales.totals:SELECT',
      ])
      assert.deepEqual(await ids(listed), ['table:finance.ledger:SELECT', 'table:sales.*:SELECT'])

      const select = (on: string) => ({
        objectType: 'table-privilege',
        id: `table:${on}:SELECT`,
        name: `SELECT on ${on}`,
      })
      await apply({ ...account, kind: 'grant', entitlement: select('sales.orders') }, openWriter(each))
      assert.deepEqual(await holdsOf(account, openReader(each)), ['table:sales.orders:SELECT'])
      assert.deepEqual(await holdsOf(account, openReader(listed)), [], 'one table is not all tables')
      await apply({ ...account, kind: 'grant', entitlement: select('finance.ledger') }, openWriter(listed))
      assert.deepEqual(await holdsOf(account, openReader(listed)), ['table:finance.ledger:SELECT'])
      assertFailed(
        await apply({ ...account, kind: 'grant', entitlement: select('finance.ledger') }, openWriter(each)),
        ['TARGET_GONE'],
        false,
      )
      assert.throws(
        () => configured({ entitlements: { tables: ['sales.*', 'sales.orders'] } }),
        /take each other's grants away/,
      )
    })

    test('all tables of a schema: a new table is missed, and granted again; what is owned stays', async () => {
      const account = await create('schema reader')
      const entitlement = { objectType: 'table-privilege', id: 'table:growing.*:SELECT', name: 'SELECT on growing.*' }
      await warehouse.query(`create schema growing; create table growing.a (); create table growing.b ();
        alter table growing.b owner to "schema reader"; grant usage on schema growing to "schema reader";
        grant select on growing.a to ${usherRole} with grant option`)
      const { steps } = await reader.check(signal)
      assert.match(
        steps.find((step) => step.name === 'Grant privileges')?.message ?? '',
        /^Missing: USAGE on schema growing, /,
      )
      assertFailed(await apply({ ...account, kind: 'grant', entitlement }), ['SYSTEM_RIGHT_MISSING'], false)
      await warehouse.query(`grant usage on schema growing to ${usherRole}`)
      assert.equal((await apply({ ...account, kind: 'grant', entitlement })).outcome, 'done')
      assert.ok((await holdsOf(account)).includes(entitlement.id))
      await warehouse.query(`create table growing.c (); grant select on growing.c to ${usherRole} with grant option`)
      assert.ok(!(await holdsOf(account)).includes(entitlement.id))
      assert.equal((await apply({ ...account, kind: 'grant', entitlement })).outcome, 'done')
      assert.ok((await holdsOf(account)).includes(entitlement.id))
      assert.equal((await apply({ ...account, kind: 'revoke', entitlement })).outcome, 'done')
      const may = await warehouse.query<{
        may: boolean
      }>(`select has_table_privilege('schema reader', t, 'select') as may
        from unnest(array['growing.a', 'growing.b', 'growing.c']) t`)
      assert.deepEqual(may.map((row) => row.may), [false, true, false])
    })

    test('disable ends the sessions, delete as well; nobody else\'s', async () => {
      const [one, other] = [await create('busy', 'one'), await create('bystander', 'two')]
      const theirs = await openSession(warehouse.server, 'bystander', 'two')
      const mine = await openSession(warehouse.server, 'busy', 'one')
      assert.equal((await apply({ ...one, kind: 'disable' })).outcome, 'done')
      assert.equal(await mine.alive(), false)
      assert.equal(await signsIn(warehouse.server, 'busy', 'one'), false)
      await apply({ ...one, kind: 'enable' })
      const again = await openSession(warehouse.server, 'busy', 'one')
      assert.equal((await apply({ ...one, kind: 'delete' })).outcome, 'done')
      assert.equal(await again.alive(), false, 'a dropped role could go on in its sessions')
      assert.equal(await theirs.alive(), true)
      await apply({ ...other, kind: 'delete' })
      assert.equal(await theirs.alive(), false)
      for (const session of [theirs, mine, again]) await session.close()
    })

    test('an owner is not dropped, and what they own neither; the system says what it is', async () => {
      const account = await create('owner')
      const entitlement = { objectType: 'schema-privilege', id: 'schema:sales:USAGE', name: 'USAGE on schema sales' }
      await apply({ ...account, kind: 'grant', entitlement })
      await warehouse.query('create table finance.mine (); alter table finance.mine owner to owner')
      const outcome = await apply({ ...account, kind: 'delete' })
      assertFailed(outcome, ['SYSTEM_REFUSED'], false)
      assert.match('words' in outcome ? outcome.words : '', /owner of table finance\.mine.*reassign owned by "owner"/)
      assert.deepEqual(await holdsOf(account), ['schema:sales:USAGE'], 'nothing happened by halves')
      await warehouse.query('drop table finance.mine')
      assert.equal((await apply({ ...account, kind: 'delete' })).outcome, 'done')
    })

    test('delete takes privileges of every kind along', async () => {
      const account = await create('holder')
      await warehouse.query(`set role ${usherRole}; grant select, insert on sales.orders to holder;
        grant usage on schema sales to holder;
        grant connect on database warehouse to holder; grant analysts to holder; reset role`)
      assert.equal((await apply({ ...account, kind: 'delete' })).outcome, 'done')
    })

    test('missing rights are named, one by one, before anything is tried', async () => {
      await warehouse.query(
        'create role auditors; create schema secret; create table secret.t (); create role elder login',
      )
      const { ok, steps } = await reader.check(signal)
      const missing = (name: string) => steps.find((step) => step.name === name)
      assert.equal(ok, false)
      const admin = version === 'embedded'
      assert.equal(missing('Grant group roles')?.ok, !admin, 'before 16, CREATEROLE is enough')
      if (admin) {
        assert.match(missing('Grant group roles')?.message ?? '', /ADMIN option on auditors/)
        assert.match(missing('Manage accounts')?.message ?? '', /ADMIN option on elder/)
      }
      assert.equal(missing('Grant privileges')?.code, 'SYSTEM_RIGHT_MISSING')
      assert.match(
        missing('Grant privileges')?.message ?? '',
        /GRANT OPTION for USAGE on schema secret.*GRANT OPTION for SELECT on secret\.\*/,
      )
      assert.doesNotMatch(missing('Grant privileges')?.message ?? '', /sales/)
      await warehouse.query(`alter role ${usherRole} nocreaterole; revoke pg_signal_backend from ${usherRole}`)
      const poorer = await reader.check(signal)
      for (const name of ['Create roles', 'End sessions'])
        assert.equal(poorer.steps.find((step) => step.name === name)?.code, 'SYSTEM_RIGHT_MISSING')
      await warehouse.query(`alter role ${usherRole} createrole; grant pg_signal_backend to ${usherRole}`)

      const account = await create('hopeful')
      const table = { objectType: 'table-privilege', id: 'table:secret.*:SELECT', name: 'SELECT on secret.*' }
      assertFailed(await apply({ ...account, kind: 'grant', entitlement: table }), ['SYSTEM_RIGHT_MISSING'], false)
      await warehouse.query(`grant select on secret.t to ${usherRole}`)
      assertFailed(await apply({ ...account, kind: 'grant', entitlement: table }), ['SYSTEM_RIGHT_MISSING'], false)
      const elder = { objectType: 'role', id: await warehouse.oid('elder'), name: 'elder' }
      if (admin) assertFailed(await apply({ ...elder, kind: 'disable' }), ['SYSTEM_RIGHT_MISSING'], false)
      await warehouse.query('drop schema secret cascade; drop role auditors; drop role elder')
    })

    test('what somebody else granted and Usher cannot revoke is said, not passed over', async () => {
      const account = await create('favourite')
      await warehouse.query('grant select on all tables in schema finance to favourite; grant analysts to favourite')
      const table = { objectType: 'table-privilege', id: 'table:finance.*:SELECT', name: 'SELECT on finance.*' }
      const refused = await apply({ ...account, kind: 'revoke', entitlement: table })
      assertFailed(refused, ['SYSTEM_RIGHT_MISSING'], false)
      assert.match('words' in refused ? refused.words : '', /favourite still holds SELECT on finance\.\*/)
      const analysts = { objectType: 'group-role', id: await warehouse.oid('analysts'), name: 'analysts' }
      const group = await apply({ ...account, kind: 'revoke', entitlement: analysts })
      if (version === 'debian') assert.equal(group.outcome, 'done')
      else assertFailed(group, ['SYSTEM_RIGHT_MISSING'], false)
      await warehouse.query(
        'revoke select on all tables in schema finance from favourite; revoke analysts from favourite',
      )
    })

    test("protected: superusers, PostgreSQL's own, owners of databases, Usher itself, whoever replicates", async () => {
      await warehouse.query(
        'create role replica login replication; create role dba login; create role root_group superuser',
      )
      await warehouse.query('create database dbas owner dba')
      const { records } = await readAll(reader, everything, signal)
      const names = (is: boolean) =>
        records.filter((record) => (record.protected ?? false) === is).map((record) => record.name)
      for (const name of ['postgres', 'replica', 'dba', 'root_group', usherRole])
        assert.ok(names(true).includes(name), name)
      assert.ok(names(false).includes('analysts'))
      assert.ok(!records.some((record) => record.name === 'pg_read_all_data'))
      const account = await create('ambitious')
      const entitlement = { objectType: 'group-role', id: await warehouse.oid('root_group'), name: 'root_group' }
      assertFailed(await apply({ ...account, kind: 'grant', entitlement }), ['PROTECTED'], false)
      const named = await readAll(
        openReader({ entitlements: { groupRoles: ['pg_read_all_data'] } }),
        { objectTypes: ['group-role'] },
        signal,
      )
      assert.deepEqual(
        named.records.map((record) => record.name),
        ['pg_read_all_data'],
      )
    })

    test('a disabled account stays an account, also when somebody else disabled it', async () => {
      const account = await create('sleeper')
      await warehouse.query('alter role sleeper nologin')
      const { records: [found] } = await reader.lookup!([{ objectType: 'role', name: 'sleeper' }], everything, signal)
      assert.deepEqual([found?.id, found?.enabled, found?.attributes.validUntil], [account.id, false, undefined])
      const { records } = await readAll(reader, { objectTypes: ['group-role'] }, signal)
      assert.ok(!records.some((record) => record.name === 'sleeper'))
      await warehouse.query(`create role "by hand" login`)
      const foreign = { objectType: 'role', id: await warehouse.oid('by hand'), name: 'by hand' }
      if (version === 'embedded') await warehouse.query(`grant "by hand" to ${usherRole} with admin option`)
      await apply({ ...foreign, kind: 'disable' })
      assert.deepEqual(
        (await reader.lookup!([foreign], everything, signal)).records.map((record) => record.enabled),
        [false],
      )
    })

    test('a name that PostgreSQL would cut is refused; so is what Usher only reads', async () => {
      const name = 'ä'.repeat(32)
      const long = await apply({ kind: 'create', objectType: 'role', name, attributes: { name }, enabled: true })
      assertFailed(long, ['SYSTEM_REFUSED'], false)
      assert.match('words' in long ? long.words : '', /64 bytes; PostgreSQL takes 63/)
      const account = await create('modest')
      assertFailed(
        await apply({ ...account, kind: 'update', set: { superuser: true }, clear: [] }),
        ['SYSTEM_REFUSED'],
        false,
      )
      assertFailed(await apply({ ...account, kind: 'rename', newName: name, set: {} }), ['SYSTEM_REFUSED'], false)
      const reserved = await apply({
        kind: 'create',
        objectType: 'role',
        name: 'pg_me',
        attributes: { name: 'pg_me' },
        enabled: true,
      })
      assertFailed(reserved, ['SYSTEM_REFUSED'], false)
    })

    test('the server never hears a password', async () => {
      const secret = 'correct horse battery'
      const account = await create('secretive', secret)
      await apply({ ...account, kind: 'set-secret', secret: `${secret} staple` })
      assert.equal(await signsIn(warehouse.server, 'secretive', `${secret} staple`), true)
      const log = readFileSync(warehouse.server.logFile, 'utf8')
      assert.match(log, /create role "secretive" login/, 'the log shows statements')
      assert.doesNotMatch(log, /horse/)
    })

    test('a read shows one moment', async () => {
      const before = await readAll(reader, everything, signal)
      const reading = openReader({ pageSize: 2 }).read(everything, signal)
      await reading.next()
      await create('late')
      await warehouse.query('create schema late')
      for (;;) {
        const step = await reading.next()
        if (!step.done) continue
        assert.deepEqual(step.value, before.end)
        break
      }
      await warehouse.query('drop schema late')
    })

    test('a reader\'s session cannot write, whatever it is told', async () => {
      const own = connections(configured(), warehouse.secrets, 'reader')
      const client = await own.connect()
      await assert.rejects(client.query('create role forbidden'), { code: '25006' })
      client.release()
      await own.close()
    })

    test('side by side in one schema, by two processes: granted and dropped', async () => {
      const writers = [writer, openWriter()]
      const accounts = await Promise.all(Array.from({ length: 12 }, async (_, n) => await create(`crowd ${n}`)))
      const entitlement = { objectType: 'table-privilege', id: 'table:sales.*:SELECT', name: 'SELECT on sales.*' }
      const connect = {
        objectType: 'database-privilege',
        id: 'database:warehouse:CONNECT',
        name: 'CONNECT on database warehouse',
      }
      const both = async (change: (account: Named) => SystemChange) =>
        await Promise.all(accounts.map(async (account, n) => await apply(change(account), writers[n % 2])))
      for (const right of [entitlement, connect]) {
        const granted = await both((account) => ({ ...account, kind: 'grant', entitlement: right }))
        assert.deepEqual([...new Set(granted.map((outcome) => outcome.outcome))], ['done'], JSON.stringify(granted))
      }
      const dropped = await both((account) => ({ ...account, kind: 'delete' }))
      assert.deepEqual([...new Set(dropped.map((outcome) => outcome.outcome))], ['done'], JSON.stringify(dropped))
    })

    test('too many connections: busy, and a retry may help', async () => {
      await warehouse.query(`alter role ${usherRole} connection limit 0`)
      const change: SystemChange = {
        kind: 'create',
        objectType: 'role',
        name: 'queued',
        attributes: { name: 'queued' },
        enabled: true,
      }
      assertFailed(await apply(change, openWriter()), ['SYSTEM_BUSY'], true)
      const { end } = await readAll(openReader(), everything, signal)
      assert.deepEqual(!end.complete && end.code, 'SYSTEM_BUSY')
      await warehouse.query(`alter role ${usherRole} connection limit -1`)
      assert.equal((await apply(change)).outcome, 'done')
    })

    test('a database that is not there, a server without TLS, a secret that is not stored', async () => {
      const steps = async (changes: object) => (await openReader(changes).check(signal)).steps
      assert.deepEqual(
        (await steps({ database: 'nowhere' })).map(({ name, ok, code }) => [name, ok, code]),
        [
          ['Connect', true, undefined],
          ['Sign in', false, 'SYSTEM_REFUSED'],
        ],
      )
      assert.deepEqual(
        (await steps({ ssl: {} })).map(({ name, ok, code }) => [name, ok, code]),
        [['Connect', false, 'SYSTEM_TLS_FAILED']],
      )
      const outcome = await openWriter({ ssl: {} }).apply(
        { kind: 'disable', objectType: 'role', id: '1', name: 'x' },
        signal,
      )
      assertFailed(outcome, ['SYSTEM_TLS_FAILED'], false)
    })

    test('who granted a membership, but not where that was Usher', async () => {
      const account = await create('traced')
      await warehouse.query('create role by_hand nologin; grant by_hand to traced; create role by_usher nologin')
      await warehouse.query(`grant by_usher to ${usherRole} with admin option`)
      const entitlement = async (name: string) => ({ objectType: 'group-role', id: await warehouse.oid(name), name })
      const [byHand, byUsher] = [await entitlement('by_hand'), await entitlement('by_usher')]
      idOf(await apply({ ...account, kind: 'grant', entitlement: byUsher }))
      const [hand, own, ofAccount] = await reader.trace!([{ ...account, entitlement: byHand }, { ...account, entitlement: byUsher }, account], signal)
      assert.deepEqual([hand?.of, own, ofAccount], ['membership', null, null])
      assert.equal(hand?.by, (await warehouse.query<{ name: string }>('select current_user::text as name'))[0]!.name)
    })

    test('a role of its own for reading', async () => {
      await warehouse.query(`create role viewer login password 'viewer/password'`)
      const viewing = openReader({ reader: { user: 'viewer', password: 'viewer/password' } })
      const { steps } = await viewing.check(signal)
      assert.deepEqual(
        steps.slice(0, 3).map(({ name, ok }) => [name, ok]),
        [
          ['Connect', true],
          ['Sign in', true],
          [`Sign in as ${usherRole}`, true],
        ],
      )
      const [seen, known] = [await readAll(viewing, everything, signal), await readAll(reader, everything, signal)]
      assert.deepEqual(
        seen.records.filter((record) => record.name !== 'viewer'),
        known.records.filter((record) => record.name !== 'viewer'),
      )
      assert.equal(seen.records.find((record) => record.name === 'viewer')?.protected, true)
      assert.deepEqual(seen.memberships, known.memberships)
    })

    test('the server goes away in the middle, and comes back', async () => {
      const small = openReader({ pageSize: 1 })
      const reading = small.read(everything, signal)
      assert.equal((await reading.next()).done, false)
      await warehouse.server.pause()
      let step = await reading.next()
      while (!step.done) step = await reading.next()
      assert.ok(!step.value.complete && step.value.code === 'SYSTEM_UNREACHABLE', JSON.stringify(step.value))
      const change: SystemChange = {
        kind: 'create',
        objectType: 'role',
        name: 'patient',
        attributes: { name: 'patient' },
        enabled: true,
      }
      assertFailed(await apply(change), ['SYSTEM_UNREACHABLE'], true)
      await warehouse.server.resume()
      assert.equal((await apply(change)).outcome, 'done')
      assert.equal((await readAll(small, everything, signal)).end.complete, true)
    })
  })
}

function idOf(outcome: Outcome): string {
  assert.ok(outcome.outcome === 'done', JSON.stringify(outcome))
  return outcome.id
}
