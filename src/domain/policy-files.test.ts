import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { emptyPolicy, policy as policySchema, type Policy } from './policy.ts'
import { checkFiles, diffPolicy, exportPolicy, planFiles, policyFromFiles, policySchemas } from './policy-files.ts'
import { canonical } from './value.ts'

const small: Policy = policySchema.parse({
  settings: { organisation: 'Acme' },
  systems: [{ id: 'hr', name: 'HR', connector: 'file', config: { path: 'hr.xlsx' } }],
  jobs: [{
    id: 'hr-people', name: 'HR', source: 'hr', destination: 'people', key: 'row["Id"]', schedule: { cron: '0 5 * * *' },
    mapping: { employeeId: 'row["Id"]', displayName: 'join([row["First"], row["Last"]], " ")' }, completeness: { maxShrink: 0.5, vanishedEnds: false },
  }],
  roles: [{ id: 'sales', name: 'Sales' }, { id: 'base', name: 'Base' }],
  rules: [{ id: 'all', name: 'All', when: 'true', roles: ['base'] }],
})
const change = (from: Policy, edit: (copy: Policy) => void): Policy => {
  const copy = structuredClone(from)
  edit(copy)
  return copy
}

test('files hold what differs from the defaults, and name their schema', () => {
  const files = exportPolicy(small)
  assert.deepEqual(Object.keys(files), ['settings.yaml', 'systems/hr.yaml', 'jobs/hr-people.yaml', 'roles/base.yaml', 'roles/sales.yaml', 'rules/all.yaml'])
  assert.equal(files['settings.yaml'], '# yaml-language-server: $schema=schema/settings.json\norganisation: Acme\n')
  assert.equal(files['jobs/hr-people.yaml'], `# yaml-language-server: $schema=../schema/jobs.json
id: hr-people
name: HR
source: hr
schedule:
  cron: 0 5 * * *
destination: people
key: row["Id"]
mapping:
  displayName: join([row["First"], row["Last"]], " ")
  employeeId: row["Id"]
completeness:
  maxShrink: 0.5
`)
})

test('every policy survives being written as files and read again', () => {
  const id = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,8}$/)
  const words = fc.string({ minLength: 1, maxLength: 30, unit: fc.constantFrom(...'aZ äß\'":#-[]{}>|&*!%@`\n\\,?0~') }).filter((text) => text.trim() !== '')
  const attribute = fc.stringMatching(/^[a-z][A-Za-z0-9]{0,8}$/)
  const mapping = fc.dictionary(attribute, words, { maxKeys: 4 })
  const unique = <T extends { id: string }>(object: fc.Arbitrary<T>) => fc.uniqueArray(object, { selector: (o) => o.id, maxLength: 4 })
  const config = fc.dictionary(attribute, fc.oneof(words, fc.integer(), fc.boolean(), fc.array(words, { maxLength: 3 }), fc.dictionary(attribute, words, { maxKeys: 2 })), { maxKeys: 4 })
  const document = fc.record({
    settings: fc.record({ organisation: words, primaryPosition: fc.array(words, { maxLength: 2 }) }, { requiredKeys: [] }),
    systems: unique(fc.record({ id, name: words, connector: words, config, method: fc.constantFrom('observe', 'automatic'), protected: fc.array(words, { maxLength: 3 }), brakes: fc.record({ delete: fc.record({ share: fc.constantFrom(0, 0.25), count: fc.nat() }, { requiredKeys: [] }) }, { requiredKeys: [] }) }, { requiredKeys: ['id', 'name', 'connector'] })),
    jobs: unique(fc.oneof(
      fc.record({ id, name: words, source: id, destination: fc.constant('people'), key: words, mapping, position: mapping, match: fc.array(fc.array(attribute, { minLength: 1, maxLength: 2 }), { maxLength: 2 }) }, { requiredKeys: ['id', 'name', 'source', 'destination', 'key', 'mapping'] }),
      fc.record({ id, name: words, source: fc.constant('people'), destination: id.filter((d) => d !== 'people'), objectType: attribute, mapping, lifecycle: fc.record({ deleteAfterDays: fc.constantFrom(null, 30), onLeave: fc.constantFrom('keep', 'disable') }, { requiredKeys: [] }) }, { requiredKeys: ['id', 'name', 'source', 'destination', 'objectType', 'mapping'] }))),
    roles: unique(fc.record({ id, name: words, description: words, grants: fc.array(fc.record({ system: id, entitlement: words }), { maxLength: 2 }), roles: fc.array(id, { maxLength: 2 }) }, { requiredKeys: ['id', 'name'] })),
    rules: unique(fc.record({ id, name: words, when: words, roles: fc.array(id, { minLength: 1, maxLength: 2 }) })),
  })
  fc.assert(fc.property(document, (raw) => {
    const policy = policySchema.parse(raw)
    const files = exportPolicy(policy)
    const read = policyFromFiles(files)
    assert.deepEqual(read.problems, [])
    assert.deepEqual(diffPolicy(policy, read.policy!), [])
    assert.deepEqual(exportPolicy(read.policy!), files)
    assert.equal(canonical(read.policy!.settings), canonical(policy.settings))
  }), { numRuns: 60 })
})

test('schemas are there for every kind, and leave the id to the file name', () => {
  const schemas = policySchemas()
  assert.deepEqual(Object.keys(schemas), ['settings', 'systems', 'jobs', 'roles', 'rules'])
  assert.deepEqual(schemas.rules['required'], ['name', 'when', 'roles'])
})

