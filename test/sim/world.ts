/** One simulated company: its staff list, its systems, its Usher, and what went on there so far. */
import { generateKeyPairSync, createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { ConnectorDefinition, SystemChange } from '../../src/connectors/connector.ts'
import { memoryConnector } from '../../src/connectors/memory/memory-connector.ts'
import { addRecord, newMemorySystem, type MemoryRecord, type MemorySystem } from '../../src/connectors/memory/memory-world.ts'
import type { AuditKeys } from '../../src/engine/audit-sealer.ts'
import type { Context } from '../../src/engine/context.ts'
import { vaultOf } from '../../src/engine/vault.ts'
import type { Pool } from '../../src/store/database.ts'
import type { SimDatabase, Way } from './database.ts'
import { openGate, type Door, type Gate } from './gate.ts'
import type { Given } from './model.ts'
import { seeded, type Random } from './random.ts'
import { firstRulebook, groups, settleMs, systemNames, type Rulebook, type SystemName } from './rulebook.ts'
import { sheetConnector, type Sheet, type StaffRow } from './sheet.ts'
import { watchWrites } from './writes.ts'

/** `leavers`: the lane that goes ahead. */
export type TaskName = Parameters<Context['enqueue']>[0] | 'leavers'
export interface Queued { task: TaskName; planId: string; at: number; tries: number }

/** The plan as it was when it was computed: nothing else may be carried out of it. */
export interface Contracted { hash: string; changes: Map<string, string> }

export interface World {
  seed: number
  random: Random
  /** What is done while a task is under way draws from here, so that everything else is as it would be without. */
  aside: Random
  /** Somebody does something while a task is under way. */
  isAmid: boolean
  /** Somebody decides about people or rules at this moment: whether a write comes before or after it, nobody can tell. */
  isUnsure: boolean
  gate: Gate
  database: SimDatabase
  pool: Pool
  clock: { now: number; latest: number }
  sheet: Sheet
  systems: Record<SystemName, MemorySystem>
  book: Rulebook
  queue: Queued[]
  /** When people were ended by hand, as far as that was not taken back. */
  ends: Map<string, number[]>
  /** Until when at most somebody keeps a group that a rule gave them, after a move: by `system person`, then by group. */
  kept: Map<string, Map<string, number>>
  /** Until when somebody's account is left as it is, by decision: `system person`. */
  left: Map<string, number>
  /** Whether somebody looks after the lane for leavers. */
  lane: boolean
  given: Given[]
  /** Everybody who ever stood in the staff list, as they last did. */
  everybody: Map<string, StaffRow>
  /** Names that a person had or may have had, by system. */
  names: Map<string, Set<string>>
  /** The name in the app that a person got first, and keeps. */
  named: Map<string, string>
  /** Memberships that somebody put there by hand: `system account group`. */
  foreign: Map<string, 'foreign' | 'unclear'>
  /** Memberships that Usher sent to a system, or tried to, ever. */
  sent: Set<string>
  /** Accounts of nobody as they are: `system id` → text. */
  orphans: Map<string, string>
  /** When an account was last disabled, by `system id`. */
  disabledAt: Map<string, number>
  /** What slow mirrors still show, and since when they do. */
  mirrors: Map<SystemName, { before: MemorySystem['before']; at: number }>
  /** Since when Usher has known that a person ended. */
  endedSince: Map<string, number>
  contracts: Map<string, Contracted>
  /** Since when people are gone from the staff list who vanished together, too many for any proof. */
  vanishedTogether: Map<string, number>
  /** Which read of the staff list shows a person as they are, and as what. */
  shownBy: Map<string, { text: string; read: number }>
  /** People whose vanishing an operator released. */
  releasedPeople: Set<string>
  /** Changes that were sent to a system, ever: `plan change`. */
  written: Set<string>
  /** Changes that were seen done: `plan change`. */
  done: Set<string>
  fired: Map<string, number>
  /** What is going on, for the sentences of a failure. */
  history: string[]
  violations: string[]
  /** Changes that somebody approved, and what came of them, as one digest. */
  digest: { update(text: string): void; value(): string }
  /** A connection was cut in the present task, so errors of the database are not the engine's. */
  cut: boolean
  /** The query that is this step of the present run finds its connection cut. */
  loseAt: number
  keys: AuditKeys
  /** What a task works with; writing is only allowed where something is applied. */
  context(task: TaskName | 'operator'): Context
  reopen(): Promise<void>
  close(): Promise<void>
}

const pair = generateKeyPairSync('ed25519')
const keys = { privateKey: pair.privateKey, publicKeys: [pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()] }

export async function openWorld(database: SimDatabase, seed: number): Promise<World> {
  await database.empty()
  const random = seeded(seed)
  const gate = openGate(random, (backend) => database.isBlocked(backend))
  const folder = await mkdtemp(path.join(tmpdir(), 'usher-sim-'))
  const hash = createHash('sha256')
  const clock = { now: Date.parse('2026-06-15T08:00:00Z'), latest: 0 }
  const sheet: Sheet = { rows: [], fault: null, share: 0.5, served: [] }
  const systems = Object.fromEntries(systemNames.map((name) => [name, newSystem(name)])) as World['systems']
  const vault = vaultOf([Buffer.alloc(32, 7)])
  const way = (): Way => ({ door: gate.door(), broken: () => gate.steps() === world.loseAt, lost() { world.cut = true } })

  const world: World = {
    seed, random, aside: seeded(~seed), isAmid: false, isUnsure: false, gate, database, clock, sheet, systems, book: structuredClone(firstRulebook),
    pool: database.enter(way()),
    queue: [], ends: new Map(), kept: new Map(), left: new Map(), lane: true, given: [], everybody: new Map(), names: new Map(), named: new Map(), foreign: new Map(), sent: new Set(), orphans: new Map(), disabledAt: new Map(), mirrors: new Map(), endedSince: new Map(), contracts: new Map(),
    vanishedTogether: new Map(), shownBy: new Map(), releasedPeople: new Set(), written: new Set(), done: new Set(), fired: new Map(), history: [], violations: [], cut: false, loseAt: -1,
    keys: { ...keys, headsFile: path.join(folder, 'heads') },
    digest: { update: (text) => { hash.update(`${text}\n`) }, value: () => hash.copy().digest('hex') },
    context(task) {
      const door = gate.door()
      const connectors = [
        sheetConnector(sheet, () => clock.now, () => world.book.people.vanishedEnds, (fault) => fire(world, `source ${fault}`)),
        watchWrites(world, task, memoryConnector({ systems })),
      ] as ConnectorDefinition[]
      return {
        pool: world.pool, connectors: connectors.map((c) => atGate(door, c)), secrets: async () => '', vault, filesFolder: folder, newId: () => random.id(),
        now() {
          clock.latest = Math.max(clock.latest, clock.now)
          return new Date(clock.now++).toISOString()
        },
        enqueue: (name, planId, at) => door.step(`enqueue ${name}`, () => {
          if (world.queue.every((q) => q.task !== name || q.planId !== planId)) world.queue.push({ task: name, planId, at: at === undefined ? 0 : Date.parse(at), tries: 0 })
        }),
        log: {
          info() {}, warn() {},
          error(details, message) {
            const { err } = details as { err?: Error }
            if (!world.cut && door.isAlive()) violate(world, `Usher met a fault of its own: ${message}: ${err?.stack?.split('\n').slice(0, 4).join(' ') ?? ''}`)
          },
        },
      }
    },
    async reopen() {
      await database.cutAll()
      world.pool = database.enter(way())
    },
    async close() {
      if (world.violations.length > 0) await database.cutAll()
      await rm(folder, { recursive: true, force: true })
    },
  }
  return world
}

function newSystem(name: SystemName): MemorySystem {
  const system = newMemorySystem(settleMs[name] > 0 ? { before: null } : {})
  for (const group of groups[name]) addRecord(system, { objectType: 'group', name: group, attributes: { name: group }, enabled: true })
  return system
}

export function fire(world: World, fault: string): void {
  world.fired.set(fault, (world.fired.get(fault) ?? 0) + 1)
}

/** Notes what happens, as a sentence. */
export function say(world: World, sentence: string): void {
  world.history.push(`${new Date(world.clock.now).toISOString()}  ${sentence}`)
  world.digest.update(sentence)
}

export function violate(world: World, what: string): void {
  world.violations.push(what)
  say(world, `!! ${what}`)
}

/** Each page and each look-up is a step of its own; a write is two, so that its answer can be lost with the process. */
function atGate(door: Door, definition: ConnectorDefinition): ConnectorDefinition {
  return {
    ...definition,
    openReader(config, secrets) {
      const reader = definition.openReader(config, secrets)
      return {
        ...reader,
        ...(reader.inspect === undefined ? {} : { inspect: (signal: AbortSignal) => door.step('inspect', () => reader.inspect!(signal)) }),
        ...(reader.lookup === undefined ? {} : { lookup: (...args: Parameters<NonNullable<typeof reader.lookup>>) => door.step('look up', () => reader.lookup!(...args)) }),
        async* read(scope, signal) {
          const pages = reader.read(scope, signal)
          for (;;) {
            const next = await door.step('read a page', () => pages.next())
            if (next.done === true) return next.value
            yield next.value
          }
        },
      }
    },
    ...(definition.openWriter === undefined ? {} : {
      openWriter(config: unknown, secrets: Parameters<typeof definition.openReader>[1]) {
        const writer = definition.openWriter!(config, secrets)
        return {
          ...writer,
          async apply(change: SystemChange, signal: AbortSignal) {
            const outcome = await door.step(`write ${change.kind}`, () => writer.apply(change, signal))
            return await door.step('take the answer', () => outcome)
          },
        }
      },
    }),
  }
}

/** A contract with what was decided about its person by hand. */
export function standing<T extends object>(world: World, person: string, contract: T): T & { cuts: number[] } {
  return { ...contract, cuts: world.ends.get(person) ?? [] }
}

/** Groups that somebody may still keep after a move. */
export const keptBy = (world: World, name: SystemName, person: string): string[] =>
  [...world.kept.get(`${name} ${person}`) ?? []].flatMap(([group, until]) => (until > world.clock.now ? [group] : []))

/** Whether somebody's account in a system is left as it is now. */
export const isLeft = (world: World, name: SystemName, person: string): boolean => (world.left.get(`${name} ${person}`) ?? 0) > world.clock.now

/* ------------------------------------------------------------------ looking at the systems */

export function accountsIn(system: MemorySystem): MemoryRecord[] {
  return [...system.records.values()].filter((r) => r.objectType === 'user')
}

export function groupsHeld(system: MemorySystem, id: string): string[] {
  return [...system.members].filter(([, members]) => members.has(id)).map(([group]) => system.records.get(group)?.name ?? group).toSorted()
}

export function groupId(system: MemorySystem, name: string): string {
  return [...system.records.values()].find((r) => r.objectType === 'group' && r.name === name)!.id
}

/** An account of nobody, to be found as it was. */
export function orphanText(system: MemorySystem, record: MemoryRecord): string {
  return JSON.stringify([record.name, record.attributes, record.enabled, groupsHeld(system, record.id)])
}
