/**
 * Systems that live in memory and support everything: the reference for the other connectors, and the
 * simulator's fake system.
 */
import type { Attributes } from '../../domain/value.ts'
import type { Capabilities, ConnectorDefinition } from '../connector.ts'
import { memoryConfigSchema, type MemoryConfig } from './memory-config.ts'
import { openMemoryReader } from './memory-reader.ts'
import type { MemoryWorld } from './memory-world.ts'
import { openMemoryWriter } from './memory-writer.ts'

/** The connector to the systems of one world. */
export function memoryConnector(world: MemoryWorld): ConnectorDefinition<MemoryConfig> {
  return {
    kind: 'memory',
    title: 'Memory',
    configSchema: memoryConfigSchema,
    describe: capabilities,
    openReader: (config, secrets) => openMemoryReader(world, config, secrets),
    openWriter: (config, secrets) => openMemoryWriter(world, config, secrets),
    nameOf: (_config, _objectType, attributes) => memoryName(attributes),
    templates: [{
      id: 'memory-users',
      title: 'Users of a memory system',
      objectType: 'user',
      mapping: {
        name: 'unique([lower(ascii(person.givenName)) + "." + lower(ascii(person.surname))])',
        displayName: 'person.givenName + " " + person.surname',
        personId: 'person.id',
      },
      match: ['personId', 'name'],
    }],
  }
}

/** A record is called by its attribute `name`. */
export function memoryName(attributes: Attributes): string {
  return String(attributes.name ?? '')
}

function capabilities(config: MemoryConfig): Capabilities {
  return {
    source: true,
    destination: true,
    objectTypes: [
      {
        name: 'user',
        title: 'User',
        kind: 'account',
        attributes: [
          { name: 'name', title: 'Name', type: 'text', required: true, unique: true, naming: true },
          { name: 'displayName', title: 'Display name', type: 'text' },
          {
            name: 'personId',
            title: 'Person id',
            type: 'text',
            unique: true,
            description: 'Marks whose account it is.',
          },
          { name: 'mail', title: 'E-mail', type: 'text', compare: 'ignore-case' },
          { name: 'phones', title: 'Telephones', type: 'text', multiValued: true },
          { name: 'level', title: 'Level', type: 'number' },
          { name: 'remote', title: 'Remote', type: 'boolean' },
          { name: 'start', title: 'Start', type: 'date' },
          { name: 'expires', title: 'Expires', type: 'instant' },
          { name: 'manager', title: 'Manager', type: 'reference' },
        ],
        operations: ['create', 'update', 'rename', 'enable', 'disable', 'delete', 'grant', 'revoke', 'set-secret'],
      },
      {
        name: 'group',
        title: 'Group',
        kind: 'entitlement',
        attributes: [
          { name: 'name', title: 'Name', type: 'text', required: true, unique: true, naming: true },
          { name: 'description', title: 'Description', type: 'text' },
        ],
        operations: ['create', 'update', 'rename', 'delete'],
      },
    ],
    limits: { parallel: config.parallel, settleMs: config.settleMs ?? 0 },
    canEndSessions: true,
    canReadPassword: false,
  }
}
