/** Connectors with one fault each. The contract must find every one of them, else it is not worth passing. */
import type { ConnectorDefinition, ObservedRecord, Operation, Reader, SystemChange, Writer } from '../../src/connectors/connector.ts'
import type { Attributes } from '../../src/domain/value.ts'

export interface Mutant {
  name: string
  /** What the fault concerns; without it the mutant is as good as the original. */
  needs?: Operation
  /** What the title of a case holds that is likely to find it; such are tried first. */
  suspect?: string
  /** It concerns sessions, which not every system has. */
  sessions?: boolean
  mutate(definition: ConnectorDefinition<unknown>): ConnectorDefinition<unknown>
}

let leftBehind = 0

export const mutants: Mutant[] = [
  reading('drops page two', (reader) => ({
    ...reader,
    async* read(scope, signal) {
      const pages = reader.read(scope, signal)
      for (let number = 1; ; number++) {
        const step = await pages.next()
        if (step.done) return step.value
        if (number !== 2) yield step.value
      }
    },
  })),
  reading('drops page two and counts accordingly', (reader) => ({
    ...reader,
    async* read(scope, signal) {
      const pages = reader.read(scope, signal)
      for (let number = 1, dropped = 0; ; number++) {
        const step = await pages.next()
        if (step.done) return { ...step.value, count: step.value.count - dropped }
        if (number === 2) dropped = step.value.records.length
        else yield step.value
      }
    },
  })),
  reading('says complete after half', (reader) => ({
    ...reader,
    async* read(scope, signal) {
      const pages = reader.read(scope, signal)
      const step = await pages.next()
      if (step.done) return step.value
      yield step.value
      await pages.return({ complete: true, count: 0 })
      return { complete: true, count: step.value.records.length }
    },
  })),
  reading('says complete when it was not', (reader) => ({
    ...reader,
    async* read(scope, signal) {
      const { count } = yield* reader.read(scope, signal)
      return { complete: true, count }
    },
  })),
  reading('reads no memberships', (reader) => ({
    ...reader,
    async* read(scope, signal) {
      const pages = reader.read(scope, signal)
      for (;;) {
        const step = await pages.next()
        if (step.done) return step.value
        yield { ...step.value, memberships: [] }
      }
    },
  }), 'grant'),
  reading('passes over what nobody says is known', (reader) => ({
    ...reader,
    async* read(scope, signal) {
      const pages = reader.read(scope, signal)
      for (;;) {
        const step = await pages.next()
        if (step.done) return step.value
        const [first, ...rest] = step.value.records
        yield scope.known === undefined || first === undefined ? step.value : { ...step.value, records: rest, passed: { count: 1, filled: {} } }
      }
    },
  })),
  reading('looks up the wrong id', (reader) => ({
    ...reader,
    async lookup(wanted, scope, signal) {
      const page = await reader.lookup!(wanted, scope, signal)
      return { ...page, records: page.records.map((record) => ({ ...record, id: `${record.id}0` })) }
    },
  })),
  reading('looks up what is not there', (reader) => ({
    ...reader,
    async lookup(wanted, scope, signal) {
      const page = await reader.lookup!(wanted, scope, signal)
      const made = wanted.flatMap((want) => ('name' in want && page.records.length === 0
        ? [{ objectType: want.objectType, id: '1', name: want.name, attributes: {} }]
        : []))
      return { ...page, records: [...page.records, ...made] }
    },
  })),
  {
    ...reading('forgets what is protected', (reader) => ({
      ...reader,
      async lookup(wanted, scope, signal) {
        const page = await reader.lookup!(wanted, scope, signal)
        return { ...page, records: page.records.map(({ protected: _, ...record }) => record) }
      },
    })),
    suspect: 'protected',
  },
  reading('hides who could not sign in', (reader) => ({
    ...reader,
    check: async () => ({ ok: true, steps: [{ name: 'Connect', ok: true }, { name: 'Sign in', ok: true }] }),
  })),
  reading('holds a way to write', (reader) => ({ ...reader, apply: async () => {} })),
  {
    name: 'describes itself otherwise each time', suspect: 'describe',
    mutate(definition) {
      let times = 0
      return {
        ...definition,
        describe(config) {
          const described = definition.describe(config)
          return { ...described, limits: { ...described.limits, parallel: described.limits.parallel + times++ } }
        },
      }
    },
  },
  { ...changing('shows accounts as enabled, whatever they are', (record) => ({ ...record, enabled: true }), 'disable'), suspect: 'disable' },
  { ...changing('reads more than was asked for', (record) => ({ ...record, attributes: { ...record.attributes, more: 'x' } })), suspect: 'in scope' },
  { ...changing('shows no values in a read', (record) => ({ ...record, attributes: {} })), suspect: 'in scope' },
  reading('shows records twice', (reader) => ({
    ...reader,
    async* read(scope, signal) {
      const pages = reader.read(scope, signal)
      for (;;) {
        const step = await pages.next()
        if (step.done) return { ...step.value, count: 2 * step.value.count }
        yield { ...step.value, records: [...step.value.records, ...step.value.records] }
      }
    },
  })),
  {
    ...reading('shows nothing and says complete', (reader) => ({
      ...reader,
      async* read() {
        return { complete: true, count: 0 }
      },
    })),
    suspect: 'in scope',
  },
  {
    ...reading('says that what is away is empty', (reader) => ({
      ...reader,
      async* read(scope, signal) {
        const end = yield* reader.read(scope, signal)
        return !end.complete && end.code === 'SYSTEM_UNREACHABLE' ? { complete: true, count: 0 } : end
      },
    })),
    suspect: 'unreachable',
  },
  {
    ...reading('finds nobody where it may not look', (reader) => ({
      ...reader,
      lookup: async (wanted, scope, signal) => await reader.lookup!(wanted, scope, signal).catch(() => ({ records: [], memberships: [], rejected: [] })),
    })),
    suspect: 'wrong credentials',
  },
  {
    ...reading('looks up no memberships', (reader) => ({
      ...reader,
      lookup: async (wanted, scope, signal) => ({ ...await reader.lookup!(wanted, scope, signal), memberships: [] }),
    }), 'grant'),
    suspect: 'grant',
  },
  {
    name: 'writes while it reads', needs: 'create', suspect: 'reading writes',
    mutate: (definition) => ({
      ...definition,
      openReader(config, secrets) {
        const reader = definition.openReader(config, secrets)
        const type = definition.describe(config).objectTypes.find((t) => t.kind === 'account')!
        return {
          ...reader,
          async* read(scope, signal) {
            const writer = definition.openWriter!(config, secrets)
            const attributes = Object.fromEntries(type.attributes.filter((a) => a.required === true).map((a) => [a.name, `left-behind-${leftBehind++}`]))
            await writer.apply({ kind: 'create', objectType: type.name, name: definition.nameOf!(config, type.name, attributes), attributes, enabled: false }, signal)
            await writer.close()
            return yield* reader.read(scope, signal)
          },
        }
      },
    }),
  },
  ...(['update', 'rename', 'enable', 'disable', 'delete', 'grant', 'revoke', 'set-secret'] as const).map((operation) =>
    writing(`says done and does not ${operation}`, (writer) => ({
      ...writer,
      apply: async (change, signal) => (change.kind === operation
        ? { outcome: 'done', id: change.id }
        : await writer.apply(change, signal)),
    }), operation)),
  writing('adopts whatever exists', (writer) => ({
    ...writer,
    async apply(change, signal) {
      const outcome = await writer.apply(change, signal)
      const exists = outcome.outcome === 'failed' && outcome.code === 'ALREADY_EXISTS'
      return exists ? { outcome: 'already', id: '1' } : outcome
    },
  }), 'create'),
  writing('forgets an attribute of a create', (writer) => ({
    ...writer,
    apply: async (change, signal) => await writer.apply(change.kind === 'create'
      ? { ...change, attributes: Object.fromEntries(Object.entries(change.attributes).slice(0, -1)) }
      : change, signal),
  }), 'create'),
  writing('clears nothing', (writer) => ({
    ...writer,
    apply: async (change, signal) =>
      await writer.apply(change.kind === 'update' ? { ...change, clear: [] } : change, signal),
  }), 'update'),
  writing('creates what shall be disabled as enabled', (writer) => ({
    ...writer,
    apply: async (change, signal) => await writer.apply(change.kind === 'create' ? { ...change, enabled: true } : change, signal),
  }), 'disable'),
  writing('changes a value on the way', (writer) => ({
    ...writer,
    apply: async (change, signal) => await writer.apply(change.kind === 'update' ? { ...change, set: shouted(change.set) } : change, signal),
  }), 'update'),
  writing('takes everything along when it revokes', (writer) => {
    const given: Extract<SystemChange, { kind: 'grant' | 'revoke' }>[] = []
    return {
      ...writer,
      async apply(change, signal) {
        if (change.kind === 'grant') given.push(change)
        if (change.kind === 'revoke') {
          for (const other of given.filter((g) => g.id === change.id)) await writer.apply({ ...other, kind: 'revoke' }, signal)
        }
        return await writer.apply(change, signal)
      },
    }
  }, 'revoke', 'grant twice'),
  writing('fails when it was done already', (writer) => {
    const done = new Set<string>()
    return {
      ...writer,
      async apply(change, signal) {
        const text = JSON.stringify(change)
        if (change.kind !== 'create' && done.has(text)) return { outcome: 'failed', retryable: false, code: 'SYSTEM_REFUSED', words: 'It is so already.' }
        done.add(text)
        return await writer.apply(change, signal)
      },
    }
  }, 'disable'),
  writing('goes by the name', (writer) => {
    const ids = new Map<string, string>()
    return {
      ...writer,
      async apply(change, signal) {
        const known = ids.get(change.name)
        const outcome = await writer.apply('id' in change && known !== undefined ? { ...change, id: known } : change, signal)
        if (change.kind === 'create' && 'id' in outcome) ids.set(change.name, outcome.id)
        return outcome
      },
    }
  }, 'rename', 'the id decides'),
  writing('says done of what is protected', (writer) => ({
    ...writer,
    async apply(change, signal) {
      const outcome = await writer.apply(change, signal)
      return outcome.outcome === 'failed' && outcome.code === 'PROTECTED' && 'id' in change ? { outcome: 'done', id: change.id } : outcome
    },
  }), undefined, 'protected'),
  writing('leaves out what it cannot quote', (writer) => ({
    ...writer,
    apply: async (change, signal) => await writer.apply(change.kind === 'create' ? { ...change, name: plain(change.name), attributes: plainly(change.attributes) } : change, signal),
  }), 'create', 'hostile'),
  writing('keeps the old secret', (writer) => ({
    ...writer,
    apply: async (change, signal) => await writer.apply(change.kind === 'set-secret' ? { ...change, secret: `${change.secret}-not` } : change, signal),
  }), 'set-secret'),
  writing('lets in who is disabled', (writer) => ({
    ...writer,
    async apply(change, signal) {
      const outcome = await writer.apply(change, signal)
      if (change.kind === 'disable') await writer.apply({ ...change, kind: 'enable' }, signal)
      return outcome
    },
  }), 'disable', 'set-secret twice'),
  writing('loses some when many come at once', (writer) => {
    let running = 0
    return {
      ...writer,
      async apply(change, signal) {
        running++
        try {
          return change.kind === 'grant' && running > 1 ? { outcome: 'done', id: change.id } : await writer.apply(change, signal)
        } finally {
          running--
        }
      },
    }
  }, 'grant', 'side by side'),
  { ...writing('says that sessions ended, and they go on', (writer) => ({ ...writer, endSessions: async ({ id }) => ({ outcome: 'done', id }) })), suspect: 'sessions', sessions: true },
  writing('retries what is hopeless', (writer) => ({
    ...writer,
    async apply(change, signal) {
      const outcome = await writer.apply(change, signal)
      return outcome.outcome === 'failed' ? { ...outcome, retryable: true } : outcome
    },
  })),
]

