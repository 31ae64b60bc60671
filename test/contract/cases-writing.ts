/** What every connector must do when it writes: each change twice, then look. */
import assert from 'node:assert/strict'
import type { Operation, Reader, SystemChange, Writer } from '../../src/connectors/connector.ts'
import type { Attributes } from '../../src/domain/value.ts'
import type { Case } from './cases-reading.ts'
import {
  assertFailed,
  assertShows,
  can,
  creation,
  held,
  lookupOne,
  nameOf,
  newAccount,
  readAll,
  removeAll,
  settle,
  sideBySide,
  succeed,
  withBoth,
  type Named,
  type System,
} from './system.ts'

export interface WritingCase {
  /** Operations of the account type that the case needs; lacking one of them it is NOT_SUPPORTED. */
  needs: Operation[]
  run: Case
}

export const writingCases: Record<string, WritingCase> = {
  'create: once it is there; a second time it is ALREADY_EXISTS, and untouched': {
    needs: ['create'],
    run: (system) => withBoth(system, async (reader, writer) => {
      const account = await newAccount(system, writer)
      const found = await seen(system, reader, account)
      assert.equal(found.record.name, account.name)
      assertShows(system, found.record, account.attributes)
      if (can(system, 'disable')) assert.equal(found.record.enabled, true)
      assert.notEqual(found.record.protected, true)

      const other = { ...account.attributes, ...system.account.change, ...naming(system, account.attributes) }
      assertFailed(await settle(system, writer, creation(system, other)), ['ALREADY_EXISTS'], false)
      assert.deepEqual(await seen(system, reader, account), found, 'what exists is not touched')
      await removeAll(system, writer, [account])
    }),
  },

  'create: disabled, and it is': {
    needs: ['create', 'enable', 'disable'],
    run: (system) => withBoth(system, async (reader, writer) => {
      const change = creation(system, system.account.make(system.label()), false)
      const { id } = await succeed(system, writer, change)
      const account = { ...change, id }
      assert.equal((await seen(system, reader, account)).record.enabled, false)
      await succeed(system, writer, { ...pick(account), kind: 'enable' })
      assert.equal((await seen(system, reader, account)).record.enabled, true)
      await removeAll(system, writer, [account])
    }),
  },

  'update twice, clear twice: what is named changes, and nothing else': {
    needs: ['create', 'update'],
    run: (system) => withBoth(system, async (reader, writer) => {
      const account = await newAccount(system, writer)
      const { change: set, clear } = system.account
      await twice(system, writer, { ...pick(account), kind: 'update', set, clear: [] })
      const updated = await seen(system, reader, account)
      assertShows(system, updated.record, { ...account.attributes, ...set })

      await twice(system, writer, { ...pick(account), kind: 'update', set: {}, clear })
      const cleared = await seen(system, reader, account)
      for (const name of clear) assert.equal(cleared.record.attributes[name], undefined, `${name} is cleared`)
      assertShows(system, cleared.record, without({ ...account.attributes, ...set }, clear))

      const neither = without({ ...account.attributes, ...set }, clear)
      await succeed(system, writer, { ...pick(account), kind: 'update', set: neither, clear: [] })
      assert.deepEqual(await seen(system, reader, account), cleared, 'setting what is there changes nothing')
      await removeAll(system, writer, [account])
    }),
  },

  'update: unicode comes back as it was sent': {
    needs: ['create', 'update'],
    run: (system) => withBoth(system, async (reader, writer) => {
      const created = creation(system, { ...system.account.make(system.label()), ...system.account.unicode })
      const { id } = await succeed(system, writer, created)
      assertShows(system, (await seen(system, reader, { ...created, id })).record, system.account.unicode)
      const account = await newAccount(system, writer)
      await succeed(system, writer, { ...pick(account), kind: 'update', set: system.account.unicode, clear: [] })
      assertShows(system, (await seen(system, reader, account)).record, system.account.unicode)
      await removeAll(system, writer, [account, { ...created, id }])
    }),
  },

  'rename twice: another name, the same id; everything else stays': {
    needs: ['create', 'rename'],
    run: (system) =>
      withBoth(system, async (reader, writer) => {
        const account = await newAccount(system, writer)
        if (can(system, 'grant'))
          await succeed(system, writer, { ...pick(account), kind: 'grant', entitlement: system.entitlements[0]! })
        const before = await seen(system, reader, account)
        const attributes = { ...account.attributes, ...system.account.renamed(account.label) }
        const newName = nameOf(system, attributes)
        assert.notEqual(newName, account.name)
        const rename: SystemChange = {
          ...pick(account),
          kind: 'rename',
          newName,
          set: system.account.renamed(account.label),
        }
        await twice(system, writer, rename)
        const after = await seen(system, reader, account)
        assert.equal(after.record.name, newName)
        assertShows(system, after.record, attributes)
        assert.deepEqual(after.holds, before.holds)
        assert.equal(after.record.enabled, before.record.enabled)
        const { objectType } = account
        assert.equal((await lookupOne(system, reader, { objectType, name: newName }))?.record.id, account.id)
        assert.equal(
          await lookupOne(system, reader, { objectType, name: account.name }),
          undefined,
          'the old name is free',
        )

      const other = await newAccount(system, writer)
      assertFailed(await settle(system, writer, { ...rename, ...pick(other) }), ['ALREADY_EXISTS'], false)
      await removeAll(system, writer, [{ ...account, name: newName }, other])
    }),
  },

  'disable twice, enable twice': {
    needs: ['create', 'enable', 'disable'],
    run: (system) => withBoth(system, async (reader, writer) => {
      const account = await newAccount(system, writer)
      const before = await seen(system, reader, account)
      await twice(system, writer, { ...pick(account), kind: 'disable' })
      assert.deepEqual(await seen(system, reader, account), { ...before, record: { ...before.record, enabled: false } })
      await twice(system, writer, { ...pick(account), kind: 'enable' })
      assert.deepEqual(await seen(system, reader, account), before)
      await removeAll(system, writer, [account])
    }),
  },

  'set-secret twice: the new one gets in, the old one does not, disabled neither does': {
    needs: ['create', 'set-secret'],
    run: (system) => withBoth(system, async (reader, writer) => {
      const { signsIn, account: { newSecret } } = system
      assert.ok(newSecret && signsIn, 'the fixture can try secrets')
      const [first, second] = [newSecret(), newSecret()]
      const change: SystemChange = { ...creation(system, system.account.make(system.label())), secret: first }
      const { id } = await succeed(system, writer, change)
      const account = { ...change, id }
      const tries = async (secret: string) => await signsIn(account.name, account.attributes, secret)
      assert.deepEqual([await tries(first), await tries(second)], [true, false])
      await twice(system, writer, { ...pick(account), kind: 'set-secret', secret: second })
      assert.deepEqual([await tries(first), await tries(second)], [false, true])
      const shown = JSON.stringify(await seen(system, reader, account))
      assert.ok(!shown.includes(first) && !shown.includes(second), 'secrets are never read back')
      if (can(system, 'enable', 'disable')) {
        await succeed(system, writer, { ...pick(account), kind: 'disable' })
        assert.equal(await tries(second), false)
        await succeed(system, writer, { ...pick(account), kind: 'enable' })
        assert.equal(await tries(second), true)
      }
      await removeAll(system, writer, [account])
    }),
  },

  'grant twice, revoke twice: that entitlement, that account': {
    needs: ['create', 'grant', 'revoke'],
    run: (system) => withBoth(system, async (reader, writer) => {
      const [account, bystander] = [await newAccount(system, writer), await newAccount(system, writer)]
      const [first, second] = system.entitlements
      assert.ok(first && second, 'the fixture has two entitlements')
      const holds = async (who: Named) => (await seen(system, reader, who)).holds
      const before = await holds(account)
      const with_ = (...more: Named[]) => [...before, ...more.map((entitlement) => entitlement.id)].toSorted()

      await twice(system, writer, { ...pick(account), kind: 'grant', entitlement: first })
      assert.deepEqual(await holds(account), with_(first))
      await succeed(system, writer, { ...pick(account), kind: 'grant', entitlement: second })
      await succeed(system, writer, { ...pick(bystander), kind: 'grant', entitlement: first })
      assert.deepEqual(await holds(account), with_(first, second))
      await twice(system, writer, { ...pick(account), kind: 'revoke', entitlement: first })
      assert.deepEqual(await holds(account), with_(second))
      assert.deepEqual(await holds(bystander), with_(first))

      const gone = { ...first, id: `${first.id}0`, name: `${first.name}-gone` }
      const outcome = await settle(system, writer, { ...pick(account), kind: 'grant', entitlement: gone })
      assertFailed(outcome, ['TARGET_GONE'], false)
      await removeAll(system, writer, [account, bystander])
    }),
  },

  'delete twice': {
    needs: ['create', 'delete'],
    run: (system) =>
      withBoth(system, async (reader, writer) => {
        const account = await newAccount(system, writer)
        if (can(system, 'grant'))
          await succeed(system, writer, { ...pick(account), kind: 'grant', entitlement: system.entitlements[0]! })
        await twice(system, writer, { ...pick(account), kind: 'delete' })
        assert.equal(await lookupOne(system, reader, { objectType: account.objectType, id: account.id }), undefined)
        const { memberships } = await readAll(reader, { objectTypes: [] }, system.signal)
        assert.deepEqual(held(memberships, account), [], 'nothing is left of its memberships')
      }),
  },

  'the id decides: a stale name does no harm, and a name that came back is somebody else': {
    needs: ['create', 'update', 'rename', 'delete'],
    run: (system) => withBoth(system, async (reader, writer) => {
      const { change: set, renamed } = system.account
      const account = await newAccount(system, writer)
      const newName = nameOf(system, { ...account.attributes, ...renamed(account.label) })
      await succeed(system, writer, { ...pick(account), kind: 'rename', newName, set: renamed(account.label) })
      await succeed(system, writer, { ...pick(account), kind: 'update', set, clear: [] })
      assertShows(system, (await seen(system, reader, account)).record, set)
      await succeed(system, writer, { ...pick(account), kind: 'delete' })
      assert.equal(await lookupOne(system, reader, { objectType: account.objectType, id: account.id }), undefined)

        const successor = await newAccount(system, writer, account.label)
        assert.equal(successor.name, account.name)
        assert.notEqual(successor.id, account.id)
        const before = await seen(system, reader, successor)
        for (const stale of changesOf(system, pick(account))) {
          const outcome = await settle(system, writer, stale)
          if (stale.kind === 'delete' || stale.kind === 'revoke')
            assert.equal(outcome.outcome, 'already', `${stale.kind} of what is gone`)
          else assertFailed(outcome, ['TARGET_GONE'], false)
        }
        assert.deepEqual(await seen(system, reader, successor), before, 'the successor is untouched')
        await removeAll(system, writer, [successor])
      }),
  },

  'protected: every change is refused, and nothing happened': {
    needs: [],
    run: (system) => withBoth(system, async (reader, writer) => {
      const before = await seen(system, reader, system.protectedAccount)
      assert.equal(before.record.protected, true)
      for (const change of changesOf(system, system.protectedAccount)) {
        assertFailed(await settle(system, writer, change), ['PROTECTED'], false)
      }
      assert.deepEqual(await seen(system, reader, system.protectedAccount), before)
    }),
  },

  'hostile names are names': {
    needs: ['create', 'delete'],
    run: (system) =>
      withBoth(system, async (reader, writer) => {
        for (const hostile of system.account.hostile ?? []) {
          const attributes = { ...system.account.make(system.label()), ...hostile }
          const change = creation(system, attributes)
          const { id } = await succeed(system, writer, change)
          const account = { ...change, id }
          assert.equal(
            (await lookupOne(system, reader, { objectType: change.objectType, name: change.name }))?.record.id,
            id,
            change.name,
          )
          for (const more of changesOf(system, account)) await succeed(system, writer, more)
          assert.equal(await lookupOne(system, reader, { objectType: change.objectType, id }), undefined)
        }
      }),
  },

  'side by side: one entitlement, many accounts at once': {
    needs: ['create', 'grant', 'revoke'],
    run: (system) =>
      withBoth(system, async (reader, writer) => {
        const entitlement = system.entitlements[0]!
        const accounts = await sideBySide(
          system,
          Array.from({ length: 24 }, () => system.label()),
          async (label) => await newAccount(system, writer, label),
        )
        const members = async () => {
          const page = await reader.lookup?.([pick(entitlement)], { objectTypes: [] }, system.signal)
          return accounts.filter((account) => held(page?.memberships ?? [], account).includes(entitlement.id)).length
        }
        for (const kind of ['grant', 'revoke'] as const) {
          await sideBySide(
            system,
            accounts,
            async (account) => await succeed(system, writer, { ...pick(account), kind, entitlement }),
          )
          assert.equal(await members(), kind === 'grant' ? accounts.length : 0)
        }
        await removeAll(system, writer, accounts)
      }),
  },
}

