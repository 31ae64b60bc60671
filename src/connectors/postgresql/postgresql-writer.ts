/** The half that writes: each change is one transaction, so that it happens wholly or not at all. */
import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientBase } from 'pg'
import type { Outcome, Secrets, SystemChange, Writer } from '../connector.ts'
import { changeAccount, createAccount } from './postgresql-accounts.ts'
import { connections } from './postgresql-client.ts'
import type { PostgresqlConfig } from './postgresql-config.ts'
import { failure, isCollision } from './postgresql-errors.ts'
import { hold } from './postgresql-grants.ts'
import { endSessionsOf } from './postgresql-sessions.ts'

const attemptsMax = 5

/** Opens the writing half; connects when first used. */
export function openPostgresqlWriter(config: PostgresqlConfig, secrets: Secrets): Writer {
  const own = connections(config, secrets, 'writer')

  const perform = async (signal: AbortSignal, work: () => Promise<Outcome>): Promise<Outcome> => {
    for (let attempt = 1; ; attempt++) {
      if (signal.aborted)
        return { outcome: 'failed', retryable: true, code: 'SYSTEM_UNREACHABLE', words: 'Stopped before it was sent.' }
      try {
        return await work()
      } catch (error) {
        // Somebody changed the same row of the catalogue at the same moment; once they are through, it works.
        if (attempt === attemptsMax || !isCollision(error)) return failure(error)
        await sleep(randomInt(5, 20) * attempt)
      }
    }
  }
  const endSessions = async (id: string, signal: AbortSignal, evenIfGone = false): Promise<Outcome> =>
    await perform(signal, async () => await own.alone(async (client) => await endSessionsOf(client, config, id, evenIfGone)))
  /** Sessions are ended after the transaction: before, the account could open new ones. */
  const thenEndSessions = async (outcome: Outcome, id: string, signal: AbortSignal): Promise<Outcome> => {
    if (outcome.outcome === 'failed' || outcome.outcome === 'pending') return outcome
    const ended = await endSessions(id, signal, true)
    return ended.outcome === 'already' ? outcome : ended
  }

  return {
    async apply(change, signal) {
      const outcome = await perform(signal, async () =>
        await own.transaction('write', async (client) => await carryOut(client, config, change)))
      return change.kind === 'disable' || change.kind === 'delete'
        ? await thenEndSessions(outcome, change.id, signal)
        : outcome
    },
    endSessions: async ({ id }, signal) => await endSessions(id, signal),
    keepReady: async () => {
      await own.keepReady()
    },
    close: async () => {
      await own.close()
    },
  }
}

async function carryOut(client: ClientBase, config: PostgresqlConfig, change: SystemChange): Promise<Outcome> {
  switch (change.kind) {
    case 'create': return await createAccount(client, change)
    case 'grant':
    case 'revoke': return await hold(client, config, change)
    default: return await changeAccount(client, config, change)
  }
}
