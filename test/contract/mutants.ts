/** Connectors with one fault each. The contract must find every one of them, else it is not worth passing. */
import type { ConnectorDefinition, Operation, Reader, Writer } from '../../src/connectors/connector.ts'

export interface Mutant {
  name: string
  /** What the fault concerns; without it the mutant is as good as the original. */
  needs?: Operation
  /** What the title of a case holds that is likely to find it; such are tried first. */
  suspect?: string
  mutate(definition: ConnectorDefinition<unknown>): ConnectorDefinition<unknown>
}

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

function writing(name: string, change: (writer: Writer) => Writer, needs?: Operation): Mutant {
  return {
    name, needs, suspect: needs,
    mutate: (definition) => ({
      ...definition,
      openWriter: (config, secrets) => change(definition.openWriter!(config, secrets)),
    }),
  }
}
