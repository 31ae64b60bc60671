/** Names of stored secrets. Their values go in and never come out. */
import type { FastifyInstance } from 'fastify'
import type { Policy } from '../domain/policy.ts'
import { deleteSecret, setSecret } from '../engine/secrets.ts'
import { listSecrets } from '../store/secret.ts'
import { work } from './contract/index.ts'
import type { Door } from './door.ts'
import { lexicon } from './names.ts'
import { serve } from './serve.ts'

export function secretRoutes(app: FastifyInstance, door: Door): void {
  const { context, context: { pool } } = door

  serve(app, work.listSecrets, async () => {
    const rows = await listSecrets(pool)
    const names = await lexicon(door, rows.map((r) => r.changedBy))
    return {
      items: rows.map(({ reference, changedAt, changedBy }) => ({
        reference, changedAt, changedBy: names.namedUser(changedBy), usedBy: usersOf(names.policy, reference),
      })),
    }
  })
  serve(app, work.setSecret, async ({ params, body, who }) => {
    await setSecret(context, params.reference, body.value, who.actor)
    return {}
  })
  serve(app, work.deleteSecret, async ({ params, who }) => {
    await deleteSecret(context, params.reference, who.actor)
    return {}
  })
}

/** Systems whose configuration names the secret. */
function usersOf(policy: Policy, reference: string): { id: string; name: string }[] {
  const names = (value: unknown): boolean =>
    value === reference || (typeof value === 'object' && value !== null && Object.values(value).some(names))
  return policy.systems.filter((s) => names(s.config)).map(({ id, name }) => ({ id, name }))
}