/** More members than a directory shows in one answer: slow, so it is not tried on mutants. */
export async function manyMembers(system: System): Promise<void> {
  await withBoth(system, async (reader, writer) => {
    const entitlement = system.entitlements[1]!
    const filled = await system.fill?.(entitlement, system.manyMembers) ?? []
    const labels = Array.from({ length: filled.length > 0 ? 8 : system.manyMembers }, () => system.label())
    const accounts = await sideBySide(system, labels, async (label) => {
      const account = await newAccount(system, writer, label, true)
      await succeed(system, writer, { ...pick(account), kind: 'grant', entitlement })
      return account
    })
    const expected = [...filled, ...accounts.map((account) => account.id)]
    const { memberships, records, end } = await readAll(reader, { objectTypes: [] }, system.signal)
    assert.equal(end.complete, true)
    const page = await reader.lookup?.([pick(entitlement)], { objectTypes: [] }, system.signal)
    for (const shown of [memberships, page?.memberships ?? []]) {
      const members = shown.filter((membership) => membership.entitlementId === entitlement.id)
      const ids = new Set(members.map(({ member }) => ('id' in member
        ? member.id
        : records.find((record) => record.name.toLowerCase() === member.name.toLowerCase())?.id)))
      assert.equal(expected.filter((id) => ids.has(id)).length, expected.length)
      assert.equal(members.length, ids.size, 'each member once')
    }
    await removeAll(system, writer, accounts)
  })
}

