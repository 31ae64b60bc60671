/** The contract, kept by the reference. */
import { memoryConnector } from '../../src/connectors/memory/memory-connector.ts'
import { addRecord, newMemorySystem } from '../../src/connectors/memory/memory-world.ts'
import { contractSuite } from './contract.ts'

contractSuite('memory', async () => {
  const system = newMemorySystem({ password: 'right' })
  const group = (name: string) => addRecord(system, { objectType: 'group', name, attributes: { name }, enabled: true })
  const builtIn = addRecord(system, {
    objectType: 'user',
    name: 'root',
    attributes: { name: 'root' },
    enabled: true,
    protected: true,
  })
  let secrets = 0
  return {
    definition: memoryConnector({ systems: { crm: system } }),
    access: { config: { system: 'crm', password: 'crm', pageSize: 500, parallel: 16 }, secrets: async () => 'right' },
    smallPages: { config: { system: 'crm', password: 'crm', pageSize: 4, parallel: 16 }, secrets: async () => 'right' },
    wrongCredentials: {
      config: { system: 'crm', password: 'crm', pageSize: 500, parallel: 16 },
      secrets: async () => 'wrong',
    },
    unreachable: {
      config: { system: 'gone', password: 'crm', pageSize: 500, parallel: 16 },
      secrets: async () => 'right',
    },
    account: {
      objectType: 'user',
      make: (label) => ({
        name: label,
        displayName: `Person ${label}`,
        personId: `p-${label}`,
        phones: ['1', '2'],
        level: 3,
      }),
      renamed: (label) => ({ name: `${label}-renamed` }),
      change: {
        displayName: 'Somebody else',
        level: 4,
        remote: true,
        start: '2026-12-01',
        expires: '2027-01-01T00:00:00Z',
      },
      clear: ['displayName', 'phones', 'remote'],
      unicode: { displayName: 'Zoë Ağaoğlu 李小龍 🦊 e\u0301', phones: ['ß', 'ẞ'] },
      uniqueAttribute: 'personId',
      hostile: [{ name: '"; drop table x; --' }, { name: '__proto__' }],
      newSecret: () => `secret-${++secrets}`,
    },
    entitlements: ['sales', 'support'].map(group),
    protectedAccount: builtIn,
    signsIn: async (name, _attributes, secret) => {
      const record = [...system.records.values()].find((r) => r.name === name)
      return record !== undefined && record.enabled && system.secrets.get(record.id) === secret
    },
    openSession: async ({ id }) => {
      system.sessions.set(id, 1)
      return { alive: async () => system.sessions.has(id), close: async () => {} }
    },
    manyMembers: 1600,
    writes: async () => system.writes,
    notSupported: [],
    tearDown: async () => {},
  }
})
