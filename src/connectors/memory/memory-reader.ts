/** The half that cannot write. */
import { setTimeout as sleep } from 'node:timers/promises'
import { UsherError } from '../../domain/errors.ts'
import { sameValue } from '../../domain/value.ts'
import type {
  Check, ObservedMembership, ObservedRecord, Page, ReadEnd, ReadScope, Reader, Secrets, Wanted,
} from '../connector.ts'
import type { MemoryConfig } from './memory-config.ts'
import { connect, signIn } from './memory-session.ts'
import {
  countCall,
  faultAt,
  recordsNamed,
  seenThrough,
  type Fault,
  type MemoryRecord,
  type MemorySystem,
  type MemoryWorld,
} from './memory-world.ts'

const slowMs = 50

/** Opens the reading half of one system. */
export function openMemoryReader(world: MemoryWorld, config: MemoryConfig, secrets: Secrets): Reader {
  const enter = () => signIn(world, config, secrets)
  return {
    check: () => check(world, config, secrets),
    read: (scope, signal) => read(enter, config, scope, signal),
    lookup: (wanted, scope, signal) => lookup(enter, wanted, scope, signal),
    async trace(asked) {
      const { traces } = await enter()
      return asked.map((one) => traces?.get(one.entitlement === undefined ? one.id : `${one.id} ${one.entitlement.id}`) ?? null)
    },
    close: async () => {},
  }
}

async function check(world: MemoryWorld, config: MemoryConfig, secrets: Secrets): Promise<Check> {
  const steps: Check['steps'] = []
  const attempt = async (name: string, step: () => unknown) => {
    try {
      await step()
      steps.push({ name, ok: true })
      return true
    } catch (error) {
      if (!(error instanceof UsherError)) throw error
      steps.push({ name, ok: false, code: error.code, message: error.message })
      return false
    }
  }
  const ok = await attempt('Connect', () => connect(world, config))
    && await attempt('Sign in', () => signIn(world, config, secrets))
  return { ok, steps }
}

async function* read(enter: () => Promise<MemorySystem>, config: MemoryConfig, scope: ReadScope, signal: AbortSignal):
AsyncGenerator<Page, ReadEnd> {
  let count = 0
  try {
    const system = await enter()
    const attempt = countCall(system, 'read')
    const seen = seenThrough(system, faultAt(system, 'read', attempt, 0))
    const wanted = [...seen.records.values()].filter((record) => inScope(record, scope))
    for (let page = 1; page === 1 || (page - 1) * config.pageSize < wanted.length; page++) {
      signal.throwIfAborted()
      if (!system.reachable) throw new UsherError('SYSTEM_UNREACHABLE', 'The system went away during the read.')
      await suffer(system, faultAt(system, 'read', attempt, page), signal)
      const records = wanted.slice((page - 1) * config.pageSize, page * config.pageSize)
      count += records.length
      yield {
        records: records.map((record) => observed(record, scope)),
        memberships: membershipsOf(seen, records),
        rejected: [],
      }
    }
    return { complete: true, count }
  } catch (error) {
    if (error instanceof UsherError) return { complete: false, count, code: error.code, because: error.message }
    if (signal.aborted)
      return { complete: false, count, code: 'SYSTEM_READ_INCOMPLETE', because: 'The read was stopped.' }
    throw error
  }
}

async function lookup(
  enter: () => Promise<MemorySystem>,
  wanted: Wanted[],
  scope: ReadScope,
  signal: AbortSignal,
): Promise<Page> {
  const there = await enter()
  const fault = faultAt(there, 'lookup', countCall(there, 'lookup'))
  await suffer(there, fault, signal)
  const system = seenThrough(there, fault)
  const found = new Set<MemoryRecord>()
  for (const want of wanted) for (const record of find(system, want)) found.add(record)
  const records = [...found]
  return {
    records: records.map((record) => observed(record, scope)),
    memberships: membershipsOf(system, records, true),
    rejected: [],
  }
}

function find(system: MemorySystem, want: Wanted): MemoryRecord[] {
  if ('id' in want) {
    const record = system.records.get(want.id)
    return record?.objectType === want.objectType ? [record] : []
  }
  const near = 'name' in want ? recordsNamed(system, want.name)
    : [...system.records.values()].filter((record) => sameValue(record.attributes[want.attribute], want.value))
  return near.filter((record) => record.objectType === want.objectType)
}

/** What these accounts hold; of entitlements that were looked up, all members as well. */
function membershipsOf(system: MemorySystem, records: MemoryRecord[], withMembers = false): ObservedMembership[] {
  const ids = new Set(records.map((record) => record.id))
  return [...system.members].flatMap(([entitlementId, members]) => {
    const held = withMembers && ids.has(entitlementId) ? [...members]
      : ids.size < members.size ? [...ids].filter((id) => members.has(id)) : [...members].filter((id) => ids.has(id))
    return held.map((id) => ({ entitlementId, member: { id } }))
  })
}

function observed(record: MemoryRecord, scope: ReadScope): ObservedRecord {
  const asked = scope.attributes?.[record.objectType]
  const entries = Object.entries(record.attributes)
    .filter(([name]) => !asked || asked.includes(name))
    .map(([name, value]) => [name, Array.isArray(value) ? [...value] : value] as const)
  return {
    objectType: record.objectType,
    id: record.id,
    name: record.name,
    attributes: Object.fromEntries(entries),
    ...record.objectType === 'user' && { enabled: record.enabled },
    ...record.protected && { protected: true },
  }
}

function inScope(record: MemoryRecord, scope: ReadScope): boolean {
  return scope.objectTypes.length === 0 || scope.objectTypes.includes(record.objectType)
}

async function suffer(system: MemorySystem, fault: Fault | undefined, signal: AbortSignal): Promise<void> {
  if (!fault || fault.effect === 'stale') return
  if (fault.effect === 'slow') await (system.pause?.(slowMs) ?? sleep(slowMs, undefined, { signal }))
  else if (fault.effect === 'refuse') throw new UsherError('SYSTEM_REFUSED', 'The system refused to be read.')
  else throw new UsherError('SYSTEM_UNREACHABLE', 'The connection broke.')
}
