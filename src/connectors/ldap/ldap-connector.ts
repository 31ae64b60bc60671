/** LDAP directories: Active Directory and OpenLDAP. */
import { UsherError } from '../../domain/errors.ts'
import type { Attributes } from '../../domain/value.ts'
import type { Capabilities, Check, ConnectorDefinition, Outcome, Reader, Secrets, SystemChange, Writer } from '../connector.ts'
import { relativeName } from './dn.ts'
import { create, remove, rename, update } from './ldap-accounts.ts'
import { check, checkReading } from './ldap-check.ts'
import { openClient } from './ldap-client.ts'
import { ldapConfig, parallelOf, poolSizeOf } from './ldap-config.ts'
import type { LdapConfig } from './ldap-config.ts'
import { grant, revoke } from './ldap-groups.ts'
import type { Session } from './ldap-members.ts'
import { failure } from './ldap-places.ts'
import type { LdapType, Profile } from './ldap-profile.ts'
import { activeDirectory } from './ldap-profile-ad.ts'
import { openLdap } from './ldap-profile-openldap.ts'
import { lookup, readAll } from './ldap-read.ts'
import { setEnabled, setSecret } from './ldap-sign-in.ts'
import { templates } from './ldap-templates.ts'
import { trace } from './ldap-trace.ts'

export const ldapConnector: ConnectorDefinition<LdapConfig> = {
  kind: 'ldap',
  title: 'LDAP directory (Active Directory, OpenLDAP)',
  configSchema: ldapConfig,
  describe,
  openReader,
  openWriter,
  nameOf,
  templates,
}

function describe(config: LdapConfig): Capabilities {
  const { user, group } = profileOf(config).types
  return {
    source: true,
    destination: true,
    objectTypes: [user.description, group.description],
    limits: { parallel: parallelOf(config), settleMs: 0 },
    canEndSessions: false,
    canReadPassword: false,
  }
}

/** The DN of a record with these attributes. */
function nameOf(config: LdapConfig, objectType: string, attributes: Attributes): string {
  const type = typeOf(profileOf(config), objectType)
  const value = attributes[type.rdn]
  if (value === undefined || value === '' || Array.isArray(value)) {
    throw new UsherError('REQUIRED_EMPTY', `${type.rdn} has no value, and without it a ${objectType} has no name in the directory`)
  }
  const container = typeof attributes.container === 'string' && attributes.container !== '' ? attributes.container : type.base
  // Active Directory writes the attributes of names in capitals.
  const rdn = config.profile === 'active-directory' ? type.rdn.toUpperCase() : type.rdn
  return `${relativeName(rdn, String(value))},${container}`
}

function openReader(config: LdapConfig, secrets: Secrets): Reader {
  const session = openSession({ ...config, ...config.reader }, secrets)
  return {
    check: (signal) => checkBoth(config, secrets, session, signal),
    read: (scope, signal) => readAll(session, scope, signal),
    lookup: (wanted, scope, signal) => lookup(session, wanted, scope, signal),
    trace: (asked, signal) => trace(session, config.bindDn, asked, signal),
    keepReady: (signal) => session.client.keepReady(signal),
    close: async () => session.client.close(),
  }
}

/** The rights are those of who writes; who only reads must be able to sign in and read. */
async function checkBoth(config: LdapConfig, secrets: Secrets, reading: Session, signal: AbortSignal): Promise<Check> {
  if (config.reader === undefined) return await check(reading, signal)
  const writing = openSession(config, secrets)
  try {
    const whole = await check(writing, signal)
    const steps = [...whole.steps, ...(await checkReading(reading, signal)).steps]
    return { ok: steps.every(({ ok }) => ok), steps }
  } finally {
    await writing.client.close()
  }
}

function openWriter(config: LdapConfig, secrets: Secrets): Writer {
  const session = openSession(config, secrets)
  return {
    async apply(change, signal) {
      try {
        return await carryOut(session, change, signal)
      } catch (error) {
        if (error instanceof UsherError) return failure(error)
        throw error
      }
    },
    keepReady: (signal) => session.client.keepReady(signal),
    close: async () => session.client.close(),
  }
}

function carryOut(session: Session, change: SystemChange, signal: AbortSignal): Promise<Outcome> {
  const type = typeOf(session.profile, change.objectType)
  if (!type.description.operations.includes(change.kind)) {
    throw new UsherError('INVALID_INPUT', `There is no ${change.kind} for a ${type.name} in a directory`)
  }
  switch (change.kind) {
    case 'create': return create(session, type, change, signal)
    case 'update': return update(session, type, change, signal)
    case 'rename': return rename(session, type, change, signal)
    case 'enable':
    case 'disable': return setEnabled(session, { ...change, kind: change.kind }, signal)
    case 'delete': return remove(session, { ...change, kind: change.kind }, signal)
    case 'set-secret': return setSecret(session, change, signal)
    case 'grant': return grant(session, change, signal)
    case 'revoke': return revoke(session, change, signal)
  }
}

function openSession(config: LdapConfig, secrets: Secrets): Session {
  return { config, profile: profileOf(config), client: openClient(config, secrets, poolSizeOf(config)) }
}

function profileOf(config: LdapConfig): Profile {
  return config.profile === 'active-directory' ? activeDirectory(config) : openLdap(config)
}

function typeOf(profile: Profile, objectType: string): LdapType {
  if (objectType === 'user' || objectType === 'group') return profile.types[objectType]
  throw new UsherError('INVALID_INPUT', `A directory has users and groups, not "${objectType}"`)
}
