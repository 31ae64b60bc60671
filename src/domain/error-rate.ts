/** The brake that works while changes are being carried out: too many of the last ones failed. */
import type { SystemBrakes } from './brake.ts'

export type ErrorRate = NonNullable<SystemBrakes['errorRate']>

/** What became of the last changes tried, oldest first: `.` went well, `x` failed. */
export type Outcomes = string

/** Of how many of the last changes the share is taken. */
export function lastOf(limit: ErrorRate): number {
  return Math.max(100, limit.count * 5)
}

/** How many of the last changes failed, if that is more than the brake lets through. */
export function failsTooOften(recent: Outcomes, limit: ErrorRate): { failed: number; of: number } | null {
  const last = recent.slice(-lastOf(limit))
  const failed = last.split('x').length - 1
  return failed > limit.count && failed > limit.share * last.length ? { failed, of: last.length } : null
}
