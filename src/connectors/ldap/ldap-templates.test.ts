import assert from 'node:assert/strict'
import test from 'node:test'
import { applyMapping, compileMapping } from '../../domain/mapping.ts'
import { templates } from './ldap-templates.ts'

for (const { id, mapping } of templates) {
  test(`${id}: the mapping gives names that a directory takes`, () => {
    const { values, failures } = applyMapping(compileMapping(mapping, 'person'), {
      person: { id: 'p1', state: 'active', givenName: 'Łukasz', surname: 'de la Żółć-O\'Wiś, Jr.', displayName: 'Łukasz Żółć', employeeId: '7' },
      position: { title: 'Engineer' }, positions: [], now: '2026-11-21T00:00:00Z',
    })
    assert.deepEqual(failures, [])
    const name = values.sAMAccountName ?? values.uid
    assert.ok(typeof name === 'object' && 'candidates' in name)
    assert.match(name.candidates[0] ?? '', /^ldelazolcowis/)
    assert.equal(values.mail, 'clear')
    assert.deepEqual(values.title, { set: 'Engineer' })
  })
}
