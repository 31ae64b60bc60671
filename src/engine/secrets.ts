/** Credentials that policy refers to by name. Stored ones are sealed; `env:NAME` and `file:/path` stay where they are. */
import { readFile, realpath } from 'node:fs/promises'
import path from 'node:path'
import type { Secrets } from '../connectors/connector.ts'
import { UsherError } from '../domain/errors.ts'
import { appendAudit } from '../store/audit.ts'
import { transaction, type Pool } from '../store/database.ts'
import { envelopeOf, listSecrets, removeSecret, storeSecret, type SecretShown } from '../store/secret.ts'
import { openVault, type MasterVault, type Vault } from './vault.ts'

/** All about secrets, with the master key of one data folder. */
export interface SecretStore extends MasterVault {
  resolve: Secrets
  set(reference: string, value: string, actor: string): Promise<void>
  remove(reference: string, actor: string): Promise<void>
  list(): Promise<SecretShown[]>
}

interface SecretsContext {
  pool: Pool
  vault: Vault
  now(): string
}

export async function openSecrets({ pool, dataFolder, now, environment = process.env }: {
  pool: Pool; dataFolder: string; now(): string; environment?: Record<string, string | undefined>
}): Promise<SecretStore> {
  const vault = await openVault(dataFolder, environment['USHER_MASTER_KEY'])
  const context = { pool, vault, now }
  return {
    ...vault,
    resolve: secretResolver({ pool, vault, environment, dataFolder }),
    set: (reference, value, actor) => setSecret(context, reference, value, actor),
    remove: (reference, actor) => deleteSecret(context, reference, actor),
    list: () => listSecrets(pool),
  }
}

const named = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$/
const contextOf = (reference: string): string => `secret:${reference}`

export async function setSecret({ pool, vault, now }: SecretsContext, reference: string, value: string, actor: string): Promise<void> {
  if (!named.test(reference)) throw new UsherError('INVALID_INPUT', `"${reference}" is no name for a secret: letters, digits and . _ / - only.`)
  if (value === '') throw new UsherError('INVALID_INPUT', `The secret "${reference}" is empty.`)
  const at = now()
  await transaction(pool, async (client) => {
    await storeSecret(client, { reference, envelope: vault.seal(value, contextOf(reference)), actor, now: at })
    await appendAudit(client, [{ at, actor, action: 'secret.set', subject: `secret:${reference}`, detail: {} }])
  })
}

export async function deleteSecret({ pool, now }: Pick<SecretsContext, 'pool' | 'now'>, reference: string, actor: string): Promise<void> {
  await transaction(pool, async (client) => {
    if (!await removeSecret(client, reference)) throw new UsherError('NOT_FOUND', `There is no secret "${reference}".`)
    await appendAudit(client, [{ at: now(), actor, action: 'secret.deleted', subject: `secret:${reference}`, detail: {} }])
  })
}

/** Usher's own: no policy may send these to a system. */
const ownVariables = /^(USHER_|DATABASE_URL$|PGPASS|BETTER_AUTH_)/

/** Resolves references. What lies in the data folder is Usher's own and is not given out. */
export function secretResolver({ pool, vault, environment, dataFolder }: {
  pool: Pool; vault: Vault; environment: Record<string, string | undefined>; dataFolder: string
}): Secrets {
  return async (reference) => {
    if (reference.startsWith('env:')) {
      const name = reference.slice(4)
      const value = ownVariables.test(name) ? undefined : environment[name]
      return value ?? missing(reference, `The environment variable ${name} is not set, or is Usher's own.`)
    }
    if (reference.startsWith('file:')) return await fromFile(reference, dataFolder)
    const envelope = await envelopeOf(pool, reference)
    return envelope === null ? missing(reference, `The secret "${reference}" is not stored.`) : vault.open(envelope, contextOf(reference))
  }
}

async function fromFile(reference: string, dataFolder: string): Promise<string> {
  const written = path.resolve(reference.slice('file:'.length))
  try {
    const [file, own] = [await realpath(written), await realpath(dataFolder)]
    if (file !== own && !file.startsWith(own + path.sep)) {
      // A last line end is the editor's, not the secret's.
      return (await readFile(file, 'utf8')).replace(/\r?\n$/, '')
    }
  } catch (error) {
    return missing(reference, `The secret file ${written} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`)
  }
  return missing(reference, `The secret file ${written} lies in Usher's own data folder. Keep it elsewhere.`)
}

function missing(reference: string, message: string): never {
  throw new UsherError('SECRET_MISSING', message, { reference })
}
