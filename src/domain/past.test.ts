import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { attributeAt, enabledAt, heldAt, writerOf, type DoneChange } from './past.ts'

interface Model { enabled: boolean; attributes: Record<string, string>; held: string[] }

const step = fc.oneof(
  fc.record({ kind: fc.constantFrom('enable' as const, 'disable' as const) }),
  fc.record({ kind: fc.constantFrom('grant' as const, 'revoke' as const), entitlement: fc.constantFrom('a', 'b') }),
  fc.record({ kind: fc.constant('update' as const), attribute: fc.constantFrom('mail', 'title'), value: fc.option(fc.constantFrom('x', 'y', 'z')) }),
)
const instant = (n: number): string => new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString()

test('what an account was at any past instant follows from where it is now and what was done', () => {
  fc.assert(fc.property(
    fc.record({ enabled: fc.boolean(), attributes: fc.dictionary(fc.constantFrom('mail', 'title'), fc.constantFrom('x', 'y')), held: fc.subarray(['a', 'b']) }),
    fc.array(step, { maxLength: 12 }),
    (start, steps) => {
      const states: Model[] = [structuredClone(start)]
      const changes: DoneChange[] = []
      for (const [i, one] of steps.entries()) {
        const was = states.at(-1)!
        const is = structuredClone(was)
        const base = { doneAt: instant(2 * i + 1), before: null, after: null, entitlementId: null }
        // Only what differs is ever a change.
        if (!('attribute' in one) && !('entitlement' in one)) {
          is.enabled = one.kind === 'enable'
          if (is.enabled !== was.enabled) changes.push({ ...base, kind: one.kind })
        } else if ('attribute' in one) {
          const old = was.attributes[one.attribute]
          if (one.value === null) delete is.attributes[one.attribute]
          else is.attributes[one.attribute] = one.value
          if ((old ?? null) !== one.value) changes.push({
            ...base, kind: 'update', before: old === undefined ? {} : { [one.attribute]: old }, after: one.value === null ? {} : { [one.attribute]: one.value } })
        } else {
          is.held = one.kind === 'grant' ? [...new Set([...was.held, one.entitlement])] : was.held.filter((h) => h !== one.entitlement)
          if (is.held.length !== was.held.length) changes.push({ ...base, kind: one.kind, entitlementId: one.entitlement })
        }
        states.push(is)
      }
      const now = states.at(-1)!
      for (const [i, state] of states.entries()) {
        const at = instant(2 * i)
        assert.equal(enabledAt(now.enabled, changes, at), state.enabled)
        for (const name of ['mail', 'title']) assert.equal(attributeAt(name, now.attributes[name], changes, at).value, state.attributes[name])
        for (const id of ['a', 'b']) assert.equal(heldAt(id, now.held.includes(id), changes, at), state.held.includes(id))
      }
    }))
})

test('a value that somebody changed by hand was not written by the last change', () => {
  const changes: DoneChange[] = [{ kind: 'update', doneAt: instant(1), before: {}, after: { mail: 'x' }, entitlementId: null }]
  assert.deepEqual([writerOf('mail', 'x', changes), writerOf('mail', 'y', changes), writerOf('title', 'x', changes)], [changes[0], null, null])
})