const at = (files: Record<string, string>): string[] =>
  checkFiles({ ...exportPolicy(small), ...files }, emptyPolicy).map((p) => `${p.file}:${p.line}:${p.column}: ${p.severity}: ${p.message}`)

test('problems have file, line and column, also within expressions', () => {
  assert.deepEqual(at({}), [])
  assert.deepEqual(at({ 'roles/sales.yaml': 'name: Sales\nowmer: x\n' }), ['roles/sales.yaml:2:1: error: "owmer" is not known here.'])
  assert.deepEqual(at({ 'roles/sales.yaml': 'name: [Sales\n' })[0]?.slice(0, 21), 'roles/sales.yaml:2:1:')
  assert.deepEqual(at({ 'roles/sales.yaml': 'id: sale\nname: Sales\n' }), ['roles/sales.yaml:1:5: error: The file is called "sales", its id says "sale".'])
  assert.deepEqual(at({ 'roles/sales.yaml': 'description: x\n' }), ['roles/sales.yaml:1:1: error: "name" is missing.'])
  assert.deepEqual(at({ 'roles/sales.yaml': 'name: Sales\nroles:\n  - base\n  - bose\n' }), ['roles/sales.yaml:4:5: error: There is no role "bose". Did you mean "base"?'])
  assert.deepEqual(at({ 'notes.txt': 'x' }), ['notes.txt:1:1: error: This is no policy file: they are settings.yaml and systems/, jobs/, roles/, rules/<id>.yaml.'])
  const rule = (when: string) => at({ 'rules/all.yaml': `name: All\nroles: [base]\nwhen: ${when}\n` })
  assert.deepEqual(rule('true && lowr("x") == "x"'), ['rules/all.yaml:3:15: error: There is no function "lowr".'])
  assert.deepEqual(rule('\'true && "it\'\'s" == lowr("x")\''), ['rules/all.yaml:3:27: error: There is no function "lowr".'])
  assert.deepEqual(rule('"true && \\"a\\" == lowr(\\"x\\")"'), ['rules/all.yaml:3:25: error: There is no function "lowr".'])
  assert.deepEqual(rule('|\n  true &&\n    lowr("x")'), ['rules/all.yaml:5:5: error: There is no function "lowr".'])
  assert.deepEqual(rule('>\n  true &&\n  lowr("x")'), ['rules/all.yaml:5:3: error: There is no function "lowr".'])
  assert.deepEqual(rule('true &&\n  lowr("x")'), ['rules/all.yaml:4:3: error: There is no function "lowr".'])
  assert.deepEqual(rule('person.emial == "x"'), ['rules/all.yaml:3:7: warning: person.emial is not known. Did you mean "email"?'])
})

const plan = (base: Policy, files: Policy, current: Policy, prune = false) => {
  const planned = planFiles({ files: exportPolicy(files), base, current, prune })
  return { ...planned, says: [...planned.conflicts.map((c) => `conflict ${c.kind}/${c.id}: ${c.message}`), ...planned.differences.map((d) => `${d.change} ${d.kind}/${d.id} ${d.fields.map((f) => f.field).join(',')}`.trim())] }
}

test('files carry over what they changed; what somebody else changed meanwhile stays', () => {
  const files = change(small, (p) => { p.roles[0]!.name = 'Selling'; p.rules.push({ id: 'new', name: 'New', when: 'true', roles: ['base'] }) })
  const current = change(small, (p) => { p.roles[0]!.description = 'by hand'; p.settings.organisation = 'Acme Ltd' })
  const { says, policy } = plan(small, files, current)
  assert.deepEqual(says, ['changed roles/sales name', 'added rules/new'])
  assert.deepEqual(policy?.roles.find((r) => r.id === 'sales'), { id: 'sales', name: 'Selling', description: 'by hand', grants: [], roles: [] })
  assert.equal(policy?.settings.organisation, 'Acme Ltd')
})

test('where both changed one thing, it is a conflict; where both did the same, it is not', () => {
  const ours = change(small, (p) => { p.roles[0]!.name = 'Ours' })
  const theirs = change(small, (p) => { p.roles[0]!.name = 'Theirs' })
  assert.deepEqual(plan(small, ours, theirs).says, ['conflict roles/sales: Also changed meanwhile: name.'])
  assert.deepEqual(plan(small, ours, ours).says, [])
  const mapped = (attribute: string) => change(small, (p) => { p.jobs[0]!.mapping[attribute] = 'row["x"]' })
  assert.deepEqual(plan(small, mapped('email'), mapped('surname')).says, ['changed jobs/hr-people mapping.email'])
  assert.deepEqual(plan(small, mapped('email'), change(small, (p) => { p.jobs = [] })).says, ['conflict jobs/hr-people: The file changes it, but it was removed meanwhile.'])
})

test('a missing file removes nothing, unless pruning, and then only what nobody changed', () => {
  const files = change(small, (p) => { p.roles = p.roles.filter((r) => r.id !== 'sales') })
  assert.deepEqual(plan(small, files, small).says, [])
  assert.deepEqual(plan(small, files, small, true).says, ['removed roles/sales'])
  assert.deepEqual(plan(small, files, change(small, (p) => { p.roles[0]!.name = 'Touched' }), true).says,
    ['conflict roles/sales: Its file is gone, but it was changed meanwhile.'])
  const added = change(small, (p) => { p.roles.push({ id: 'extra', name: 'Extra', grants: [], roles: [] }) })
  assert.deepEqual(plan(small, files, added, true).says, ['removed roles/sales'])
  assert.deepEqual(plan(small, small, change(small, (p) => { p.roles.splice(0, 1) })).says, [], 'what was removed meanwhile stays removed')
})
