/**
 * Stage 1 of a plan: from the rows of sources to people. Rows are compared in sets; only people whom something changes
 * are composed one by one. Nothing but the plan is written, and what is known of the rows' places.
 */
import { hash } from 'node:crypto'
import { rowMapper } from '../domain/map-row.ts'
import { standing } from '../domain/person.ts'
import type { Finding, PlanBrake } from '../domain/plan.ts'
import { peopleJobs, type PeopleJob } from '../domain/policy.ts'
import { canonical } from '../domain/value.ts'
import { isReleased } from '../store/release.ts'
import type { Client } from '../store/database.ts'
import { arrivingPeople, createInBulk, datesOfSnapshot, isMostlyNew, setApart, stretchesOf } from '../store/people-bulk.ts'
import {
  contradictedKeys, countVanished, diffRows, diffVanished, matchKeys, nameNewPeople, newKeys, openCases, openDiff, spareCandidates,
} from '../store/people-diff.ts'
import {
  countPeople, followRows, loadPeople, peopleOfDiff, snapshotShapes, unresolvedReferences, vanishedSet, writePeople, writePlanRows,
  type OverlayPerson, type PeopleChange,
} from '../store/people-plan.ts'
import { indexKeys } from '../store/snapshot.ts'
import type { Context, Revision } from './context.ts'
import { keepUnique, uniqueAttributes } from './people-unique.ts'
import { planPerson, type Absence, type JobView, type PeopleView } from './people-changes.ts'
import { placeOf } from './place.ts'
import { positionFromDates } from './position-dates.ts'
import { setAsideMax, type SnapshotResult } from './read-source.ts'

export { applyPeople } from './apply-people.ts'

export interface PeoplePlan {
  findings: Finding[]
  /** Sets that wait for an operator's release because their rows vanished. Their changes are held, with the brake's code and job. */
  brakes: PlanBrake[]
}

export interface PeopleInput {
  planId: string
  revision: Revision
  asOf: string
  snapshots: SnapshotResult[]
  /** From how many rows on new people are planned in sets, as pointers to their rows. */
  bulkMin?: number
}

const batchSize = 2000
const bulkMin = 20_000
const namedMax = 5
const listedMax = 1000
/** Shrinkage adds up over this time. */
const shrinkDays = 7

export async function planPeople(context: Context, client: Client, input: PeopleInput): Promise<PeoplePlan> {
  const { planId, revision, asOf, snapshots } = input
  const { policy } = revision
  const jobs = peopleJobs(policy)
  const shapes = await snapshotShapes(client, snapshots.map((s) => s.snapshotId))
  const findings: Finding[] = []
  const view: PeopleView = { asOf, timeZone: policy.settings.timeZone, order: jobs.map((j) => j.id), jobs: new Map() }
  const held = new Map<string, Held>()

  await openDiff(client)
  for (const job of jobs) {
    const snapshot = snapshots.find((s) => s.jobId === job.id)
    if (snapshot === undefined) continue
    const shape = shapes.get(snapshot.snapshotId) ?? null
    const source = shape?.file ?? snapshot.systemId
    findings.push(...readFindings(job, snapshot, source))
    const bulk = snapshot.rows >= (input.bulkMin ?? bulkMin) && await isMostlyNew(client, job.id, snapshot.rows)
    const arriving = bulk ? await bulkCreate(client, { planId, job, unique: uniqueAttributes(policy), snapshot, source, place: placeOf(shape), asOf, timeZone: view.timeZone }) : 0
    if (arriving < snapshot.rows) {
      await indexKeys(client, snapshot.snapshotId)
      await diffRows(client, job.id, snapshot.snapshotId, bulk)
    }
    // First, so that who comes back under another key is known by it.
    const tellsAbsence = mayTellAbsence(snapshot)
    if (tellsAbsence) await diffVanished(client, job.id, snapshot.snapshotId)
    findings.push(...await identify(context, client, planId, job, snapshot, source, asOf))
    const absence = tellsAbsence ? await judgeAbsences(client, { job, snapshot, source, asOf, held }) : 'nothing'
    const { columnsOf } = rowMapper(job, policy.settings)
    view.jobs.set(job.id, { id: job.id, method: job.method, absence, heldCode: held.get(job.id)?.code ?? null, shape, source, columnsOf } satisfies JobView)
  }

  await composePeople(client, input, view, held)
  findings.push(...await keepUnique(client, planId, policy, jobs.filter((job) => view.jobs.has(job.id))))
  await writePlanRows(client, planId, [...view.jobs.values()].filter((j) => j.absence === 'held').map((j) => j.id))
  await followRows(client, planId, snapshots.map((s) => ({
    jobId: s.jobId, snapshotId: s.snapshotId, source: view.jobs.get(s.jobId)?.source ?? s.systemId, vanished: view.jobs.get(s.jobId)?.absence !== 'nothing',
  })), asOf)
  const brakes = [...await closeHeld(client, jobs, view, held, findings), ...contractBrakes(jobs, snapshots, await countPeople(client))]
  findings.push(...await referenceFindings(client, planId, revision, snapshots))
  return { findings, brakes }
}

