/** What every connector must do when it reads. */
import assert from 'node:assert/strict'
import type { KnownAccounts, SystemChange } from '../../src/connectors/connector.ts'
import { UsherError } from '../../src/domain/errors.ts'
import { openTexts } from '../../src/domain/shown.ts'
import { canonical } from '../../src/domain/value.ts'
import {
  assertFailed,
  assertShows,
  can,
  creation,
  held,
  lookup,
  lookupOne,
  nameOf,
  newAccount,
  readAll,
  removeAll,
  succeed,
  withBoth,
  withReader,
  type Access,
  type System,
} from './system.ts'

export type Case = (system: System) => Promise<void>

export const readingCases: Record<string, Case> = {
  'describe: well-formed, and the same twice': async (system) => {
    const { capabilities, definition, access } = system
    assert.deepEqual(definition.describe(access.config), capabilities)
    assert.deepEqual(definition.describe(access.config), capabilities, 'and again')
    assert.deepEqual(JSON.parse(JSON.stringify(capabilities)), capabilities, 'plain data')
    assert.ok(capabilities.limits.parallel >= 1)
    for (const type of capabilities.objectTypes) {
      const names = type.attributes.map((attribute) => attribute.name)
      assert.deepEqual(names, [...new Set(names)], `${type.name}: each attribute once`)
      assert.deepEqual(type.operations, [...new Set(type.operations)], `${type.name}: each operation once`)
      if (type.kind === 'account') assert.ok(type.attributes.some((a) => a.naming), `${type.name}: something names it`)
    }
    for (const template of definition.templates ?? []) {
      const type = capabilities.objectTypes.find((t) => t.name === template.objectType)
      assert.ok(type, `template ${template.id}: object type`)
      const known = type.attributes.map((a) => a.name)
      for (const name of [...Object.keys(template.mapping), ...template.match])
        assert.ok(known.includes(name), `template ${template.id}: ${name}`)
      for (const a of type.attributes)
        if (a.required) assert.ok(a.name in template.mapping, `template ${template.id} fills ${a.name}`)
    }
  },

  'the reader holds no way to write': async (system) => {
    await withReader(system, system.access, async (reader) => {
      const methods = Object.keys(reader).filter(
        (name) => !['check', 'inspect', 'read', 'lookup', 'trace', 'keepReady', 'close'].includes(name),
      )
      assert.deepEqual(methods, [])
    })
  },

  'check: all steps are fine': async (system) => {
    await withReader(system, system.access, async (reader) => {
      const { ok, steps } = await reader.check(system.signal)
      assert.deepEqual(steps.filter((step) => !step.ok), [])
      assert.equal(ok, true)
      assert.ok(steps.length >= 2, 'it says what it tried')
    })
  },

  'wrong credentials: each call says so, and no retry': async (system) => {
    await refusedEverywhere(system, system.wrongCredentials, 'SYSTEM_SIGN_IN_FAILED', false)
  },

  'unreachable: each call says so, and a retry may help': async (system) => {
    await refusedEverywhere(system, system.unreachable, 'SYSTEM_UNREACHABLE', true)
  },

  'lookup: by id, by name, by attribute; what is not there is absent': async (system) => {
    await withBoth(system, async (reader, writer) => {
      const label = system.label()
      const attributes = system.account.make(label)
      const { objectType, uniqueAttribute: attribute } = system.account
      const value = attributes[attribute]
      assert.ok(value !== undefined)
      const byName = { objectType, name: nameOf(system, attributes) }
      const byAttribute = { objectType, attribute, value }
      assert.equal(await lookupOne(system, reader, byName), undefined)
      assert.equal(await lookupOne(system, reader, byAttribute), undefined)

      const { id } = await newAccount(system, writer, label)
      const neighbour = await newAccount(system, writer)
      for (const wanted of [{ objectType, id }, byName, byAttribute]) {
        const found = await lookupOne(system, reader, wanted)
        assert.equal(found?.record.id, id, JSON.stringify(wanted))
        assertShows(system, found.record, attributes)
      }
      const both = await lookup(reader, [{ objectType, id }, byName, { objectType, id: neighbour.id }], system.signal)
      assert.deepEqual(both.records.map((record) => record.id).toSorted(), [id, neighbour.id].toSorted(), 'each once')
      assert.deepEqual((await lookup(reader, [], system.signal)).records, [])

      await removeAll(system, writer, [{ ...byName, id }, neighbour])
      if (can(system, 'delete')) assert.equal(await lookupOne(system, reader, { objectType, id }), undefined)
    })
  },

  'read: more records than a page, each once, all counted; and each as a lookup shows it': async (system) => {
    await withBoth(system, async (reader, writer) => {
      const made = []
      for (let n = 0; n < 25; n++) made.push(await newAccount(system, writer))
      const held2 = can(system, 'grant') ? made.slice(3, 20) : []
      for (const account of held2) {
        await succeed(system, writer, { ...pick(account), kind: 'grant', entitlement: system.entitlements[0]! })
      }
      const scope = { objectTypes: [] }
      const { pages, records, memberships, end } = await withReader(system, system.smallPages,
        async (small) => await readAll(small, scope, system.signal))
      assert.ok(pages.length > 1, 'several pages')
      assert.ok(pages[0]!.records.length < 25, 'and small ones')
      assert.deepEqual(end, { ...end, complete: true, count: records.length })
      const keys = records.map((record) => `${record.objectType} ${record.id}`)
      assert.equal(new Set(keys).size, keys.length, 'no record twice')
      const large = await readAll(reader, scope, system.signal)
      assert.deepEqual(
        keys.toSorted(),
        large.records.map((record) => `${record.objectType} ${record.id}`).toSorted(),
        'small or large pages',
      )
      assert.deepEqual(
        memberships.map(canonical).toSorted(),
        large.memberships.map(canonical).toSorted(),
        'small or large pages',
      )

      const shown = await lookup(reader, made.map(({ objectType, id }) => ({ objectType, id })), system.signal)
      assert.equal(shown.records.length, made.length)
      for (const account of made) {
        const inRead = records.find((record) => record.objectType === account.objectType && record.id === account.id)
        assert.ok(inRead, `${account.name} is in the read`)
        const inLookup = shown.records.find((record) => record.id === account.id)
        assert.deepEqual(inRead, inLookup)
        assertShows(system, inRead, account.attributes)
        const expected = held2.includes(account) ? [system.entitlements[0]!.id] : []
        const ours = (ids: string[]) => ids.filter((id) => system.entitlements.some((e) => e.id === id))
        assert.deepEqual(ours(held(memberships, inRead)), expected, `${account.name} in the read`)
        assert.deepEqual(ours(held(shown.memberships, inRead)), expected, `${account.name} looked up`)
      }
      for (const entitlement of system.entitlements) {
        assert.ok(
          records.some((r) => r.objectType === entitlement.objectType && r.id === entitlement.id),
          `${entitlement.name} is in the read`,
        )
      }
      await removeAll(system, writer, made)
    })
  },

  'read: only the object types and attributes in scope': async (system) => {
    await withBoth(system, async (reader, writer) => {
      const account = await newAccount(system, writer)
      const { objectType, uniqueAttribute } = system.account
      const scope = { objectTypes: [objectType], attributes: { [objectType]: [uniqueAttribute] } }
      const { records, end } = await readAll(reader, scope, system.signal)
      assert.equal(end.complete, true)
      assert.deepEqual([...new Set(records.map((record) => record.objectType))], [objectType])
      const names = new Set(records.flatMap((record) => Object.keys(record.attributes)))
      assert.deepEqual([...names], [uniqueAttribute])
      await removeAll(system, writer, [account])
    })
  },

  'read: what is known to be just so may be passed over, and counts; all else is shown': async (system) => {
    await withBoth(system, async (reader, writer) => {
      const { objectType, change } = system.account
      const [account, neighbour] = [await newAccount(system, writer), await newAccount(system, writer)]
      const look = async (known: KnownAccounts) => {
        const { pages, records, memberships, end } = await readAll(reader, { objectTypes: [], known }, system.signal)
        const passed = pages.flatMap((page) => page.passed ?? [])
        const filled = (name: string): number => passed.reduce((sum, one) => sum + (one.filled[name] ?? 0), 0)
        return { records, memberships, end, filled, passed: passed.reduce((sum, { count }) => sum + count, 0) }
      }
      const texts = new Map<string, string>()
      const first = await look({ pass: (type, id, shown) => { texts.set(`${type} ${id}`, Buffer.from(shown).toString()); return false } })
      assert.equal(first.passed, 0, 'nothing is known')
      const textOf = openTexts()
      for (const { objectType: type, id, name, attributes, enabled = true, protected: isProtected = false } of first.records) {
        const text = texts.get(`${type} ${id}`)
        if (text !== undefined) assert.equal(text, textOf({ name, attributes, enabled, protected: isProtected }), 'the text of its record')
      }
      const keyOf = (record: { objectType: string; id: string }): string => `${record.objectType} ${record.id}`
      if (!texts.has(keyOf(account))) return await removeAll(system, writer, [account, neighbour])

      const known: KnownAccounts = { pass: (type, id, shown) => texts.get(`${type} ${id}`) === Buffer.from(shown).toString() }
      const again = await look(known)
      const over = first.records.filter((record) => texts.has(keyOf(record)))
      assert.deepEqual(again.records, first.records.filter((record) => !texts.has(keyOf(record))))
      assert.equal(again.passed, over.length)
      for (const name of new Set(over.flatMap((record) => Object.keys(record.attributes)))) {
        assert.equal(again.filled(name), over.filter((record) => record.attributes[name] !== undefined).length, name)
      }
      assert.deepEqual([again.end, again.memberships], [first.end, first.memberships], 'they count, and hold what they hold')
      assert.equal((await look({ ...known, isProtected: () => true })).passed, first.records.filter((record) => over.includes(record) && record.protected).length)

      const changes: SystemChange[] = [
        { ...pick(account), kind: 'update', set: change, clear: [] }, { ...pick(account), kind: 'disable' }, { ...pick(account), kind: 'enable' },
      ]
      for (const one of changes.filter(({ kind }) => can(system, kind))) {
        await succeed(system, writer, one)
        const after = await look(known)
        const shown = after.records.map(keyOf)
        assert.ok(shown.includes(keyOf(account)), `${one.kind} shows`)
        assert.ok(!shown.includes(keyOf(neighbour)), 'its neighbour is as it was')
      }
      await removeAll(system, writer, [account, neighbour])
    })
  },

  'read: stopped half-way, it never says complete': async (system) => {
    await withBoth(system, async (_reader, writer) => {
      const made = []
      for (let n = 0; n < 12; n++) made.push(await newAccount(system, writer))
      await withReader(system, system.smallPages, async (reader) => {
        const stopped = await readAll(reader, { objectTypes: [] }, AbortSignal.abort())
        assert.equal(stopped.end.complete, false)
        const controller = new AbortController()
        const reading = reader.read({ objectTypes: [] }, controller.signal)
        let step = await reading.next()
        assert.equal(step.done, false, 'a first page comes')
        controller.abort()
        while (!step.done) step = await reading.next()
        assert.equal(step.value.complete, false)
      })
      await removeAll(system, writer, made)
    })
  },

  'reading writes nothing': async (system) => {
    if (!system.writes) return
    const before = await system.writes()
    await withReader(system, system.access, async (reader) => {
      await reader.check(system.signal)
      await readAll(reader, { objectTypes: [] }, system.signal)
      await lookup(reader, [pick(system.protectedAccount)], system.signal)
    })
    assert.equal(await system.writes(), before)
  },
}

function pick({ objectType, id, name }: { objectType: string; id: string; name: string }) {
  return { objectType, id, name }
}

async function refusedEverywhere(
  system: System,
  access: Access<unknown>,
  code: string,
  retryable: boolean,
): Promise<void> {
  await withReader(system, access, async (reader) => {
    const { ok, steps } = await reader.check(system.signal)
    assert.equal(ok, false)
    assert.deepEqual([...new Set(steps.filter((step) => !step.ok).map((step) => step.code))], [code])
    const { records, end } = await readAll(reader, { objectTypes: [] }, system.signal)
    assert.deepEqual(records, [])
    assert.ok(!end.complete && end.code === code && end.because !== '', JSON.stringify(end))
    await assert.rejects(lookup(reader, [pick(system.protectedAccount)], system.signal),
      (error) => error instanceof UsherError && error.code === code)
  })
  const writer = system.definition.openWriter?.(access.config, access.secrets)
  assert.ok(writer)
  try {
    const change = creation(system, system.account.make(system.label()))
    assertFailed(await writer.apply(change, system.signal), [code], retryable)
  } finally {
    await writer.close()
  }
}
