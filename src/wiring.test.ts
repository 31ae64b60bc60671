import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settingsFrom } from './wiring.ts'

test('a port that is none is named', () => {
  for (const PORT of ['http', '70707', '-1', '80.5']) {
    assert.throws(() => settingsFrom({ PORT }), { code: 'INVALID_INPUT', message: `PORT is "${PORT}"; it has to be a number up to 65535.` })
  }
  assert.deepEqual([settingsFrom({ PORT: '8080' }).port, settingsFrom({ PORT: '' }).port, settingsFrom({}).baseUrl], [8080, 7070, 'http://localhost:7070'])
})
