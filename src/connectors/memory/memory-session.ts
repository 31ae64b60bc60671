/** Reaching a memory system and signing in, as far as memory can refuse that. */
import { UsherError } from '../../domain/errors.ts'
import type { Secrets } from '../connector.ts'
import type { MemoryConfig } from './memory-config.ts'
import type { MemorySystem, MemoryWorld } from './memory-world.ts'

/** The system, if it answers and the password is right; else throws `UsherError`. */
export async function signIn(world: MemoryWorld, config: MemoryConfig, secrets: Secrets): Promise<MemorySystem> {
  const system = connect(world, config)
  if (system.password === undefined) return system
  const password = config.password === undefined ? undefined : await secrets(config.password)
  if (password === system.password) return system
  throw new UsherError('SYSTEM_SIGN_IN_FAILED', `The memory system "${config.system}" refused the password.`)
}

/** The system, if it answers. */
export function connect(world: MemoryWorld, config: MemoryConfig): MemorySystem {
  const system = world.systems[config.system]
  if (system?.reachable) return system
  throw new UsherError('SYSTEM_UNREACHABLE', `The memory system "${config.system}" does not answer.`)
}
