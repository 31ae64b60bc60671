import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChangeState } from '../domain/plan.ts'
import type { Lexicon } from './names.ts'
import { shownSystems } from './plan-shown.ts'

const names = { namedSystem: (id: string) => ({ id, name: id }) } as Lexicon
const counted = (states: Partial<Record<ChangeState, number>>) =>
  Object.entries(states).map(([state, n]) => ({ systemId: 'ad', stage: 2, kind: 'disable' as const, state: state as ChangeState, n }))

test('what a newer plan took over did not fail, and is counted by itself', () => {
  const [ad] = shownSystems(counted({ done: 4, skipped: 13, held: 1, observed: 2 }), names, null, 10)
  assert.deepEqual(ad, { system: { id: 'ad', name: 'ad' }, total: 18, done: 4, failed: 0, refused: 0, skipped: 13, held: 1, waiting: 0, perSecond: null })
})

test('what failed is stuck or refused', () => {
  const [ad] = shownSystems(counted({ stuck: 2, refused: 3, again: 1, waiting: 5 }), names, new Map([['ad', 20]]), 10)
  assert.deepEqual(ad, { system: { id: 'ad', name: 'ad' }, total: 11, done: 0, failed: 5, refused: 3, skipped: 0, held: 0, waiting: 6, perSecond: 2 })
})
