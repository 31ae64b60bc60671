/** What the engine works with. Made once in `main.ts`, passed to everything; nothing here is a global. */
import type { ConnectorDefinition, Reader, Secrets, Writer } from '../connectors/connector.ts'
import { UsherError } from '../domain/errors.ts'
import type { Policy, System } from '../domain/policy.ts'
import type { Pool } from '../store/database.ts'
import type { Vault } from './vault.ts'

export interface Log {
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

export interface Context {
  pool: Pool
  connectors: ConnectorDefinition[]
  /** Resolves a secret's reference to its value. */
  secrets: Secrets
  /** Encrypts and decrypts with the master key, for what is stored in the database. */
  vault: Vault
  /** Asks the workers to do something soon; `at` not before an instant. */
  enqueue(task: 'compute-plan' | 'apply-plan', planId: string, at?: string): Promise<void>
  /** The present instant, ISO text. Time is an argument everywhere below. */
  now(): string
  newId(): string
  log: Log
  /** Folder that relative file paths of sources are in. */
  filesFolder: string
}

export type { Revision } from '../domain/policy.ts'

export function systemOf(policy: Policy, id: string): System {
  const system = policy.systems.find((s) => s.id === id)
  if (system === undefined) throw new UsherError('NOT_FOUND', `There is no system "${id}".`)
  return system
}

export function connectorOf(context: Context, system: Pick<System, 'id' | 'connector'>): ConnectorDefinition {
  const definition = context.connectors.find((c) => c.kind === system.connector)
  if (definition === undefined) {
    const known = context.connectors.map((c) => c.kind).join(', ')
    throw new UsherError('POLICY_INVALID', `System "${system.id}" names the connector "${system.connector}". Known: ${known}.`)
  }
  return definition
}

export function configOf(context: Context, system: System): unknown {
  const definition = connectorOf(context, system)
  const parsed = definition.configSchema.safeParse(withFilesFolder(context, system))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  throw new UsherError('POLICY_INVALID', `System "${system.id}", ${['config', ...issue.path].join('.')}: ${issue.message}.`)
}

export function openReader(context: Context, system: System, secrets = secretsForReading(context, system)): Reader {
  return connectorOf(context, system).openReader(configOf(context, system), secrets)
}

/** Where a system has a login of its own for reading (`reader`), whatever reads cannot get at the secret of the one that writes. */
function secretsForReading(context: Context, system: System): Secrets {
  const { reader, ...writing } = system.config
  if (typeof reader !== 'object' || reader === null) return context.secrets
  const needed = Object.values(reader)
  const withheld = Object.values(writing).filter((value) => !needed.includes(value))
  return async (reference) => {
    if (withheld.includes(reference)) throw new UsherError('SECRET_MISSING', `Reading ${system.name} has no use for the secret "${reference}".`)
    return await context.secrets(reference)
  }
}

export function openWriter(context: Context, system: System): Writer {
  const definition = connectorOf(context, system)
  if (definition.openWriter === undefined) throw new UsherError('POLICY_INVALID', `System "${system.id}" can only be read.`)
  return definition.openWriter(configOf(context, system), context.secrets)
}

export function withFilesFolder(context: Pick<Context, 'filesFolder'>, system: System): Record<string, unknown> {
  const file = system.config['path']
  if (system.connector !== 'file' || typeof file !== 'string' || file.startsWith('/')) return system.config
  return { ...system.config, path: `${context.filesFolder}/${file}` }
}
