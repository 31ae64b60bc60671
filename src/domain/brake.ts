/** Brakes: how many changes of one kind may go ahead without a further look, in one plan and within some hours. */
import { z } from 'zod'

const share = z.number().min(0).max(1).optional().meta({ description: 'Share of the accounts, memberships or people there, 0 to 1' })
const count = z.number().int().min(0).optional().meta({ description: 'Absolute number' })

const brakeWindow = z.strictObject({
  hours: z.number().int().min(1).max(720).default(24),
  share, count,
}).meta({
  title: 'Window',
  description: 'What other plans did in the last hours counts, too. Without limits of its own, those of the brake hold.',
})

/** A plan is held when it exceeds both the share and the count; with one of them set, that one decides. */
export const brake = z.strictObject({
  share, count,
  window: brakeWindow.nullable().optional().meta({
    description: 'Absent: the same limits over the last 24 hours. null: each plan is looked at alone.',
  }),
  secondPerson: z.boolean().optional().meta({ description: 'A release needs a second user; absent: as the settings say' }),
}).meta({ title: 'Brake', description: 'Held when more than `count` AND more than `share` of what is there would change. With one of them set, that one alone decides.' })
export type Brake = z.infer<typeof brake>

export const brakes = z.strictObject({
  create: brake.optional(),
  update: brake.optional(),
  rename: brake.optional(),
  disable: brake.optional(),
  delete: brake.optional(),
  grant: brake.optional(),
  revoke: brake.optional(),
}).meta({ title: 'Brakes' })
export type Brakes = z.infer<typeof brakes>

/** A system has one more brake: while changes are being carried out, at a rate of failures. */
export const systemBrakes = brakes.extend({
  errorRate: z.strictObject({
    count: z.number().int().min(0).meta({ description: 'Changes that failed' }),
    share: z.number().min(0).max(1).meta({ description: 'Share of the last changes tried, 0 to 1; 1 turns it off' }),
  }).meta({ title: 'Error rate', description: 'While changes are carried out: the system pauses when more than `count` and more than `share` of the last changes failed.' }).optional(),
}).meta({ title: 'Brakes' })
export type SystemBrakes = z.infer<typeof systemBrakes>

/** Of entitlements that are marked as privileged; besides the system's other brakes. */
export const privilegedBrakes = z.strictObject({
  grant: brake.optional(),
  revoke: brake.optional(),
}).meta({ title: 'Brakes of privileged entitlements' })
export type PrivilegedBrakes = z.infer<typeof privilegedBrakes>

/** In force for every system that does not say otherwise. */
export const defaultBrakes: SystemBrakes = {
  rename: { share: 0.2, count: 10 },
  disable: { share: 0.1, count: 5 },
  delete: { share: 0.05, count: 5 },
  revoke: { share: 0.2, count: 20 },
  errorRate: { share: 0.2, count: 20 },
}

export const defaultPrivilegedBrakes: PrivilegedBrakes = { grant: { count: 3 }, revoke: { count: 3 } }

export interface Limit {
  share?: number | undefined
  count?: number | undefined
}

/** The limits over some hours; null: each plan is looked at alone. */
export function windowOf(brake: Brake): (Limit & { hours: number }) | null {
  if (brake.window === null) return null
  const { hours = 24, share, count } = brake.window ?? {}
  const own = share !== undefined || count !== undefined
  return { hours, ...(own ? { share, count } : { share: brake.share, count: brake.count }) }
}

/** Whether this many are more than a limit lets through, of `of` that are there. */
export function exceeds(limit: Limit, planned: number, of: number): boolean {
  if (limit.count === undefined && limit.share === undefined) return false
  const overCount = limit.count === undefined || planned > limit.count
  const overShare = limit.share === undefined || planned > limit.share * of
  return overCount && overShare
}
