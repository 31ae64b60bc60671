/** Whose a membership is that appears: what Usher gave and did not take away since is its own, however it was lost sight of. */

/**
 * SQL: the origin of a membership that was not known. A list that was behind may have hidden it, an answer may have been lost,
 * or the process died between the write and its record: what lies in a batch may be written. A first attempt that was refused has
 * written nothing, nor has the batch (`own`, SQL) that looks itself: what it wrote it says.
 * `holder` is what has the account's `person_id` and `job_id`.
 */
export function originOf(holder: string, entitlementId: string, own: string, accountId = `${holder}.id`): string {
  const ofThese = (change: string): string =>
    `${change}.person_id = ${holder}.person_id and ${change}.job_id = ${holder}.job_id and ${change}.entitlement_id = ${entitlementId} and coalesce(${change}.account_id, ${accountId}) = ${accountId}`
  return `case when exists (
    select from plan_change given
     where given.kind = 'grant' and ${ofThese('given')}
       and (given.state = 'done' or given.attempts > 1 or given.code = 'CHANGE_CONTRADICTED' or (given.state in ('waiting', 'again', 'skipped') and given.attempts > 0)
         or (given.state in ('waiting', 'again') and given.id in (select unnest(b.changes) from batch b where b.id is distinct from ${own}::bigint)))
       and not exists (select from plan_change taken where taken.kind = 'revoke' and taken.state = 'done' and taken.id > given.id and ${ofThese('taken')})
  ) then 'granted' else 'unknown' end`
}
