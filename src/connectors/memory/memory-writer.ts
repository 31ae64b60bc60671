/** The half that writes: one change at a time, twice the same as once. */
import { setTimeout as sleep } from 'node:timers/promises'
import { UsherError, type ErrorCode } from '../../domain/errors.ts'
import { canonical, type Attributes } from '../../domain/value.ts'
import type { Outcome, Secrets, SystemChange, Writer } from '../connector.ts'
import type { MemoryConfig } from './memory-config.ts'
import { signIn } from './memory-session.ts'
import {
  addRecord,
  countCall,
  faultAt,
  keepBefore,
  type FaultyOperation,
  type MemoryRecord,
  type MemorySystem,
  type MemoryWorld,
  noteName,
  recordsNamed,
} from './memory-world.ts'

const slowMs = 50

/** Opens the writing half of one system. */
export function openMemoryWriter(world: MemoryWorld, config: MemoryConfig, secrets: Secrets): Writer {
  const perform = async (
    operation: FaultyOperation,
    id: string,
    signal: AbortSignal,
    work: (system: MemorySystem) => Outcome,
  ): Promise<Outcome> => {
    try {
      const system = await signIn(world, config, secrets)
      const fault = faultAt(system, operation, countCall(system, operation))
      if (fault?.effect === 'slow') await (system.pause?.(slowMs) ?? sleep(slowMs, undefined, { signal }))
      if (fault?.effect === 'busy') return failed('SYSTEM_BUSY', 'The system asks for slower work.')
      if (fault?.effect === 'disconnect') return broken
      if (fault?.effect === 'refuse') return failed('SYSTEM_REFUSED', `The system refused to ${operation}.`)
      if (fault?.effect === 'pretend') return { outcome: 'done', id }
      keepBefore(system)
      const outcome = work(system)
      if (outcome.outcome === 'done') system.writes += 1
      return fault?.effect === 'lose-answer' ? broken : outcome
    } catch (error) {
      if (error instanceof UsherError) return failed(error.code, error.message)
      if (signal.aborted)
        return { outcome: 'failed', retryable: true, code: 'SYSTEM_UNREACHABLE', words: 'Stopped before it was sent.' }
      throw error
    }
  }
  return {
    apply: (change, signal) => perform(change.kind, 'id' in change ? change.id : 'none', signal, (system) => carryOut(system, change)),
    endSessions: ({ id }, signal) => perform('end-sessions', id, signal, (system) =>
      ({ outcome: system.sessions.delete(id) ? 'done' : 'already', id })),
    close: async () => {},
  }
}

const broken: Outcome = {
  outcome: 'failed',
  retryable: true,
  code: 'SYSTEM_UNREACHABLE',
  words: 'The connection broke.',
}

function failed(code: ErrorCode, words: string): Outcome {
  return { outcome: 'failed', retryable: code === 'SYSTEM_UNREACHABLE' || code === 'SYSTEM_BUSY', code, words }
}

function carryOut(system: MemorySystem, change: SystemChange): Outcome {
  if (change.kind === 'create') return create(system, change)
  const record = system.records.get(change.id)
  if (record?.protected) return failed('PROTECTED', `${record.name} is protected.`)
  if (!record) {
    return change.kind === 'delete' || change.kind === 'revoke'
      ? { outcome: 'already', id: change.id }
      : failed('TARGET_GONE', `There is no ${change.objectType} ${change.id}.`)
  }
  switch (change.kind) {
    case 'update': return update(record, { ...record.attributes, ...change.set }, change.clear)
    case 'rename': return rename(system, record, change.newName, change.set)
    case 'enable':
    case 'disable': return enable(record, change.kind === 'enable')
    case 'delete': return remove(system, record)
    case 'set-secret': return setSecret(system, record, change.secret)
    case 'grant':
    case 'revoke': return hold(system, record, change.entitlement.id, change.kind === 'grant')
  }
}

function create(system: MemorySystem, change: Extract<SystemChange, { kind: 'create' }>): Outcome {
  if (nameTaken(system, change.objectType, change.name)) return failed('ALREADY_EXISTS', `${change.name} exists.`)
  const { objectType, name, attributes, enabled } = change
  const record = addRecord(system, { objectType, name, attributes: { ...structuredClone(attributes), name }, enabled })
  if (change.secret !== undefined) system.secrets.set(record.id, change.secret)
  return { outcome: 'done', id: record.id }
}

function update(record: MemoryRecord, attributes: Attributes, clear: string[] = []): Outcome {
  const kept = Object.fromEntries(Object.entries(attributes).filter(([name]) => !clear.includes(name)))
  if (canonical(kept) === canonical(record.attributes)) return { outcome: 'already', id: record.id }
  record.attributes = structuredClone(kept)
  return { outcome: 'done', id: record.id }
}

function rename(system: MemorySystem, record: MemoryRecord, newName: string, set: Attributes): Outcome {
  if (record.name !== newName && nameTaken(system, record.objectType, newName))
    return failed('ALREADY_EXISTS', `${newName} exists.`)
  noteName(system, record.id, record.name, newName)
  record.name = newName
  return update(record, { ...record.attributes, ...set, name: newName })
}

function enable(record: MemoryRecord, enabled: boolean): Outcome {
  if (record.enabled === enabled) return { outcome: 'already', id: record.id }
  record.enabled = enabled
  return { outcome: 'done', id: record.id }
}

function remove(system: MemorySystem, record: MemoryRecord): Outcome {
  system.records.delete(record.id)
  noteName(system, record.id, record.name, undefined)
  system.secrets.delete(record.id)
  system.sessions.delete(record.id)
  system.members.delete(record.id)
  for (const members of system.members.values()) members.delete(record.id)
  return { outcome: 'done', id: record.id }
}

function setSecret(system: MemorySystem, record: MemoryRecord, secret: string): Outcome {
  if (system.secrets.get(record.id) === secret) return { outcome: 'already', id: record.id }
  system.secrets.set(record.id, secret)
  return { outcome: 'done', id: record.id }
}

function hold(system: MemorySystem, record: MemoryRecord, entitlementId: string, holds: boolean): Outcome {
  if (!system.records.has(entitlementId)) {
    return holds
      ? failed('TARGET_GONE', `There is no entitlement ${entitlementId}.`)
      : { outcome: 'already', id: record.id }
  }
  const members = system.members.get(entitlementId) ?? new Set()
  if (members.has(record.id) === holds) return { outcome: 'already', id: record.id }
  if (holds) members.add(record.id)
  else members.delete(record.id)
  system.members.set(entitlementId, members)
  return { outcome: 'done', id: record.id }
}

function nameTaken(system: MemorySystem, objectType: string, name: string): boolean {
  return recordsNamed(system, name).some((record) => record.objectType === objectType)
}
