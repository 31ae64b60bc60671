/** What a case of the contract is given: a connector, a real system behind it, and what the case may use there. */
import assert from 'node:assert/strict'
import type {
  AttributeDescription,
  Capabilities,
  ConnectorDefinition,
  ObjectType,
  ObservedMembership,
  ObservedRecord,
  Operation,
  Outcome,
  Page,
  ReadEnd,
  ReadScope,
  Reader,
  Secrets,
  SystemChange,
  Wanted,
  Writer,
} from '../../src/connectors/connector.ts'
import { canonical, type Attributes, type Value } from '../../src/domain/value.ts'

/** How to get in: `config` and what its secret references stand for. */
export interface Access<Config> { config: Config; secrets: Secrets }

/** One record as changes name it. */
export interface Named { objectType: string; id: string; name: string }

/** What a connector's own test file provides. All of it lies on the real server that `access` leads to. */
export interface ContractFixture<Config> {
  definition: ConnectorDefinition<Config>
  access: Access<Config>
  /** The same with pages of at most ten records. */
  smallPages: Access<Config>
  wrongCredentials: Access<Config>
  /** Nothing listens there. */
  unreachable: Access<Config>
  account: {
    objectType: string
    /** All attributes for `create`, the naming ones included; each label (`k1`, `k2` …) gives another record. */
    make(label: string): Attributes
    /** The naming attributes under which the record of that label is called otherwise. */
    renamed(label: string): Attributes
    /** What an update sets; the names do not occur in `make`, or with other values. */
    change: Attributes
    /** Attributes of `make` or `change` that an update can clear. */
    clear: string[]
    /** Values beyond ASCII that must come back exactly. */
    unicode: Attributes
    /** An attribute of `make` whose value nobody else has, for lookups. */
    uniqueAttribute: string
    /** Naming attributes with what breaks quoting. */
    hostile?: Attributes[]
    /** A secret that the system accepts; another one at each call. */
    newSecret?(): string
  }
  /** Two that exist and that nobody holds. */
  entitlements: Named[]
  /** An account that exists and must not be touched. */
  protectedAccount: Named
  /** Whether that secret gets in: asked of the server itself. */
  signsIn?(name: string, attributes: Attributes, secret: string): Promise<boolean>
  /** Opens a session of an account on the server itself. */
  openSession?(account: Named, secret: string): Promise<{ alive(): Promise<boolean>; close(): Promise<void> }>
  /** Members of one entitlement to try: more than 1,500 where the system takes them; 0 where it does not. */
  manyMembers: number
  /**
   * Gives an entitlement that many new members by the server's own means, and returns their ids. Absent: one by
   * one.
   */
  fill?(entitlement: Named, count: number): Promise<string[]>
  /** Changes that the server itself has counted, to prove that reading changes nothing. */
  writes?(): Promise<number>
  /** What the system can't do, as `describe` must say: operations, `sessions`, `many-members`. */
  notSupported: string[]
  tearDown(): Promise<void>
}

/** A fixture and what belongs to one run over it. */
export interface System<Config = unknown> extends ContractFixture<Config> {
  capabilities: Capabilities
  type: ObjectType
  /** Another label at each call. */
  label(): string
  signal: AbortSignal
}

/** A fixture made ready for cases. */
export function systemOf<Config>(fixture: ContractFixture<Config>): System<Config> {
  const capabilities = fixture.definition.describe(fixture.access.config)
  const type = capabilities.objectTypes.find((t) => t.name === fixture.account.objectType)
  assert.ok(type, `describe() knows the object type ${fixture.account.objectType}`)
  let labels = 0
  return { ...fixture, capabilities, type, label: () => `k${++labels}`, signal: new AbortController().signal }
}

/** Whether the account type can do that. */
export function can(system: System, ...operations: Operation[]): boolean {
  return operations.every((operation) => system.type.operations.includes(operation))
}

/** Opens both halves, and closes them whatever happens. */
export async function withBoth<T>(system: System, work: (reader: Reader, writer: Writer) => Promise<T>): Promise<T> {
  const reader = system.definition.openReader(system.access.config, system.access.secrets)
  const writer = system.definition.openWriter?.(system.access.config, system.access.secrets)
  assert.ok(writer, 'a destination has a writer')
  try {
    return await work(reader, writer)
  } finally {
    await reader.close()
    await writer.close()
  }
}

/** Opens the reading half, and closes it whatever happens. */
export async function withReader<T>(
  system: System,
  access: Access<unknown>,
  work: (reader: Reader) => Promise<T>,
): Promise<T> {
  const reader = system.definition.openReader(access.config, access.secrets)
  try {
    return await work(reader)
  } finally {
    await reader.close()
  }
}

/** Everything that a read returned. */
export async function readAll(reader: Reader, scope: ReadScope, signal: AbortSignal): Promise<{
  pages: Page[]; records: ObservedRecord[]; memberships: ObservedMembership[]; end: ReadEnd
}> {
  const pages: Page[] = []
  const reading = reader.read(scope, signal)
  for (;;) {
    const step = await reading.next()
    if (step.done) {
      const records = pages.flatMap((page) => page.records)
      return { pages, records, memberships: pages.flatMap((page) => page.memberships), end: step.value }
    }
    pages.push(step.value)
  }
}

/** Looks records up, all attributes of them. */
export async function lookup(reader: Reader, wanted: Wanted[], signal: AbortSignal): Promise<Page> {
  assert.ok(reader.lookup, 'a destination can look records up')
  return await reader.lookup(wanted, { objectTypes: [] }, signal)
}

