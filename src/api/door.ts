/** What the routes work with. Made once by whoever serves. */
import type { Verification } from '../domain/audit-chain.ts'
import type { Context } from '../engine/context.ts'
import type { Engine } from '../engine/engine.ts'
import type { Auth } from './auth.ts'

export interface Door {
  context: Context
  engine: Engine
  auth: Auth
  version: string
  secrets: {
    set(reference: string, value: string, actor: string): Promise<void>
    remove(reference: string, actor: string): Promise<void>
  }
  audit: {
    verify(): Promise<Verification>
    /** Lines of an export that can be verified offline. */
    export(): AsyncIterable<string>
  }
}
