/** PostgreSQL as a destination: login roles as accounts; group roles and privileges as what they hold. */
import type { Capabilities, ConnectorDefinition, ObjectType } from '../connector.ts'
import { postgresqlConfigSchema, type PostgresqlConfig } from './postgresql-config.ts'
import { openPostgresqlReader } from './postgresql-reader.ts'
import { openPostgresqlWriter } from './postgresql-writer.ts'

export const postgresqlConnector: ConnectorDefinition<PostgresqlConfig> = {
  kind: 'postgresql',
  title: 'PostgreSQL',
  configSchema: postgresqlConfigSchema,
  describe: capabilities,
  openReader: openPostgresqlReader,
  openWriter: openPostgresqlWriter,
  nameOf: (_config, _objectType, attributes) => String(attributes.name ?? ''),
  templates: [{
    id: 'postgresql-roles',
    title: 'Login roles for people',
    objectType: 'role',
    mapping: {
      name: 'unique([lower(ascii(person.givenName)) + "." + lower(ascii(person.surname)),'
        + ' lower(ascii(person.givenName)) + "." + lower(ascii(person.surname)) + "{n}"])',
      comment: '"usher:" + person.id',
    },
    match: ['comment', 'name'],
  }],
}

const role: ObjectType = {
  name: 'role',
  title: 'Login role',
  kind: 'account',
  attributes: [
    {
      name: 'name',
      title: 'Name',
      type: 'text',
      required: true,
      unique: true,
      naming: true,
      description: 'At most 63 bytes.',
    },
    {
      name: 'comment',
      title: 'Comment',
      type: 'text',
      unique: true,
      description: "Holds the person's id, by which Usher knows its accounts.",
    },
    {
      name: 'connectionLimit',
      title: 'Connection limit',
      type: 'number',
      description: 'Sessions at a time; empty means any number.',
    },
    { name: 'validUntil', title: 'Password valid until', type: 'instant', description: 'Empty means for ever.' },
    readOnly('superuser', 'Superuser'),
    readOnly('createDatabase', 'May create databases'),
    readOnly('createRole', 'May create roles'),
    readOnly('replication', 'Replication'),
    readOnly('bypassRls', 'Bypasses row security'),
  ],
  operations: ['create', 'update', 'rename', 'enable', 'disable', 'delete', 'grant', 'revoke', 'set-secret'],
}

const groupRole: ObjectType = {
  name: 'group-role',
  title: 'Group role',
  kind: 'entitlement',
  attributes: [
    { name: 'name', title: 'Name', type: 'text', required: true, unique: true, naming: true },
    { name: 'comment', title: 'Comment', type: 'text' },
  ],
  operations: [],
}

function capabilities(config: PostgresqlConfig): Capabilities {
  return {
    source: false,
    destination: true,
    objectTypes: [
      role,
      groupRole,
      privilege('database', 'Privilege on a database'),
      privilege('schema', 'Privilege on a schema'),
      privilege('table', 'Privilege on tables'),
    ],
    limits: { parallel: config.parallel, settleMs: 0 },
    canEndSessions: true,
    canReadPassword: false,
  }
}

function privilege(kind: string, title: string): ObjectType {
  return {
    name: `${kind}-privilege`,
    title,
    kind: 'entitlement',
    attributes: [
      { name: 'name', title: 'Name', type: 'text', required: true, unique: true, naming: true },
      { name: 'on', title: 'On', type: 'text' },
      { name: 'privilege', title: 'Privilege', type: 'text' },
    ],
    operations: [],
  }
}

function readOnly(name: string, title: string): ObjectType['attributes'][number] {
  return { name, title, type: 'boolean', readOnly: true, description: 'Read, never set by Usher.' }
}