function reading(name: string, change: (reader: Reader) => Reader, needs?: Operation): Mutant {
  return {
    name, needs, suspect: needs ? undefined : 'read: more',
    mutate: (definition) => ({
      ...definition,
      openReader: (config, secrets) => change(definition.openReader(config, secrets)),
    }),
  }
}

/** A reader that shows other records than are there, in a read and in a lookup. */
function changing(name: string, change: (record: ObservedRecord) => ObservedRecord, needs?: Operation): Mutant {
  return reading(name, (reader) => ({
    ...reader,
    async* read(scope, signal) {
      const pages = reader.read(scope, signal)
      for (;;) {
        const step = await pages.next()
        if (step.done) return step.value
        yield { ...step.value, records: step.value.records.map(change) }
      }
    },
    ...(needs === undefined ? {} : {
      async lookup(wanted, scope, signal) {
        const page = await reader.lookup!(wanted, scope, signal)
        return { ...page, records: page.records.map(change) }
      },
    }),
  }), needs)
}

const plain = (text: string): string => text.replaceAll(/["'#_]/g, '')
const plainly = (attributes: Attributes): Attributes =>
  Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, typeof value === 'string' ? plain(value) : value]))
const shouted = (attributes: Attributes): Attributes =>
  Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, typeof value === 'string' ? `${value}!` : value]))

function writing(name: string, change: (writer: Writer) => Writer, needs?: Operation, suspect: string | undefined = needs): Mutant {
  return {
    name, needs, suspect,
    mutate: (definition) => ({
      ...definition,
      openWriter: (config, secrets) => change(definition.openWriter!(config, secrets)),
    }),
  }
}
