/**
 * A connector is the code that talks to one kind of system.
 *
 * It comes in two halves. A `Reader` cannot write: a preview is given nothing else, so it cannot change anything however
 * wrong the connector is. A `Writer` carries out one change. Neither decides: the engine compares, plans, orders, retries.
 * All values are plain data (see `domain/value.ts`). Ids are opaque text from `read`; they survive a rename.
 */
import type { z } from 'zod'
import type { AttributeDescription } from '../domain/attribute.ts'
import type { ErrorCode } from '../domain/errors.ts'
import type { Attributes, Value } from '../domain/value.ts'

export interface ConnectorDefinition<Config = unknown> {
  /** Stable name used in policy files: `file`, `ldap`, `postgresql`, `memory`. */
  readonly kind: string
  readonly title: string
  /** What the configuration must look like. `.meta({ title, description, secret: true })` on fields feeds the form, the docs and the schema. */
  readonly configSchema: z.ZodType<Config>
  /** What this kind of system can do, given its configuration. Pure data; no connection is made. */
  describe(config: Config): Capabilities
  /** The half that cannot write. `secrets` resolves a secret's reference to its value. Connects lazily. */
  openReader(config: Config, secrets: Secrets): Reader
  /** The half that writes. Only the apply process opens it. Absent for sources that are never written. */
  openWriter?(config: Config, secrets: Secrets): Writer
  /** The name (DN, role name) that a record with these attributes has. Pure. Absent for sources. */
  nameOf?(config: Config, objectType: string, attributes: Attributes): string
  /** Jobs with the required fields filled in, offered when a system is added. */
  readonly templates?: JobTemplate[]
}

export type Secrets = (reference: string) => Promise<string>

export interface Capabilities {
  source: boolean
  destination: boolean
  objectTypes: ObjectType[]
  limits: {
    /** Changes carried out side by side. */
    parallel: number
    /** Changes per second at most; absent means no limit. */
    perSecond?: number
    /** How long after a write a read may still show the old state, in milliseconds. */
    settleMs: number
  }
  canEndSessions: boolean
  canReadPassword: boolean
}

export interface ObjectType {
  /** `user`, `group`, `role` … */
  name: string
  title: string
  /** An account gives a person access; an entitlement is what an account can hold. */
  kind: 'account' | 'entitlement'
  attributes: AttributeDescription[]
  operations: Operation[]
}

export type { AttributeDescription }

export type Operation = 'create' | 'update' | 'rename' | 'enable' | 'disable' | 'delete' | 'grant' | 'revoke' | 'set-secret'

export interface JobTemplate {
  /** `active-directory-users`, `openldap-users`, `postgresql-roles` */
  id: string
  title: string
  objectType: string
  /** Attribute → CEL over `person`, `position`. */
  mapping: Record<string, string>
  /** Attributes by which an existing record is recognised as a person's, most trusted first. */
  match: string[]
}

/* ------------------------------------------------------------------ reading */