/** The one record that is looked up, or undefined; its memberships with it. */
export async function lookupOne(system: System, reader: Reader, wanted: Wanted):
Promise<{ record: ObservedRecord; holds: string[] } | undefined> {
  const page = await lookup(reader, [wanted], system.signal)
  const found = page.records.filter((record) => record.objectType === wanted.objectType)
  assert.ok(found.length <= 1, `a lookup of one record finds ${found.length}`)
  const record = found[0]
  return record && { record, holds: held(page.memberships, record) }
}

/** The ids of the entitlements that a record holds, given by id or by name. */
export function held(memberships: ObservedMembership[], record: { id: string; name: string }): string[] {
  return memberships.filter(({ member }) => ('id' in member
    ? member.id === record.id
    : member.name.toLowerCase() === record.name.toLowerCase())).map((membership) => membership.entitlementId).toSorted()
}

/** Carries a change out as the engine does: what is retryable is tried again. */
export async function settle(system: System, writer: Writer, change: SystemChange): Promise<Outcome> {
  let outcome: Outcome = await writer.apply(change, system.signal)
  for (let attempt = 1; attempt < 20 && outcome.outcome === 'failed' && outcome.retryable; attempt++) {
    outcome = await writer.apply(change, system.signal)
  }
  return outcome
}

/** Carries a change out and demands that it succeeded. */
export async function succeed(
  system: System,
  writer: Writer,
  change: SystemChange,
): Promise<{ outcome: 'done' | 'already'; id: string }> {
  const outcome = await settle(system, writer, change)
  assert.ok(
    outcome.outcome === 'done' || outcome.outcome === 'already',
    `${change.kind} ${change.name}: ${JSON.stringify(outcome)}`,
  )
  return outcome
}

/** Demands that a change failed with one of these codes, and whether it may be retried. */
export function assertFailed(outcome: Outcome, codes: string[], retryable: boolean): void {
  assert.equal(outcome.outcome, 'failed', JSON.stringify(outcome))
  if (outcome.outcome !== 'failed') return
  assert.ok(codes.includes(outcome.code), `${outcome.code} (${outcome.words}) is one of ${codes.join(', ')}`)
  assert.equal(outcome.retryable, retryable, `${outcome.code} retryable`)
  assert.ok(outcome.words.length > 0, 'the system has words')
}

/** A create as the planner would make it. */
export function creation(
  system: System,
  attributes: Attributes,
  enabled = true,
): Extract<SystemChange, { kind: 'create' }> {
  const { objectType, newSecret } = system.account
  return {
    kind: 'create', objectType, name: nameOf(system, attributes), attributes, enabled,
    ...can(system, 'set-secret') && newSecret && { secret: newSecret() },
  }
}

/** What the system calls a record with these attributes. */
export function nameOf(system: System, attributes: Attributes): string {
  assert.ok(system.definition.nameOf, 'a destination can name records')
  return system.definition.nameOf(system.access.config, system.account.objectType, attributes)
}

/**
 * Creates an account of a new label; `idle`: disabled and without a secret, which some systems take much longer
 * to store.
 */
export async function newAccount(
  system: System, writer: Writer, label = system.label(), idle = false,
): Promise<Named & { label: string; attributes: Attributes }> {
  const attributes = system.account.make(label)
  const change = creation(system, attributes, !idle)
  if (idle) delete change.secret
  const outcome = await settle(system, writer, change)
  assert.equal(outcome.outcome, 'done', JSON.stringify(outcome))
  assert.ok('id' in outcome && outcome.id !== '', 'a create answers with the id')
  return { objectType: change.objectType, id: outcome.id, name: change.name, label, attributes }
}

/** Removes accounts of a case where the system can. */
export async function removeAll(system: System, writer: Writer, accounts: Named[]): Promise<void> {
  if (!can(system, 'delete')) return
  await sideBySide(system, accounts, async ({ objectType, id, name }) => {
    await succeed(system, writer, { kind: 'delete', objectType, id, name })
  })
}

/** Works a list off with as many side by side as the system's limits allow. */
export async function sideBySide<T, R>(system: System, items: T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const worker = async () => {
    for (let at = next++; at < items.length; at = next++) results[at] = await work(items[at]!)
  }
  await Promise.all(Array.from({ length: system.capabilities.limits.parallel }, worker))
  return results
}

/** Demands that a record shows these attributes, each compared as its description says; secret ones are never shown. */
export function assertShows(system: System, record: ObservedRecord, expected: Attributes): void {
  for (const [name, value] of Object.entries(expected)) {
    const description = system.type.attributes.find((attribute) => attribute.name === name)
    assert.ok(description, `describe() knows ${name}`)
    if (description.secret) assert.equal(record.attributes[name], undefined, `${name} is never read back`)
    else
      assert.equal(
        comparable(record.attributes[name], description),
        comparable(value, description),
        `${record.name}: ${name}`,
      )
  }
}

function comparable(value: Value | undefined, { compare }: AttributeDescription): string {
  const fold = (text: string) => (compare === 'dn' ? text.toLowerCase().replace(/\s*([,=+])\s*/g, '$1')
    : compare === 'ignore-case' ? text.toLowerCase() : text)
  if (Array.isArray(value)) return canonical(value.map(fold).toSorted())
  return canonical(typeof value === 'string' ? fold(value) : value)
}
