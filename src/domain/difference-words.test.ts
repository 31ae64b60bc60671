import assert from 'node:assert/strict'
import { test } from 'node:test'
import { differenceWords } from './difference-words.ts'

const planned = { before: { title: 'Clerk', mail: 'ann@example.org' }, after: { title: 'Manager', mail: 'ann.lee@example.org' } }

test('what is different stands there with its values', () => {
  assert.equal(differenceWords(planned, { before: { title: 'Boss', mail: 'ann@example.org' }, after: planned.after }),
    'Since the plan was made: title is Boss, it was Clerk.')
  assert.equal(differenceWords(planned, { before: { title: 'Clerk' }, after: { title: 'Director' } }),
    'Since the plan was made: mail is empty, it was ann@example.org; title would become Director instead of Manager.')
})

test('where nothing is left to do, it says so', () => {
  assert.equal(differenceWords(planned, undefined), 'Nothing of this kind is to be done any more.')
})