/** Rows of a job that vanished and end somebody only when an operator releases exactly them. */
interface Held {
  code: 'PEOPLE_MISSING' | 'SOURCE_SHORT'
  setHash: string
  /** People whose end is held, filled while they are composed. */
  people: { id: string; name: string }[]
  message(names: string, count: number): string
}

function readFindings(job: PeopleJob, snapshot: SnapshotResult, source: string): Finding[] {
  const at = { system: snapshot.systemId, job: job.id, key: '' }
  const findings: Finding[] = []
  if (!snapshot.complete) {
    findings.push({ ...at, code: snapshot.code ?? 'SYSTEM_READ_INCOMPLETE', severity: 'error', message: `${job.name}: ${snapshot.because ?? 'the read did not reach its end'} Nobody is ended because of it.` })
  }
  if (snapshot.setAside > 0) {
    const rows = snapshot.setAside === 1 ? '1 row' : `${snapshot.setAside} rows`
    findings.push({ ...at, code: 'ROW_SET_ASIDE', message: `${job.name}: ${rows} of ${source} cannot be used and wait until mended.`, details: { rows: snapshot.setAside, snapshot: snapshot.snapshotId } })
  }
  return findings
}

/** People whom nobody knows and nothing fits, one row each: planned as a set. The others are set apart. Returns how many. */
async function bulkCreate(client: Client, input: {
  planId: string; job: PeopleJob; unique: string[]; snapshot: SnapshotResult; source: string; place: string; asOf: string; timeZone: string
}): Promise<number> {
  const { planId, job, unique, snapshot, source, place, asOf, timeZone } = input
  const { snapshotId } = snapshot
  const mapped = unique.filter((name) => job.mapping[name] !== undefined)
  const rules = [...job.match, ...mapped.filter((name) => !job.match.some((rule) => rule.length === 1 && rule[0] === name)).map((name) => [name])]
  const apart = await setApart(client, { planId, jobId: job.id, snapshotId, rules, unique: snapshot.suspects, severalRows: job.positionKey !== undefined })
  const stretches = (apart === 0 ? snapshot.stretches : null) ?? await stretchesOf(client, snapshotId)
  const states = (snapshot.dates ?? await datesOfSnapshot(client, snapshotId)).map((dates) => {
    const { state, nextChangeAt } = standing([positionFromDates(dates)], asOf, timeZone)
    return { dates, state, nextChangeAt: nextChangeAt === undefined ? null : new Date(nextChangeAt).toISOString() }
  })
  return await createInBulk(client, {
    planId, jobId: job.id, snapshotId, source, place, states, stretches, state: job.method === 'observe' ? 'observed' : 'planned' })
}