/** Open sessions end when asked, and when the account is disabled; those of others go on. */
export async function sessions(system: System): Promise<void> {
  await withBoth(system, async (_reader, writer) => {
    const { openSession, account: { newSecret } } = system
    assert.ok(openSession && newSecret && writer.endSessions, 'the fixture can open sessions, the writer can end them')
    const secrets = [newSecret(), newSecret()] as const
    const accounts = []
    for (const secret of secrets) {
      const change = { ...creation(system, system.account.make(system.label())), secret }
      accounts.push({ ...pick({ ...change, id: (await succeed(system, writer, change)).id }), secret })
    }
    const [account, bystander] = accounts
    assert.ok(account && bystander)
    const mine = await openSession(account, account.secret)
    const theirs = await openSession(bystander, bystander.secret)
    const outcome = await writer.endSessions(pick(account), system.signal)
    assert.deepEqual(outcome, { outcome: 'done', id: account.id })
    assert.deepEqual([await mine.alive(), await theirs.alive()], [false, true])
    assert.equal((await writer.endSessions(pick(account), system.signal)).outcome, 'already')
    await mine.close()
    await theirs.close()
    await removeAll(system, writer, accounts)
  })
}

/** One change of each supported kind for an account that exists, or should; `delete` comes last. */
function changesOf(system: System, account: Named): SystemChange[] {
  const { change: set, clear, newSecret } = system.account
  const renamed = system.account.renamed(system.label())
  const newName = nameOf(system, { ...system.account.make(system.label()), ...renamed })
  const entitlement = system.entitlements[0]!
  const all: SystemChange[] = [
    { ...pick(account), kind: 'update', set, clear: [] },
    { ...pick(account), kind: 'update', set: {}, clear },
    { ...pick(account), kind: 'rename', newName, set: renamed },
    { ...pick(account), kind: 'disable' },
    { ...pick(account), kind: 'enable' },
    ...newSecret ? [{ ...pick(account), kind: 'set-secret' as const, secret: newSecret() }] : [],
    { ...pick(account), kind: 'grant', entitlement },
    { ...pick(account), kind: 'revoke', entitlement },
    { ...pick(account), kind: 'delete' },
  ]
  return all.filter((change) => can(system, change.kind))
}

/** Carries a change out twice; both must succeed. */
async function twice(system: System, writer: Writer, change: SystemChange): Promise<void> {
  const first = await succeed(system, writer, change)
  const second = await succeed(system, writer, change)
  assert.equal(second.id, first.id)
}

async function seen(system: System, reader: Reader, { objectType, id }: { objectType: string; id: string }) {
  const found = await lookupOne(system, reader, { objectType, id })
  assert.ok(found, `${objectType} ${id} is there`)
  return found
}

function naming(system: System, attributes: Attributes): Attributes {
  const names = system.type.attributes
    .filter((attribute) => attribute.naming || attribute.unique)
    .map((attribute) => attribute.name)
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => names.includes(name)))
}

function without(attributes: Attributes, names: string[]): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name)))
}

function pick({ objectType, id, name }: Named): Named {
  return { objectType, id, name }
}
