/** A server of the API on a real PostgreSQL, for tests. */
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import { createAuth } from '../../src/api/auth.ts'
import type { Auth } from '../../src/api/auth.ts'
import type { UserRole } from '../../src/api/authorise.ts'
import { buildServer } from '../../src/api/server.ts'
import type { ServerOptions } from '../../src/api/server.ts'
import type { ConnectorDefinition } from '../../src/connectors/connector.ts'
import { applyPlan } from '../../src/engine/apply-plan.ts'
import { loadAuditKeys } from '../../src/engine/audit-sealer.ts'
import type { AuditKeys } from '../../src/engine/audit-sealer.ts'
import { computePlan } from '../../src/engine/compute-plan.ts'
import { createEngine } from '../../src/engine/create-engine.ts'
import { approveAutomatic } from '../../src/engine/start-plan.ts'
import { vaultOf } from '../../src/engine/vault.ts'
import { ensurePolicy } from '../../src/store/policy.ts'
import type { Context } from '../../src/engine/context.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { connect, migrate } from '../../src/store/database.ts'
import type { Pool } from '../../src/store/database.ts'
import { startPostgres } from '../servers/postgresql.ts'
import type { TestPostgres } from '../servers/postgresql.ts'

export interface World {
  app: FastifyInstance
  pool: Pool
  auth: Auth
  database: TestPostgres
  context: Context
  auditKeys: AuditKeys
  /** What was logged, as JSON lines. */
  logged: string[]
  /** What the engine was asked, in order. */
  asked: { call: string; input: unknown[] }[]
  /** Sends a request as a user of that role would from a program: by an API token. */
  as(role: UserRole): (method: InjectOptions['method'], url: string, payload?: object) => Promise<LightMyRequestResponse>
  /** Does what was queued, as a worker would. */
  work(): Promise<void>
  close(): Promise<void>
}

/** The set-up link's token, for a fresh world. */
export function tokenOf(link: { url: string } | null): string {
  return new URL(link!.url).searchParams.get('token')!
}

export interface WorldOptions {
  limits?: ServerOptions['limits']
  /** What the recording engine answers. */
  engine?: Partial<Engine>
  /** The real engine instead; `work()` does what it queues. */
  realEngine?: boolean
  connectors?: ConnectorDefinition[]
  now?: () => string
  webFolder?: string
}

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const server = await startPostgres()
  const pool = connect(server.url, { max: 5 })
  await migrate(pool)
  await ensurePolicy(pool, '2026-11-01T00:00:00Z')
  const filesFolder = await mkdtemp(path.join(tmpdir(), 'usher-files-'))
  const logged: string[] = []
  const queued: { task: string; planId: string }[] = []
  const log = (details: object, message: string) => { logged.push(JSON.stringify({ ...details, message })) }
  const now = options.now ?? (() => new Date().toISOString())
  const context: Context = {
    pool, connectors: options.connectors ?? [], secrets: () => Promise.reject(new Error('there are no secrets')), now, newId: randomUUID,
    vault: vaultOf([randomBytes(32)]),
    enqueue: (task, planId) => { queued.push({ task, planId }); return Promise.resolve() },
    log: { info: log, warn: log, error: log }, filesFolder,
  }
  const asked: World['asked'] = []
  const engine = options.realEngine ? createEngine(context) : recordingEngine(asked, options.engine ?? {})
  const auth = createAuth({ pool, databaseUrl: server.url, baseUrl: 'http://localhost:7070', secret: randomBytes(32).toString('hex'), now })
  const auditKeys = await loadAuditKeys(path.join(filesFolder, 'data'))
  const app = await buildServer({
    context, engine, auth, auditKeys, version: '0.0.0', webFolder: options.webFolder,
    limits: { perAddress: 100_000, perUser: 100_000, ...options.limits },
  })
  await app.ready()

  const secrets = new Map<UserRole, Promise<string>>()
  async function secretFor(role: UserRole): Promise<string> {
    const userId = await auth.createUser({ name: `The ${role}`, email: `${role}@example.org`, role, password: `password of ${role}` })
    return (await auth.createToken({ userId, name: `for ${role}`, role, expiresInDays: 1 })).secret
  }
  return {
    app, pool, database: server, auth, context, auditKeys, logged, asked,
    as: (role) => async (method, url, payload) => {
      if (!secrets.has(role)) secrets.set(role, secretFor(role))
      const authorization = `Bearer ${await secrets.get(role)}`
      return await app.inject({ method, url, headers: { authorization }, ...(payload === undefined ? {} : { payload }) })
    },
    async work() {
      for (let next = queued.shift(); next !== undefined; next = queued.shift()) {
        const signal = new AbortController().signal
        if (next.task === 'apply-plan') await applyPlan(context, next.planId, signal)
        else {
          await computePlan(context, next.planId, signal)
          await approveAutomatic(context, next.planId)
        }
      }
    },
    async close() {
      await app.close()
      await auth.close()
      await pool.end()
      await server.stop()
      await rm(filesFolder, { recursive: true, force: true })
    },
  }
}

/** An engine that notes what it is asked, and answers what the test says; anything else is a fault of the test. */
function recordingEngine(asked: World['asked'], answers: Partial<Engine>): Engine {
  return new Proxy({} as Engine, {
    get: (_, call) => (...input: unknown[]) => {
      asked.push({ call: String(call), input })
      const answer: unknown = answers[call as keyof Engine]
      if (typeof answer !== 'function') return Promise.reject(new Error(`the test has no answer for ${String(call)}`))
      return Promise.resolve(Reflect.apply(answer, answers, input))
    },
  })
}