/** Whose the new rows are: by decided cases, by match rules, else somebody new. What is unclear waits for a decision. */
async function identify(context: Context, client: Client, planId: string, job: PeopleJob, snapshot: SnapshotResult, source: string, asOf: string): Promise<Finding[]> {
  const cases: { id: string; key: string; code: 'MATCH_AMBIGUOUS' | 'MATCH_CONTRADICTED'; candidates: string[]; takenFrom?: string }[] = []
  if (await newKeys(client, job.id, snapshot.snapshotId) > 0) {
    for (const rule of job.match) {
      for (const unclear of await matchKeys(client, planId, job.id, rule)) cases.push({ id: context.newId(), code: 'MATCH_AMBIGUOUS', ...unclear })
    }
    await nameNewPeople(client, job.id, context.newId())
  }
  for (const odd of await contradictedKeys(client, job.id, snapshot.snapshotId, context.newId())) cases.push({ id: context.newId(), code: 'MATCH_CONTRADICTED', ...odd })
  await openCases(client, job.id, cases.filter((c) => c.takenFrom === undefined), asOf)
  await spareCandidates(client, job.id, cases.flatMap((c) => c.candidates))
  return cases.map(({ key, code, candidates, takenFrom }) => ({
    code, job: job.id, system: snapshot.systemId, key, details: { key, candidates },
    message: code === 'MATCH_AMBIGUOUS'
      ? `${job.name}: the row with key ${key} of ${source} fits ${candidates.length === 1 ? 'a person who is here by another row' : `${candidates.length} people`}. Decide who it is.`
      : takenFrom === undefined ? `${job.name}: key ${key} of ${source} now has another first name, last name and e-mail. Decide whether it is the same person.`
        : `${job.name}: key ${key} of ${source} is somebody else's now, while ${takenFrom}, whose it was, has not ended. End ${takenFrom}; the row waits until then.`,
  }))
}

/** Beyond what is listed, nobody can say whose rows were set aside. */
const mayTellAbsence = ({ complete, setAside }: SnapshotResult): boolean => complete && setAside <= setAsideMax

