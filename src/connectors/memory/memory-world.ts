/** The systems that memory connectors talk to: plain state, made by whoever runs the simulation, and faults as data. */
import type { Attributes } from '../../domain/value.ts'
import type { Operation, Trace } from '../connector.ts'

/** Systems by the name that configurations use. */
export interface MemoryWorld { systems: Record<string, MemorySystem> }

export interface MemorySystem {
  /** Nothing answers while this is false. */
  reachable: boolean
  /** Asked for at sign-in; absent means that everybody gets in. */
  password?: string
  records: Map<string, MemoryRecord>
  /** Entitlement id → ids of the accounts that hold it. */
  members: Map<string, Set<string>>
  /** Account id → its secret. */
  secrets: Map<string, string>
  /** Account id → open sessions. */
  sessions: Map<string, number>
  /** What shall go wrong. */
  faults: Fault[]
  /** How often each operation was called. */
  calls: Partial<Record<FaultyOperation, number>>
  /** Changes that really changed something. */
  writes: number
  nextId: number
  /** What it says of who changed an account (by its id) or a membership (`account entitlement`) last. */
  traces?: Map<string, Trace>
  /** What was there before the last write, for mirrors that are slow. Kept where it is given, if only as null. */
  before?: Pick<MemorySystem, 'records' | 'members'> | null
  /** Waits, in place of the real clock. */
  pause?(milliseconds: number): Promise<void>
}

export interface MemoryRecord {
  objectType: string
  id: string
  name: string
  attributes: Attributes
  enabled: boolean
  protected?: boolean
}

export type FaultyOperation = Operation | 'check' | 'read' | 'lookup' | 'end-sessions'

/**
 * One thing that goes wrong.
 *
 * lose-answer   The system did it, but the answer is lost: the caller sees a broken connection.
 * disconnect    The connection breaks before anything is done; in a read, before that page.
 * refuse        The system says no.
 * slow          It takes a while.
 * busy          It asks for slower work; nothing is done.
 * pretend       It says that it was done, and does nothing.
 * stale         A read or look-up is answered by a mirror that has not seen the last write. For a whole read: page 0.
 */
export interface Fault {
  operation: FaultyOperation
  /** The how-manieth call of that operation, from 1; absent means each one. */
  attempt?: number
  /** In a read, the page before which it happens, from 1. */
  page?: number
  effect: 'lose-answer' | 'disconnect' | 'refuse' | 'slow' | 'busy' | 'pretend' | 'stale'
  /** How often it happened. A fault that never fired proves nothing. */
  fired: number
}

/** An empty system that answers. */
export function newMemorySystem(start: Partial<MemorySystem> = {}): MemorySystem {
  return {
    reachable: true, records: new Map(), members: new Map(), secrets: new Map(), sessions: new Map(),
    faults: [], calls: {}, writes: 0, nextId: 1, ...start,
  }
}

/** Puts a record there, as if it had always been. */
export function addRecord(system: MemorySystem, record: Omit<MemoryRecord, 'id'>): MemoryRecord {
  const added = { ...record, id: `m-${system.nextId++}` }
  system.records.set(added.id, added)
  noteName(system, added.id, undefined, added.name)
  return added
}

/** Large systems have their records found by name; small ones are simply searched, so that a test may change them as it likes. */
const indexedFrom = 1000
const indexes = new WeakMap<MemorySystem, { byName: Map<string, Set<string>>; size: number }>()

export function recordsNamed(system: MemorySystem, name: string): MemoryRecord[] {
  if (system.records.size < indexedFrom) return [...system.records.values()].filter((record) => record.name === name)
  return [...indexOf(system).byName.get(name) ?? []].flatMap((id) => {
    const record = system.records.get(id)
    return record?.name === name ? [record] : []
  })
}

/** After each change of a name; undefined: there was, or is, no such record. */
export function noteName(system: MemorySystem, id: string, before: string | undefined, now: string | undefined): void {
  const index = indexes.get(system)
  if (index === undefined) return
  if (before !== undefined) index.byName.get(before)?.delete(id)
  if (now !== undefined) add(index.byName, now, id)
  index.size += (now === undefined ? 0 : 1) - (before === undefined ? 0 : 1)
}

function indexOf(system: MemorySystem): { byName: Map<string, Set<string>>; size: number } {
  const known = indexes.get(system)
  if (known?.size === system.records.size) return known
  const made = { byName: new Map<string, Set<string>>(), size: system.records.size }
  for (const record of system.records.values()) add(made.byName, record.name, record.id)
  indexes.set(system, made)
  return made
}

function add(byName: Map<string, Set<string>>, name: string, id: string): void {
  const ids = byName.get(name)
  if (ids === undefined) byName.set(name, new Set([id]))
  else ids.add(id)
}

/** Counts a call and returns its number. */
export function countCall(system: MemorySystem, operation: FaultyOperation): number {
  return system.calls[operation] = (system.calls[operation] ?? 0) + 1
}

/** The fault that hits this call or page, marked as fired. */
export function faultAt(
  system: MemorySystem,
  operation: FaultyOperation,
  attempt: number,
  page?: number,
): Fault | undefined {
  const fault = system.faults.find(
    (f) => f.operation === operation && (f.attempt ?? attempt) === attempt && f.page === page,
  )
  if (fault) fault.fired += 1
  return fault
}

/** What a read or look-up sees: what is there, or what was there before the last write. */
export function seenThrough(system: MemorySystem, fault: Fault | undefined): MemorySystem {
  return fault?.effect === 'stale' && system.before ? { ...system, ...system.before } : system
}

/** Keeps what is there for a mirror that is slow. */
export function keepBefore(system: MemorySystem): void {
  if (system.before === undefined) return
  system.before = structuredClone({ records: system.records, members: system.members })
}

/** Faults that never fired: the scenario did not test what it says. */
export function unfired(system: MemorySystem): Fault[] {
  return system.faults.filter((fault) => fault.fired === 0)
}
