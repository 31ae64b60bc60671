/** What tests of the LDAP connector share: both halves over one configuration, and everything that a read returned. */
import assert from 'node:assert/strict'
import type { ObservedMembership, ObservedRecord, Outcome, ReadEnd, Reader, ReadScope, Writer } from '../../src/connectors/connector.ts'
import { ldapConfig } from '../../src/connectors/ldap/ldap-config.ts'
import type { LdapConfig } from '../../src/connectors/ldap/ldap-config.ts'
import { ldapConnector } from '../../src/connectors/ldap/ldap-connector.ts'
import type { Attributes } from '../../src/domain/value.ts'

export const signal = new AbortController().signal

/** Opens both halves; `using` closes them. */
export function open(input: Record<string, unknown>, password: string): Reader & Writer & Disposable & { config: LdapConfig } {
  const config = ldapConfig.parse({ password: 'directory', ...input })
  const secrets = async (): Promise<string> => password
  const reader = ldapConnector.openReader(config, secrets)
  const writer = ldapConnector.openWriter?.(config, secrets)
  assert.ok(writer)
  const close = async (): Promise<void> => {
    await reader.close()
    await writer.close()
  }
  return { ...reader, ...writer, close, config, [Symbol.dispose]: () => void close() }
}

export interface Everything {
  records: ObservedRecord[]
  memberships: ObservedMembership[]
  end: ReadEnd
}

export async function readAll(reader: Reader, scope: ReadScope = { objectTypes: [] }, onPage?: (page: number) => Promise<void>): Promise<Everything> {
  const records: ObservedRecord[] = []
  const memberships: ObservedMembership[] = []
  const pages = reader.read(scope, signal)
  for (let page = 1; ; page++) {
    const step = await pages.next()
    if (step.done) return { records, memberships, end: step.value }
    records.push(...step.value.records)
    memberships.push(...step.value.memberships)
    await onPage?.(page)
  }
}

/** The one record of this id or name, with the ids of the groups that it is in. */
export async function seen(reader: Reader, wanted: { id: string } | { name: string }, objectType = 'user'):
Promise<(ObservedRecord & { holds: string[] }) | undefined> {
  const page = await reader.lookup?.([{ objectType, ...wanted }], { objectTypes: [] }, signal)
  const record = page?.records[0]
  if (!page || !record) return undefined
  const holds = page.memberships.filter(({ member }) => 'id' in member && member.id === record.id).map(({ entitlementId }) => entitlementId)
  return { ...record, holds: holds.toSorted() }
}

/** The id in an outcome that must be a success. */
export function idIn(outcome: Outcome): string {
  assert.ok(outcome.outcome === 'done' || outcome.outcome === 'already', JSON.stringify(outcome))
  return outcome.id
}

/** Creates a record and returns it as changes name it. */
export async function make(
  directory: Writer & { config: LdapConfig }, attributes: Attributes, more: { objectType?: string, enabled?: boolean, secret?: string } = {},
): Promise<{ objectType: string, id: string, name: string }> {
  const { objectType = 'user', enabled = true, secret } = more
  const name = ldapConnector.nameOf?.(directory.config, objectType, attributes) ?? ''
  const outcome = await directory.apply({ kind: 'create', objectType, name, attributes, enabled, ...(secret === undefined ? {} : { secret }) }, signal)
  return { objectType, id: idIn(outcome), name }
}

/** Demands a failure with this code; returns the system's words. */
export function wordsOf(outcome: Outcome, code: string, retryable = false): string {
  assert.ok(outcome.outcome === 'failed', JSON.stringify(outcome))
  assert.deepEqual([outcome.code, outcome.retryable], [code, retryable], outcome.words)
  return outcome.words
}
