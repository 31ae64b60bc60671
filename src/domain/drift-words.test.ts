import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tells, traceSentence } from './drift-words.ts'

test('a trace tells of drift when it is not older than the last look at which all was right', () => {
  const right = '2026-06-15T08:00:00.000Z'
  assert.equal(tells({ of: 'account', at: '2026-06-15T08:30:00Z' }, right), true)
  assert.equal(tells({ of: 'account', at: '2026-06-15T07:59:00Z' }, right), true, 'clocks differ a little')
  assert.equal(tells({ of: 'account', at: '2026-06-14T08:00:00Z' }, right), false)
  assert.equal(tells({ of: 'membership', by: 'root' }, right), true)
  assert.equal(tells({ of: 'account', at: '2026-06-14T08:00:00Z' }, null), true)
})

test('it says of what it tells, and by whom where that is known', () => {
  assert.equal(traceSentence({ of: 'entitlement', by: 'cn=helga' }), 'The group was last changed by cn=helga.')
  assert.equal(traceSentence({ of: 'account', at: '2026-06-15T08:30:00Z' }), 'The account was last changed.')
})
