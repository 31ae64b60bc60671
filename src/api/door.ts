/** What the routes work with. Made once by whoever serves. */
import type { AuditKeys } from '../engine/audit-sealer.ts'
import type { Context } from '../engine/context.ts'
import type { Engine } from '../engine/engine.ts'
import type { Auth } from './auth.ts'

export interface Door {
  context: Context
  engine: Engine
  auth: Auth
  auditKeys: AuditKeys
  version: string
}
