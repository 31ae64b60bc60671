/** Sentences about drift and exceptions, the same in every view. */
import type { Thing } from './exception.ts'
import { shortName, text } from './sentence.ts'

interface DriftWords {
  kind: 'changed' | 'extra' | 'gone'
  thing: Thing
  attribute: string | null
  entitlement: string | null
  account: string
  was: unknown
  isNow: unknown
}

/** "title of anna.nowak is Boss; it was Clerk." */
export function driftSentence(drift: DriftWords): string {
  const account = shortName(drift.account)
  const entitlement = shortName(drift.entitlement ?? '')
  if (drift.kind === 'gone') return `The account ${account} is no longer there.`
  if (drift.kind === 'extra') return `${account} has ${entitlement}, which nobody granted.`
  if (drift.thing === 'entitlement') return `${entitlement} was taken from ${account}.`
  if (drift.thing === 'enabled') return `${account} was ${drift.isNow === true ? 'enabled' : 'disabled'}.`
  return `${drift.attribute} of ${account} is ${text(drift.isNow) || 'empty'}; it was ${text(drift.was) || 'empty'}.`
}

export interface TraceWords {
  of: 'account' | 'entitlement' | 'membership'
  at?: string
  by?: string
}

/** Clocks of systems are not ours. */
const skewMs = 120_000

/** Whether it says anything of what drifted: a change from before it was last seen right was another one. */
export function tells(trace: TraceWords, lastRightAt: string | null): boolean {
  return trace.at === undefined || lastRightAt === null || Date.parse(trace.at) >= Date.parse(lastRightAt) - skewMs
}

/** "The account was last changed by uid=helga,ou=people,dc=example,dc=org." Views say when. */
export function traceSentence({ of, by }: TraceWords): string {
  const what = { account: 'The account was last changed', entitlement: 'The group was last changed', membership: 'It was granted' }[of]
  return by === undefined ? `${what}.` : `${what} by ${by}.`
}

interface ExceptionWords {
  thing: Thing
  attribute: string | null
  entitlement: string | null
  keepsAccess: boolean
  account: string | null
}

/** "anna.nowak is left without Sales." */
export function exceptionSentence(exception: ExceptionWords): string {
  const account = shortName(exception.account ?? 'The account')
  switch (exception.thing) {
    case 'attribute': return `${exception.attribute} of ${account} is left as it is.`
    case 'enabled': return `${account} is left ${exception.keepsAccess ? 'enabled' : 'disabled'}.`
    case 'entitlement': return `${account} is left ${exception.keepsAccess ? 'with' : 'without'} ${shortName(exception.entitlement ?? '')}.`
    default: return `The person is left without an account.`
  }
}