async function judgeAbsences(client: Client, input: {
  job: PeopleJob; snapshot: SnapshotResult; source: string; asOf: string; held: Map<string, Held>
}): Promise<Absence> {
  const { job, snapshot, source, asOf, held } = input
  const lately = Temporal.Instant.from(asOf).subtract({ hours: 24 * shrinkDays }).toString()
  const { affected, of } = await countVanished(client, job.id, lately)
  const set = await vanishedSet(client, job.id)
  if (set.length === 0) return 'missing'
  const setHash = hash('sha256', canonical([job.id, set]))
  const { maxShrink, vanishedEnds } = job.completeness
  const unknown = snapshot.setAsideUnknown === 0 ? ''
    : ` ${snapshot.setAsideUnknown === 1 ? '1 row was set aside without a readable key of its own' : `${snapshot.setAsideUnknown} rows were set aside without a readable key of their own`}; some of these people may be among them.`
  const short = affected > maxShrink * of
  const unproven = vanishedEnds && snapshot.proven !== true
  if (!short && vanishedEnds && !unproven && snapshot.setAsideUnknown === 0) return 'ends'
  const released = await isReleased(client, setHash, asOf)
  if (short) {
    const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`
    held.set(job.id, {
      code: 'SOURCE_SHORT', setHash, people: [],
      message: (names, count) => `${job.name}: ${affected} of ${of} rows of people who have not ended are gone from ${source} (${percent(affected / of)}, within ${shrinkDays} days; `
        + `at most ${percent(maxShrink)} may be). Nobody is ended by it. If it is right, release the ${count} people: ${names}.${unknown}`,
    })
    return released === null ? 'held' : 'ends'
  }
  held.set(job.id, {
    code: 'PEOPLE_MISSING', setHash, people: [],
    message: (names, count) => `${job.name}: ${count === 1 ? '1 person' : `${count} people`} vanished from ${source} without an end date: ${names}. `
      + `They stay as they are until released.${unknown}${unproven ? ` ${source} does not prove that it is whole, so vanished rows end nobody by themselves: give its system a last row that says how many there are (completeness.trailer).` : ''}`,
  })
  return released === null ? 'missing' : 'ends'
}

async function composePeople(client: Client, input: PeopleInput, view: PeopleView, held: Map<string, Held>): Promise<void> {
  const snapshots = input.snapshots.map(({ jobId, snapshotId }) => ({ jobId, snapshotId }))
  for await (const ids of peopleOfDiff(client, input.planId, input.asOf, batchSize)) {
    const changes: PeopleChange[] = []
    const overlay: OverlayPerson[] = []
    for (const person of await loadPeople(client, ids, snapshots)) {
      const planned = planPerson(person, view)
      changes.push(...planned.changes)
      if (planned.overlay !== null) overlay.push(planned.overlay)
      if (planned.heldBy !== null) held.get(planned.heldBy)?.people.push({ id: person.id, name: planned.changes.at(-1)!.subject })
    }
    await writePeople(client, input.planId, changes, overlay)
  }
}

async function closeHeld(client: Client, jobs: PeopleJob[], view: PeopleView, held: Map<string, Held>, findings: Finding[]): Promise<PlanBrake[]> {
  const brakes: PlanBrake[] = []
  for (const job of jobs) {
    const set = held.get(job.id)
    if (set === undefined || set.people.length === 0) continue
    const count = set.people.length
    const named = set.people.slice(0, namedMax).map((p) => p.name).join(', ')
    const names = count > namedMax ? `${named} and ${count - namedMax} more` : named
    findings.push({
      code: set.code, system: job.source, job: job.id, key: '', message: set.message(names, count),
      details: { count, people: set.people.slice(0, listedMax).map((p) => p.id), setHash: set.setHash },
    })
    if (view.jobs.get(job.id)?.method === 'observe') continue
    brakes.push({ system: 'people', kind: 'disable', planned: count, of: await countPeople(client), limit: {}, setHash: set.setHash, code: set.code, job: job.id })
  }
  return brakes
}

/** Reads that are out of contract: an operator may say that they are right as they are. */
function contractBrakes(jobs: PeopleJob[], snapshots: SnapshotResult[], of: number): PlanBrake[] {
  return snapshots.flatMap(({ jobId, contractHash, because }): PlanBrake[] => {
    const job = jobs.find((j) => j.id === jobId)
    if (contractHash === undefined || job === undefined) return []
    return [{ system: 'people', kind: 'disable', planned: 0, of, limit: {}, setHash: contractHash, code: 'SOURCE_OUT_OF_CONTRACT', job: jobId, because: `${job.name}: ${because ?? ''}` }]
  })
}

async function referenceFindings(client: Client, planId: string, revision: Revision, snapshots: SnapshotResult[]): Promise<Finding[]> {
  const findings: Finding[] = []
  const arriving = await arrivingPeople(client, planId)
  const whole = snapshots.filter((s) => arriving.get(s.snapshotId) === s.rows)
  for (const { name, title, type, references } of revision.policy.settings.attributes) {
    if (type !== 'reference') continue
    const { count, people } = await unresolvedReferences(client, {
      planId, attribute: name, references: references ?? 'employeeId', settled: whole.filter((s) => s.settled.includes(name)).map((s) => s.snapshotId), limit: listedMax })
    if (count === 0) continue
    const names = people.slice(0, namedMax).map((p) => p.name).join(', ')
    findings.push({
      code: 'REFERENCE_UNRESOLVED', severity: 'info', key: name, details: { attribute: name, count, people: people.map((p) => p.id) },
      message: `${title ?? name}: the one whom ${count === 1 ? '1 person refers' : `${count} people refer`} to is not known yet (${names}${count > namedMax ? ' and others' : ''}). It settles by itself when they appear.`,
    })
  }
  return findings
}
