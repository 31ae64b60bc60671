import assert from 'node:assert/strict'
import { test } from 'node:test'
import { becauseClause, changedFields, changeSentence, planSentence, shortName } from './sentence.ts'
import type { ChangeWords, Names } from './sentence.ts'

const names: Names = {
  system: (id) => ({ ad: 'Active Directory', db: 'Warehouse' })[id] ?? id,
  job: (id) => (id === 'ad-users' ? 'Directory users' : id),
  role: (id) => (id === 'sales' ? 'Sales' : id),
  rule: (id) => (id === 'sales-staff' ? 'Sales staff' : id),
  user: (id) => (id === 'u1' ? 'Ada' : id),
}
const anna = { name: 'Anna Nowak', start: '2020-01-01', end: '2026-11-20', origin: 'company.xlsx, Staff!N17' }
const change = (rest: Partial<ChangeWords>): ChangeWords =>
  ({ kind: 'disable', stage: 2, systemId: 'ad', subject: 'anna.nowak', before: null, after: null, reasons: [], ...rest })

test('a change says what, where and why', () => {
  assert.equal(
    changeSentence(change({ reasons: [{ because: 'state', state: 'ended' }] }), anna, names),
    'Disable account anna.nowak in Active Directory, because Anna Nowak left on 2026-11-20 (company.xlsx, Staff!N17).')
  assert.equal(
    changeSentence(change({ kind: 'grant', subject: 'CN=Nowak\\, Anna,OU=Staff,DC=corp', after: { entitlement: 'CN=Sales,OU=Groups,DC=corp' },
      reasons: [{ because: 'rule', rule: 'sales-staff', role: 'sales', revision: 3 }] }), anna, names),
    'Give Sales to account Nowak, Anna in Active Directory, because rule "Sales staff" gives the role "Sales".')
  assert.equal(
    changeSentence(change({ kind: 'update', before: { title: 'Clerk' }, after: { title: 'Lead', mail: 'a@example.org' },
      reasons: [{ because: 'in-scope', job: 'ad-users' }, { because: 'mapping', job: 'ad-users', attributes: ['title', 'mail'] }] }), anna, names),
    'Update account anna.nowak in Active Directory: mail and title, because "Directory users" is for Anna Nowak and "Directory users" maps title and mail.')
  assert.equal(
    changeSentence(change({ kind: 'create', stage: 1, systemId: 'people', reasons: [{ because: 'new-row', source: 'company.xlsx', row: 17, cells: ['Staff!A17'] }] }), anna, names),
    'Add Anna Nowak, because there is a new row for Anna Nowak (company.xlsx, Staff!A17).')
})

test('every reason has words, and none shows an id that has a name', () => {
  assert.equal(becauseClause({ because: 'manual', by: 'u1', until: '2026-12-31T00:00:00Z' }, anna, names), 'Ada gave it by hand until 2026-12-31')
  assert.equal(becauseClause({ because: 'grace-over', days: 30 }, anna, names), 'it has been disabled for 30 days')
  assert.equal(becauseClause({ because: 'row-vanished', source: 'hr.csv', row: 4, cells: [] }, anna, names), 'the row of Anna Nowak is no longer there (hr.csv, row 4)')
  assert.equal(becauseClause({ because: 'matched', attribute: 'employeeID' }, null, names), 'its employeeID is that of the person')
  assert.equal(becauseClause({ because: 'state', state: 'before-start' }, anna, names), 'Anna Nowak starts on 2020-01-01 (company.xlsx, Staff!N17)')
})

test('fields of a person are flat, and only those that differ', () => {
  const before = { attributes: { surname: 'Nowak' }, positions: [{ key: 'hr/1/', job: 'hr', attributes: { department: 'Sales' }, start: '2020-01-01' }] }
  const after = { attributes: { surname: 'Kowalska' }, positions: [{ key: 'hr/1/', job: 'hr', attributes: { department: 'Sales' }, start: '2020-01-01', end: '2026-11-20' }] }
  assert.deepEqual(changedFields({ stage: 1, before, after }), [
    { attribute: 'end', before: null, after: '2026-11-20' }, { attribute: 'surname', before: 'Nowak', after: 'Kowalska' },
  ])
  const back = { positions: [...before.positions, { key: 'hr/1/P-2', job: 'hr', attributes: { department: 'Data' }, missingSince: '2026-11-21' }] }
  assert.deepEqual(changedFields({ stage: 1, before: { positions: before.positions }, after: back }), [
    { attribute: 'department (P-2)', before: null, after: 'Data' }, { attribute: 'missing since (P-2)', before: null, after: '2026-11-21' },
  ])
  assert.deepEqual(changedFields({ stage: 2, before: { mail: 'a' }, after: {} }), [{ attribute: 'mail', before: 'a', after: null }])
})

test('a plan is one sentence', () => {
  const counts = [
    { stage: 1, systemId: 'people', kind: 'create', state: 'planned', n: 1 },
    { stage: 2, systemId: 'ad', kind: 'create', state: 'planned', n: 12 },
    { stage: 2, systemId: 'ad', kind: 'disable', state: 'held', n: 4 },
    { stage: 2, systemId: 'db', kind: 'grant', state: 'observed', n: 9 },
  ] as const
  assert.equal(planSentence([...counts], names, false),
    '1 person to add; 12 accounts to create, 4 accounts to disable in Active Directory; 4 are held; 9 only observed.')
  assert.equal(planSentence([], names, false), 'Nothing to change.')
  assert.equal(planSentence([{ stage: 2, systemId: 'ad', kind: 'create', state: 'done', n: 1 }, { stage: 2, systemId: 'ad', kind: 'grant', state: 'stuck', n: 2 }], names, true),
    '1 account created in Active Directory; 2 failed.')
})

test('of a distinguished name the first value is shown', () => {
  assert.equal(shortName('CN=Anna Nowak,OU=Staff,DC=corp,DC=example'), 'Anna Nowak')
  assert.equal(shortName('anna.nowak'), 'anna.nowak')
  assert.equal(shortName('table:sales.orders:SELECT'), 'table:sales.orders:SELECT')
})
