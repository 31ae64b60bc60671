/** Connections to systems that stay open for a while, for whoever cannot wait until they are made. */
import type { Reader, Writer } from '../connectors/connector.ts'
import { UsherError } from '../domain/errors.ts'
import type { System } from '../domain/policy.ts'
import { canonical } from '../domain/value.ts'
import { openReader, openWriter, type Context } from './context.ts'

const idleMsMax = 300_000
const readyMsMax = 20_000
const awayMs = 60_000
const refusedMs = 900_000

export interface Connections {
  reader(system: System): Reader
  writer(system: System): Writer
}

export interface WarmSystems extends Connections {
  /** Connects to these ahead of time, and keeps what is open alive. A system that refuses or is away is left alone for a while. Returns those that are ready. */
  keepReady(systems: System[], signal: AbortSignal): Promise<System[]>
  /** Closes what nobody used for some time. */
  tidy(): Promise<void>
  close(): Promise<void>
}

interface Open {
  reader?: Reader
  writer?: Writer
  usedAt: number
  /** Not asked again before. */
  leftUntil: number
}

/** A system whose configuration changed is opened anew. Closing what is lent does nothing: it goes on being open. */
export function warmSystems(context: Context): WarmSystems {
  const open = new Map<string, Open>()
  const of = (system: System): Open => {
    const key = canonical([system.id, system.connector, system.config])
    const known = open.get(key) ?? { usedAt: 0, leftUntil: 0 }
    open.set(key, known)
    known.usedAt = Date.parse(context.now())
    return known
  }
  const end = async (key: string): Promise<void> => {
    const ended = open.get(key)
    open.delete(key)
    await ended?.reader?.close().catch(() => {})
    await ended?.writer?.close().catch(() => {})
  }
  const readyOne = async (system: System, signal: AbortSignal): Promise<System[]> => {
    const own = of(system)
    const now = Date.parse(context.now())
    if (own.leftUntil > now) return []
    try {
      own.reader ??= openReader(context, system)
      own.writer ??= openWriter(context, system)
      const inTime = AbortSignal.any([signal, AbortSignal.timeout(readyMsMax)])
      await Promise.all([own.reader.keepReady?.(inTime), own.writer.keepReady?.(inTime)])
      return [system]
    } catch (error) {
      // A wrong password tried too often would lock the account that Usher uses.
      const code = error instanceof UsherError ? error.code : 'INTERNAL'
      own.leftUntil = now + (code === 'SYSTEM_SIGN_IN_FAILED' ? refusedMs : awayMs)
      context.log.warn({ system: system.id, code }, 'a system could not be made ready for leavers')
      return []
    }
  }
  return {
    keepReady: async (systems, signal) => (await Promise.all(systems.map((system) => readyOne(system, signal)))).flat(),
    reader: (system) => lendReader((of(system).reader ??= openReader(context, system))),
    writer: (system) => lendWriter((of(system).writer ??= openWriter(context, system))),
    async tidy() {
      const before = Date.parse(context.now()) - idleMsMax
      for (const [key, { usedAt }] of open) if (usedAt < before) await end(key)
    },
    async close() {
      for (const key of [...open.keys()]) await end(key)
    },
  }
}

function lendReader(reader: Reader): Reader {
  const { lookup, inspect, trace } = reader
  return {
    check: (signal) => reader.check(signal),
    read: (scope, signal) => reader.read(scope, signal),
    ...(lookup === undefined ? {} : { lookup: (wanted, scope, signal) => lookup.call(reader, wanted, scope, signal) }),
    ...(trace === undefined ? {} : { trace: (asked, signal) => trace.call(reader, asked, signal) }),
    ...(inspect === undefined ? {} : { inspect: (signal) => inspect.call(reader, signal) }),
    close: async () => {},
  }
}

function lendWriter(writer: Writer): Writer {
  const { endSessions } = writer
  return {
    apply: (change, signal) => writer.apply(change, signal),
    ...(endSessions === undefined ? {} : { endSessions: (account, signal) => endSessions.call(writer, account, signal) }),
    close: async () => {},
  }
}