export interface Reader {
  /** Can we reach it, sign in, and do what is needed? Each missing right by name. Never throws for what it can report. */
  check(signal: AbortSignal): Promise<Check>
  /** Shape of a table-like source: sheet, header row, columns, some rows. Sources only. */
  inspect?(signal: AbortSignal): Promise<SourceShape>
  /**
   * Pages of what is there, in any order. The generator's return value says whether that was all.
   * A failure half-way does not throw: it ends with `complete: false` and the finding; throwing is for programming errors.
   */
  read(scope: ReadScope, signal: AbortSignal): AsyncGenerator<Page, ReadEnd>
  /** The same as `read`, for who has several threads: pages, and parts between them that make pages, in the same order. */
  readParts?(scope: ReadScope, signal: AbortSignal): AsyncGenerator<Page | Part, ReadEnd>
  /** These records as they are now, with their memberships; those that are not there are simply absent. Used before and after each write. Throws `UsherError`. */
  lookup?(wanted: Wanted[], scope: ReadScope, signal: AbortSignal): Promise<Page>
  /** Who changed these last, as far as the system itself says; one answer for each, in order. Asked only about what drifted. Throws `UsherError`. */
  trace?(asked: Traced[], signal: AbortSignal): Promise<(Trace | null)[]>
  /** Connects and signs in, for whoever cannot wait for it later; asked again, it keeps the connection alive. Throws `UsherError`. */
  keepReady?(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

export interface Check {
  ok: boolean
  /** What was tried, in order: "Connect", "Sign in", "Read users under OU=Staff", "Create users" … */
  steps: { name: string; ok: boolean; code?: ErrorCode; message?: string }[]
}

export interface ReadScope {
  /** Object types wanted; empty means all. */
  objectTypes: string[]
  /** Attributes wanted, by object type; a type that is absent means all described ones. */
  attributes?: Record<string, string[]>
  /** Given where a read may pass over accounts that are as they are known. A connector that does so need not make records of them. */
  known?: KnownAccounts
}

/** What is known of accounts from earlier reads. */
export interface KnownAccounts {
  /** Whether it is known to be just so; then it counts as seen, and is passed over. `shown`: its text, as `domain/shown.ts` makes it. */
  pass(objectType: string, id: string, shown: Uint8Array): boolean
  /** Whether it is never to be touched, whatever the system says. Absent: none is. */
  isProtected?(id: string, name: string): boolean
}

/** How to find one record: by id, or by its name when there is no id yet, or by an attribute with a unique value. */
export type Wanted =
  | { objectType: string; id: string }
  | { objectType: string; name: string }
  | { objectType: string; attribute: string; value: Value }

/** An account, or its membership in an entitlement. */
export interface Traced {
  objectType: string
  id: string
  entitlement?: { objectType: string; id: string }
}

export interface Trace {
  /** What it says this of. A directory keeps who changed an entry last, not which value. */
  of: 'account' | 'entitlement' | 'membership'
  at?: string
  /** In the system's own words: a DN, a role name. */
  by?: string
}

export interface Page {
  records: ObservedRecord[]
  /** Accounts that were passed over (`ReadScope.known`): how many, and how many of them have which attribute. */
  passed?: { count: number; filled: Record<string, number> }
  memberships: ObservedMembership[]
  /** Rows of a source that are not usable; the good ones go on. */
  rejected: Rejection[]
}

/** A part of a source that is understood without the others: `module` is a `PartModule`, and may be loaded by any thread. */
export interface Part {
  module: string
  /** Alone in its memory, so that it can be handed to another thread. */
  bytes: Uint8Array<ArrayBuffer>
  /** What `module` needs to know; plain data, the same object in parts for which it is the same. */
  about: unknown
  /** The number of its first row, and how many it has, with those that its page rejects. */
  row: number
  rows: number
}

export interface PartModule {
  pageOf(part: Part): Page
  rowsOf(part: Part): PartRows
}

/** The rows of a part: those that can be taken as they stand in its bytes, and the others. */
export interface PartRows {
  /** UTF-8. */
  bytes: Uint8Array<ArrayBuffer>
  /** Names of the columns that are wanted. */
  columns: string[]
  /** Numbers of the plain rows, whose cells are text without quotes, backslashes and control characters. */
  plain: number[]
  /** Of each plain row, for each column in turn: where its cell begins and where it ends, without the space around it; nowhere if it is empty. */
  bounds: Int32Array
  page: Page
}

export interface ObservedRecord {
  objectType: string
  /** Native, opaque, immutable: objectGUID, entryUUID, oid. For files: the row number as text. */
  id: string
  /** What the system calls it: DN, role name. For files: the cell range, `Staff!A17`. */
  name: string
  attributes: Attributes
  /** Accounts only. */
  enabled?: boolean
  /** Built-in or otherwise never to be touched. */
  protected?: boolean
  /** Where it stands in a file. */
  row?: number
}

/** A member may be given by name where the system knows only names (an LDAP group's `member`). */
export interface ObservedMembership {
  entitlementId: string
  member: { id: string } | { name: string }
}

export interface Rejection {
  row: number
  /** `Staff!D17` */
  address: string
  column?: string
  value?: string
  code: ErrorCode
  /** "a date such as 2026-11-21" */
  expected: string
}

export type ReadEnd =
  /** `proven`: the source itself showed that this is all: a trailer with a count, a container that ends. `statedAt`: when it says that it was made. */
  | { complete: true; count: number; digest?: string; proven?: boolean; statedAt?: string }
  | { complete: false; count: number; code: ErrorCode; because: string }

export interface SourceShape {
  file: string
  sheet?: string
  /** Nobody named it: of several it looks most like a table. */
  isSheetGuessed?: true
  sheets?: string[]
  encoding?: string
  delimiter?: string
  /** When the file was last written. */
  modifiedAt?: string
  headerRow: number
  columns: { name: string; letter: string; index: number }[]
  /** The first rows, to show beside a mapping. */
  sample: Attributes[]
}

/* ------------------------------------------------------------------ writing */

export interface Writer {
  /**
   * Carries out one change. Twice is the same as once. Resolves with the outcome for everything that a system can answer;
   * throws for programming errors only.
   */
  apply(change: SystemChange, signal: AbortSignal): Promise<Outcome>
  /** Ends what an account has open now (database sessions, web sessions). */
  endSessions?(account: { objectType: string; id: string; name: string }, signal: AbortSignal): Promise<Outcome>
  /** As a reader's; writes nothing. */
  keepReady?(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** A change as one system needs it: values only. */
export type SystemChange =
  | { kind: 'create'; objectType: string; name: string; attributes: Attributes; enabled: boolean; secret?: string }
  | { kind: 'update'; objectType: string; id: string; name: string; set: Attributes; clear: string[] }
  | { kind: 'rename'; objectType: string; id: string; name: string; newName: string; set: Attributes }
  | { kind: 'enable' | 'disable' | 'delete'; objectType: string; id: string; name: string }
  | { kind: 'set-secret'; objectType: string; id: string; name: string; secret: string }
  | { kind: 'grant' | 'revoke'; objectType: string; id: string; name: string; entitlement: { objectType: string; id: string; name: string } }

export type Outcome =
  /** It was done, or it was so already. `id` is the record's native id. */
  | { outcome: 'done' | 'already'; id: string }
  /** The system accepted it and will show it later. `until` is an instant. */
  | { outcome: 'pending'; until: string }
  /** `words`: the system's own, unchanged but for secrets. `ALREADY_EXISTS` lets the engine look whether it is ours. */
  | { outcome: 'failed'; retryable: boolean; code: ErrorCode; words: string }
