/**
 * The contract: one body of cases over every connector, against a real server. What a system can't do is listed as
 * NOT_SUPPORTED and compared with what its test file expects, so nothing is left out silently. Then the same cases
 * run over connectors with a fault each, and must find all of them.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { ConnectorDefinition } from '../../src/connectors/connector.ts'
import { readingCases, type Case } from './cases-reading.ts'
import { manyMembers, sessions, writingCases } from './cases-writing.ts'
import { mutants } from './mutants.ts'
import { can, systemOf, type ContractFixture, type System } from './system.ts'

export type { ContractFixture } from './system.ts'

const operations = [
  'create',
  'update',
  'rename',
  'enable',
  'disable',
  'delete',
  'grant',
  'revoke',
  'set-secret',
] as const

/**
 * Registers the contract's tests for one connector. `setUp` starts the server once; `tearDown` of its result
 * ends it.
 */
export function contractSuite<Config>(name: string, setUp: () => Promise<ContractFixture<Config>>): void {
  describe(`contract: ${name}`, () => {
    let system: System
    before(async () => { system = systemOf(erased(await setUp())) })
    after(async () => { await system.tearDown() })

    test('what it can\'t do is known', (t) => {
      const missing = notSupported(system)
      for (const feature of missing) t.diagnostic(`NOT_SUPPORTED: ${feature}`)
      assert.deepEqual(missing, system.notSupported.toSorted())
    })
    for (const [title, run] of Object.entries(readingCases)) test(title, async () => { await run(system) })
    for (const [title, { needs, run }] of Object.entries(writingCases)) {
      test(title, async (t) => {
        if (can(system, ...needs)) await run(system)
        else t.diagnostic(`NOT_SUPPORTED: ${needs.filter((operation) => !can(system, operation)).join(', ')}`)
      })
    }
    test('more members than fit in one answer', async (t) => {
      if (system.manyMembers > 0) await manyMembers(system)
      else t.diagnostic('NOT_SUPPORTED: many-members')
    })
    test('sessions end, those of others go on', async (t) => {
      if (system.capabilities.canEndSessions) await sessions(system)
      else t.diagnostic('NOT_SUPPORTED: sessions')
    })

    for (const mutant of mutants) {
      test(`mutant: ${mutant.name}, and is found`, async (t) => {
        if ((mutant.needs && !can(system, mutant.needs)) || (mutant.sessions && !system.capabilities.canEndSessions)) {
          t.diagnostic(`NOT_SUPPORTED: ${mutant.needs ?? 'sessions'}`)
          return
        }
        const failure = await firstFailure({ ...system, definition: mutant.mutate(system.definition) }, mutant.suspect)
        assert.ok(failure, 'the contract does not notice')
        t.diagnostic(failure)
      })
    }
  })
}

/** The first case that fails on a system, in one line; undefined if the contract is kept. Suspects are tried first. */
export async function firstFailure(system: System, suspect = ''): Promise<string | undefined> {
  const cases: [string, Case][] = [
    ...Object.entries(readingCases),
    ...Object.entries(writingCases)
      .filter(([, { needs }]) => can(system, ...needs))
      .map(([title, { run }]): [string, Case] => [title, run]),
    ...(system.capabilities.canEndSessions ? [['sessions end', sessions] satisfies [string, Case]] : []),
  ]
  for (const [title, run] of cases.toSorted(([a], [b]) => Number(b.includes(suspect)) - Number(a.includes(suspect)))) {
    try {
      await run(system)
    } catch (error) {
      return `${title}: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`
    }
  }
  return undefined
}

/** What the system says that it can't do. */
function notSupported(system: System): string[] {
  return [
    ...operations.filter((operation) => !can(system, operation)),
    ...system.capabilities.canEndSessions ? [] : ['sessions'],
    ...system.manyMembers > 0 ? [] : ['many-members'],
  ].toSorted()
}

/**
 * A fixture whose configuration is opaque: the cases hand it back to its own connector and never look inside. Each
 * configuration goes through the connector's schema, as one from a policy file does.
 */
function erased<Config>(fixture: ContractFixture<Config>): ContractFixture<unknown> {
  const { definition } = fixture
  const parse = (config: unknown) => definition.configSchema.parse(config)
  const opaque: ConnectorDefinition<unknown> = {
    ...definition,
    describe: (config) => definition.describe(parse(config)),
    openReader: (config, secrets) => definition.openReader(parse(config), secrets),
    openWriter: definition.openWriter && ((config, secrets) => definition.openWriter!(parse(config), secrets)),
    nameOf:
      definition.nameOf
      && ((config, objectType, attributes) => definition.nameOf!(parse(config), objectType, attributes)),
  }
  return { ...fixture, definition: opaque }
}
