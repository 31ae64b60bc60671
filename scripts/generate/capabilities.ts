import { ldapConfig } from '../../src/connectors/ldap/ldap-config.ts'
import { ldapConnector } from '../../src/connectors/ldap/ldap-connector.ts'
import type { Capabilities, ConnectorDefinition } from '../../src/connectors/connector.ts'
import { memoryConnector } from '../../src/connectors/memory/memory-connector.ts'
import { postgresqlConnector } from '../../src/connectors/postgresql/postgresql-connector.ts'
import type { Generator } from '../generate.ts'

/** Connector → kind of configuration that makes a difference → what it can do then. */
const described: Record<string, Record<string, Capabilities>> = {
  ldap: {
    'active-directory': describeLdap('active-directory'),
    openldap: describeLdap('openldap'),
  },
  memory: { memory: describe(memoryConnector({ systems: {} }), { system: 'crm' }) },
  postgresql: { postgresql: describe(postgresqlConnector, { url: 'postgres://usher@db.example.org/warehouse' }) },
}

/** `capabilities.json` in the folder of each connector, so that what it can do shows in a review. */
export const capabilities: Generator = {
  name: 'capabilities',
  files: () => Object.fromEntries(Object.entries(described).map(([connector, kinds]) =>
    [`src/connectors/${connector}/capabilities.json`, `${JSON.stringify(kinds, null, 2)}\n`])),
}

function describe<Config>(definition: ConnectorDefinition<Config>, config: unknown): Capabilities {
  return definition.describe(definition.configSchema.parse(config))
}

function describeLdap(profile: string): Capabilities {
  return ldapConnector.describe(ldapConfig.parse({
    url: 'ldaps://directory.example.org', profile, bindDn: 'cn=usher,dc=example,dc=org', password: 'directory', base: 'dc=example,dc=org',
  }))
}
