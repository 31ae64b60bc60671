/** Mistakes, one at a time, that somebody could make in the engine. The simulation must catch each of them. */

export interface Mutant {
  name: string
  file: string
  /** Stands there exactly once. */
  find: string
  replace: string
  /** What would be broken. */
  promise: string
}

export const mutants: Mutant[] = [
  {
    name: 'what differs on recomputing is carried out', promise: 'A plan is a contract',
    file: 'src/engine/carry-out-recompute.ts', find: 'if (decided !== undefined && hashChange(decided) === change.hash) return attempt', replace: 'if (decided !== undefined) return attempt',
  },
  {
    name: 'any hash approves', promise: 'A plan is a contract',
    file: 'src/engine/start-plan.ts', find: 'if (plan.hash !== hash) throw', replace: 'if (plan.hash === "") throw',
  },
  {
    name: 'done without looking', promise: 'Seen, not assumed',
    file: 'src/engine/carry-out-confirm.ts', find: 'const seen = facts !== null && seenAsPlanned(change, facts)', replace: 'const seen: boolean | string = true',
  },
  {
    name: 'an answer that was lost counts as done', promise: 'Seen, not assumed',
    file: 'src/engine/carry-out-end.ts', find: "if (outcome.code === 'SYSTEM_UNREACHABLE') return unanswered(hands, change, outcome.words)",
    replace: "if (outcome.code === 'SYSTEM_UNREACHABLE') return { id: change.id, state: 'done' }",
  },
  {
    name: 'who vanished is ended without a release', promise: 'Absence needs proof',
    file: 'src/engine/plan-people.ts', find: "return released === null ? 'missing' : 'ends'", replace: "return 'ends'",
  },
  {
    name: 'half a list is as good as a whole one', promise: 'Absence needs proof',
    file: 'src/engine/plan-people.ts', find: 'const short = affected > maxShrink * of', replace: 'const short = false',
  },
  {
    name: 'a system that was read in part has nothing else', promise: 'Absence needs proof',
    file: 'src/engine/read-system.ts', find: '{ now: readAt, older, complete: end.complete }', replace: '{ now: readAt, older, complete: true }',
  },
  {
    name: 'protection by policy is forgotten', promise: 'Protected accounts are never touched',
    file: 'src/engine/read-system.ts', find: 'if (system.protected.length === 0) return () => false', replace: 'if (system.protected.length >= 0) return () => false',
  },
  {
    name: 'what was there is no reason', promise: 'Reasons',
    file: 'src/engine/carry-out-links.ts', find: 'await foundReasons(client,', replace: 'if (links.length < 0) await foundReasons(client,',
  },
  {
    name: 'what others gave is taken away', promise: 'Reasons',
    file: 'src/engine/facts.ts', find: "ours: h.origin !== 'unknown' ||", replace: "ours: h.origin !== 'nobody' ||",
  },
  {
    name: 'what was given until a day stays', promise: 'Reasons',
    file: 'src/store/overlay.ts', find: 'or valid_until > ${asOf} and kind <>', replace: 'or kind <>',
  },
  {
    name: 'ending one grant ends the others', promise: 'Reasons',
    file: 'src/store/reason.ts', find: 'where id = $1 and ${byHand} and (valid_until is null or valid_until > $2)\n     returning', replace: 'where person_id = (select person_id from reason where id = $1) and ${byHand} and (valid_until is null or valid_until > $2)\n     returning',
  },
  {
    name: 'whoever comes back has what they had', promise: 'Reasons',
    file: 'src/store/evaluation.ts', find: "where p.state = 'ended' and (r.valid_until", replace: "where p.state = 'nobody' and (r.valid_until",
  },
  {
    name: 'what a rule gave stays when it no longer holds', promise: 'Reasons',
    file: 'src/store/evaluation.ts', find: "and r.valid_until is null and r.kind in ('rule', 'scope')\n", replace: "and r.valid_until is null and r.kind in ('scope')\n",
  },
  {
    name: 'one reason of several is overlooked', promise: 'Reasons',
    file: 'src/domain/decide.ts', find: 'const wants = new Set(facts.desired.map((d) => d.id))', replace: 'const wants = new Set(facts.desired.slice(1).map((d) => d.id))',
  },
  {
    name: 'names follow every marriage', promise: 'Unique names are stable',
    file: 'src/engine/choose-names.ts', find: 'const value = (isLost && kept!.meant ? undefined : kept?.value) ?? own ?? await', replace: 'const value = await',
  },
  {
    name: 'namesakes get the same name', promise: 'Unique names',
    file: 'src/engine/names.ts', find: '!taken.has(key(attribute, value)) && !chosen.has(key(attribute, value))', replace: 'value !== ""',
  },
  {
    name: 'a name that somebody had is given up', promise: 'Unique names are stable',
    file: 'src/engine/choose-names.ts',
    find: 'if (isLost && !kept!.meant && own === undefined) return nameTaken(job, attribute, kept!.value)\n    const value = (isLost && kept!.meant ? undefined', replace: 'const value = (isLost ? undefined',
  },
  {
    name: 'what was created unseen is created again', promise: 'Nobody gets two accounts',
    file: 'src/engine/carry-out.ts', find: 'recogniseCreated(hands, attempts, tried, shown, loaded)', replace: '[]',
  },
  {
    name: 'a leaver is deleted at once', promise: 'The days of grace',
    file: 'src/engine/facts.ts', find: 'Date.parse(since) + days * 86_400_000 <= Date.parse(asOf)', replace: 'Date.parse(since) <= Date.parse(asOf)',
  },
  {
    name: 'a leaver keeps what they hold', promise: 'Time to zero',
    file: 'src/domain/decide.ts', find: "for (const entitlement of facts.held) if (entitlement.ours && !left.held(entitlement.id)) add('revoke', revocation(entitlement, facts.because))", replace: '',
  },
  {
    name: 'a leaver stays enabled', promise: 'Time to zero',
    file: 'src/domain/decide.ts', find: "if (seen.enabled && !left.enabled) add('disable')\n", replace: '\n',
  },
  {
    name: 'who returns stays disabled', promise: 'Leave and return',
    file: 'src/domain/decide.ts', find: "if (facts.wanted === 'enabled' && !seen.enabled && !left.disabled) add('enable')", replace: '',
  },
  {
    name: 'leave is overlooked', promise: 'Leave and return',
    file: 'src/domain/evaluate.ts', find: "return state === 'on-leave' && job.lifecycle.onLeave === 'keep' ? 'enabled' : 'disabled'", replace: "return state === 'on-leave' ? 'enabled' : 'disabled'",
  },
  {
    name: 'the last day is a day too early', promise: 'Dates are inclusive',
    file: 'src/domain/person.ts', find: '.add({ days: 1 }).toZonedDateTime', replace: '.add({ days: 0 }).toZonedDateTime',
  },
  {
    name: 'a system that is observed is written to', promise: 'A preview cannot write',
    file: 'src/engine/plan-systems.ts', find: 'stricter(job.method, systemOf(policy, job.destination).method)', replace: 'job.method',
  },
  {
    name: 'brakes hold nothing', promise: 'Brakes',
    file: 'src/domain/brake.ts', find: 'return overCount && overShare', replace: 'return overCount && overShare && planned < 0',
  },
  {
    name: 'nothing is audited', promise: 'History stays',
    file: 'src/engine/audit-changes.ts', find: 'if (final.length === 0) return', replace: 'if (final.length >= 0) return',
  },
  {
    name: 'what a killed worker began is left there', promise: 'It goes on by itself',
    file: 'src/store/batch.ts', find: 'left_behind as (delete from batch where plan_id = $1 returning', replace: 'left_behind as (delete from batch where plan_id = $1 and begun_at is null returning',
  },
  {
    name: 'whatever exists is adopted', promise: 'Accounts of nobody are never touched',
    file: 'src/engine/carry-out-write.ts', find: 'if (isMarked(hands.deciding.jobs, { jobId: attempt.change.jobId!, after: attempt.decided?.after ?? {} }, record)) attempt.outcome', replace: 'attempt.outcome',
  },
  {
    name: 'people who changed since are changed all the same', promise: 'A plan is a contract',
    file: 'src/store/people-apply.ts', find: 'update people_batch b set ok = false\n       from people_batch x', replace: 'update people_batch b set ok = true\n       from people_batch x',
  },
  {
    name: 'managers are not followed', promise: 'References settle by themselves',
    file: 'src/domain/decide.ts', find: 'if (reference !== null && !sameAttribute(description, seen.attributes[attribute], reference.name)) note', replace: 'if (reference === null && seen === null) note',
  },
  {
    name: 'an end by hand ends whoever begins anew', promise: 'A human ends somebody at once',
    file: 'src/domain/person.ts', find: 'cuts.filter((at) => contains(life, at))', replace: '[...cuts]',
  },
  {
    name: 'an end that is taken back gives nothing back', promise: 'A human ends somebody at once, and takes that back',
    file: 'src/engine/end-person.ts', find: 'if (leaver !== null) await restoreReasons(client, leaver, now)', replace: '',
  },
  {
    name: 'what was undone is done again at once', promise: 'Undo',
    file: 'src/engine/undo.ts', find: 'await insertExceptions(client, rows.flatMap(exceptionsOf), { until, note, by, planId: plan.id, now })', replace: '',
  },
  {
    name: 'what was left for a while stays so', promise: 'Exceptions end by their date',
    file: 'src/store/exception.ts', find: 'and x.valid_from <= ${asOf} and (x.valid_until is null or x.valid_until > ${asOf})`', replace: 'and x.valid_from <= ${asOf}`',
  },
  {
    name: 'whoever moves loses all at once', promise: 'Days to hand over after a move',
    file: 'src/engine/evaluate-people.ts', find: 'if (keeps) rows.graces.push', replace: 'if (keeps && rows.people.length === 0) rows.graces.push',
  },
  {
    name: 'what was made unseen stays where it is not to be any more', promise: 'Reasons',
    file: 'src/engine/carry-out.ts', find: "await takeIn(client, system.id, left, 'usher', now)", replace: '',
  },
  {
    name: 'what was made unseen for a leaver is not looked for', promise: 'Time to zero',
    file: 'src/engine/leaver.ts', find: 'const late = (await lateCreations(context.pool, ids))', replace: 'const late = (await lateCreations(context.pool, []))',
  },
  {
    name: 'a name that another record has is asked for in vain', promise: 'One failing person never stops the others',
    file: 'src/engine/wait-for-names.ts', find: '.filter((w) => used.has(w.value.toLowerCase()))', replace: '.filter(() => false)',
  },
  {
    name: 'what is kept after a move is kept for good', promise: 'Days to hand over after a move',
    file: 'src/store/grace.ts', find: 'make_interval(days => re.grace_days)', replace: 'make_interval(years => re.grace_days)',
  },
]
