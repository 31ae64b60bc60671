/** Can we reach it, sign in, and do what is needed? Each step by name, each missing right by name. Nothing is written. */
import type { ErrorCode } from '../../domain/errors.ts'
import { UsherError } from '../../domain/errors.ts'
import type { Check } from '../connector.ts'
import { oids } from './ldap-controls.ts'
import type { Session } from './ldap-members.ts'
import { readBase } from './ldap-places.ts'
import { allOf, valuesOf } from './ldap-profile.ts'
import type { LdapType } from './ldap-profile.ts'

type Step = Check['steps'][number]

/** What Usher changes on an account in Active Directory. */
const neededAttributes = ['userAccountControl', 'sAMAccountName', 'userPrincipalName', 'displayName', 'mail', 'cn', 'pwdLastSet']

export async function check(session: Session, signal: AbortSignal): Promise<Check> {
  const { client, config, profile } = session
  const { steps, step } = openSteps()
  if (await step(`Connect to ${config.url}`, () => client.connect()) && await step(`Sign in as ${config.bindDn}`, () => signIn(session, signal))) {
    const readable: LdapType[] = []
    for (const type of [profile.types.user, profile.types.group]) {
      if (!await step(`Read ${type.name}s under ${type.base}`, () => readOne(session, type, signal))) continue
      readable.push(type)
      if (config.profile === 'active-directory') await step(`Create ${type.name}s in ${type.base}`, () => mayCreate(session, type, signal))
    }
    if (config.profile === 'active-directory') {
      await step('Set passwords', async () => {
        if (!client.secure) fail('SYSTEM_TLS_FAILED', 'The connection is not encrypted; Active Directory takes passwords over ldaps:// or StartTLS only')
      })
      const { user, group } = profile.types
      if (readable.includes(user)) await step(`Change users under ${user.base}`, () => mayChange(session, user, neededAttributes, signal))
      if (readable.includes(group)) await step(`Change members of groups under ${group.base}`, () => mayChange(session, group, ['member'], signal))
    } else {
      await step('Disable accounts', async () => {
        if (config.disable === 'pwdAccountLockedTime' && !await client.knows(oids.passwordPolicy, signal)) {
          fail('SYSTEM_REFUSED', 'The server has no ppolicy overlay: load it, or configure disable: password')
        }
      })
      await step('Create and change entries', async () => 'Not tried: OpenLDAP does not tell rights without a write. See the rights in the connector\'s page.')
    }
  }
  return { ok: steps.every(({ ok }) => ok), steps }
}

/** What an account that only reads needs. */
export async function checkReading(session: Session, signal: AbortSignal): Promise<Check> {
  const { config: { bindDn }, profile } = session
  const { steps, step } = openSteps()
  if (await step(`Sign in as ${bindDn}`, () => signIn(session, signal))) {
    for (const type of [profile.types.user, profile.types.group]) {
      await step(`Read ${type.name}s under ${type.base} as ${bindDn}`, () => readOne(session, type, signal))
    }
  }
  return { ok: steps.every(({ ok }) => ok), steps }
}

function openSteps() {
  const steps: Step[] = []
  /** Runs a step; answers whether to go on with those that build on it. */
  const step = async (name: string, work: () => Promise<string | undefined | void>): Promise<boolean> => {
    try {
      const message = await work()
      steps.push({ name, ok: true, ...(message ? { message } : {}) })
      return true
    } catch (error) {
      if (!(error instanceof UsherError)) throw error
      steps.push({ name, ok: false, code: error.code, message: error.message })
      return false
    }
  }
  return { steps, step }
}

async function signIn(session: Session, signal: AbortSignal): Promise<void> {
  await readBase(session, '', undefined, ['supportedControl'], signal)
}

async function readOne(session: Session, type: LdapType, signal: AbortSignal): Promise<string | undefined> {
  const { client, profile } = session
  if (!await readBase(session, type.base, undefined, ['1.1'], signal)) {
    fail('NOT_FOUND', `There is no ${type.base}, or ${session.config.bindDn} may not see it`)
  }
  const entries = await client.search({
    what: `Read ${type.name}s under ${type.base}`, base: type.base, scope: 'sub', filter: allOf(type.filter, type.extraFilter),
    attributes: [profile.idAttribute], controls: profile.searchControls(), limit: 1,
  }, signal)
  if (entries.length === 0) return `None is there yet, or none that ${session.config.bindDn} may see`
  if (valuesOf(entries[0]!, profile.idAttribute).length === 0) fail('SYSTEM_RIGHT_MISSING', `${profile.idAttribute} may not be read`)
  return undefined
}

async function mayCreate(session: Session, type: LdapType, signal: AbortSignal): Promise<void> {
  const entry = await readBase(session, type.base, undefined, ['allowedChildClassesEffective'], signal)
  const classes = entry ? valuesOf(entry, 'allowedChildClassesEffective').map((value) => value.toString('latin1').toLowerCase()) : []
  if (!classes.includes(type.name)) {
    fail('SYSTEM_RIGHT_MISSING', `${session.config.bindDn} may not create ${type.name} objects in ${type.base}: grant "Create ${type.name} objects" there`)
  }
}

async function mayChange(session: Session, type: LdapType, needed: string[], signal: AbortSignal): Promise<string | undefined> {
  const { client, profile } = session
  const entries = await client.search({
    what: `Read rights on ${type.name}s`, base: type.base, scope: 'sub', filter: allOf(type.filter, type.extraFilter),
    attributes: ['allowedAttributesEffective', ...profile.stateAttributes[type.name]], controls: profile.searchControls(), limit: 50,
  }, signal)
  const sample = entries.find((entry) => !profile.builtIn(entry))
  if (!sample) return `No ${type.name} is there to see the rights on`
  const allowed = new Set(valuesOf(sample, 'allowedAttributesEffective').map((value) => value.toString('latin1').toLowerCase()))
  const missing = needed.filter((name) => !allowed.has(name.toLowerCase()))
  if (missing.length > 0) {
    fail('SYSTEM_RIGHT_MISSING', `${session.config.bindDn} may not write ${missing.join(', ')} of ${sample.dn}`)
  }
  return undefined
}

function fail(code: ErrorCode, message: string): never {
  throw new UsherError(code, message)
}
