/** What of a person is left as it is by decision, now or at a past instant. */
import { exceptionSentence } from '../domain/drift-words.ts'
import { holds } from '../domain/exception.ts'
import type { Db } from '../store/database.ts'
import { exceptionsAt, type ExceptionRow } from '../store/exception.ts'
import type { WhyException } from './engine.ts'

export async function whyExceptions(db: Db, personId: string, at: string, past: boolean): Promise<WhyException[]> {
  const rows = await exceptionsAt(db, personId, at)
  // What policy wanted of the account at a past instant is not on record; what it wanted when this was decided is.
  return rows.filter((x) => holds(x, past ? x.wanted : x.wantedNow)).map(told)
}

/** Those that keep somebody from what is asked about: an account of a job, or an entitlement of the system that the job fills. */
export function withholding(exceptions: WhyException[], asked: { job: string | undefined; entitlementId?: string }): WhyException[] {
  return exceptions.filter((x) => !x.keepsAccess && (
    x.thing === 'entitlement' ? x.entitlementId === asked.entitlementId : x.thing !== 'attribute' && x.job === asked.job))
}

function told(x: ExceptionRow): WhyException {
  const { id, systemId, jobId, accountId, thing, attribute, entitlementId, keepsAccess, from, until, note, by } = x
  return { exceptionId: id, system: systemId, job: jobId, accountId, thing, attribute, entitlementId, keepsAccess, says: exceptionSentence(x), from, until, note, by }
}
