/** What must hold after every step, whatever went wrong in it. */
import { sealAudit, verifyAudit } from '../../src/engine/audit-sealer.ts'
import { ruled, stateOf, type Contract } from './model.ts'
import { systemNames, type SystemName } from './rulebook.ts'
import type { StaffRow } from './sheet.ts'
import { seeLinks } from './links.ts'
import { accountsIn, orphanText, say, standing, violate, type World } from './world.ts'
import { contractOf, textOf } from './writes.ts'

interface Person {
  id: string
  key: string
  first: string
  last: string
  state: string
  settled: boolean
  positions: { start?: string; end?: string; leaveFrom?: string; leaveUntil?: string; missingSince?: string; attributes: Record<string, string> }[]
}

export async function check(world: World): Promise<void> {
  await seePlans(world)
  await seeLinks(world)
  await seePeople(world)
  await seeDone(world)
  await seeFailed(world)
  await seeTried(world)
  await seeGone(world)
  seeOrphans(world)
  await seeOpenChanges(world)
}

/** Remembers each plan as it was computed, and that a plan whose brakes hold something did not let it pass. */
export async function seePlans(world: World): Promise<void> {
  const { rows } = await world.database.watch.query<{ id: string; hash: string; number: string; state: string; cause: string; findings: { code: string }[] }>(
    `select id, hash, number, state, cause, findings from plan where state <> 'computing' and hash is not null and not id = any($1::uuid[])`, [[...world.contracts.keys()]])
  for (const plan of rows.toSorted((a, b) => Number(a.number) - Number(b.number))) {
    const { rows: changes } = await world.database.watch.query<Parameters<typeof textOf>[0] & { id: string; systemId: string; state: string; stage: number; code: string | null; positions: Person['positions'] | null }>(
      `select c.id, c.kind, c.before, c.after, c.stage, c.state, c.code, c.system_id as "systemId", e.native_id as entitlement,
              coalesce(person.attributes ->> 'employeeId', o.attributes ->> 'employeeId') as person, coalesce(o.positions, person.positions) as positions
         from plan_change c left join entitlement e on e.id = c.entitlement_id left join person on person.id = c.person_id
         left join plan_overlay o on o.plan_id = c.plan_id and o.person_id = c.person_id where c.plan_id = $1 order by c.id`, [plan.id])
    world.contracts.set(plan.id, { hash: plan.hash, changes: new Map(changes.map((c) => [c.id, textOf(c)])) })
    say(world, `plan ${plan.number} (${plan.cause}) is ${plan.state} with ${changes.length} changes, ${plan.hash.slice(0, 8)}${plan.findings.length === 0 ? '' : `, finds ${[...new Set(plan.findings.map((f) => f.code))].join(', ')}`}`)
    for (const name of systemNames) {
      const { disableMax } = world.book.systems[name]
      // People whose end an operator released are not held once more.
      const released = new Set(changes.filter((c) => c.stage === 1 && c.code !== null && c.state !== 'held').map((c) => c.person))
      const going = changes.filter((c) => c.stage === 2 && c.systemId === name && c.kind === 'disable' && ['planned', 'waiting'].includes(c.state) && !released.has(c.person) && plan.cause !== 'leaver'
        // Whom somebody ended by name is not braked.
        && !isEndedByHand(world, c.person, contractOf(c.positions?.[0])))
      const isReleased = await anyRelease(world)
      if (disableMax !== null && going.length > disableMax && !isReleased && !world.isUnsure) {
        violate(world, `plan ${plan.number} lets ${going.length} accounts in ${name} be disabled, where a brake allows ${disableMax}.`)
      }
    }
  }
}

/** Whether somebody ended them by hand, and they have not begun anew since. */
function isEndedByHand(world: World, person: string, contract: Contract | null): boolean {
  return contract !== null && (world.ends.get(person) ?? []).some((at) => at <= world.clock.now && stateOf(contract, at) !== 'before-start')
}

async function anyRelease(world: World): Promise<boolean> {
  return (await world.database.watch.query('select from release limit 1')).rows.length > 0
}

/** Nobody is ended, or otherwise than a row says that was read, but by a proven or released absence. */
async function seePeople(world: World): Promise<void> {
  const { rows: people } = await world.database.watch.query<Person>(
    `select id, attributes ->> 'employeeId' as key, attributes ->> 'givenName' as first, attributes ->> 'surname' as last, state, positions,
            evaluated_at is not null and evaluated_at > changed_at as settled from person order by id`)
  const twice = people.map((p) => p.key).filter((key, i, all) => all.indexOf(key) !== i)
  if (twice.length > 0) violate(world, `there are two people with the key ${twice[0]}.`)
  for (const person of people) {
    const position = person.positions[0]
    const rows = world.sheet.served.flatMap((s) => s.rows.get(person.key) ?? [])
    if (position !== undefined && !rows.some((row) => says(row, person))) {
      const gone = world.sheet.served.some((s) => s.complete && !s.rows.has(person.key))
      const meant = position.missingSince !== undefined && rows.some((row) => says({ ...row, end: position.end ?? '' }, person))
      if (!meant || !gone) violate(world, `${person.key} is not as one of the rows that were read says: ${JSON.stringify(position)}.`)
      else if (!rows.some((row) => row.end === (position.end ?? '')) && !world.releasedPeople.has(person.id) && !world.sheet.served.some((s) => s.proven && s.ends && !s.rows.has(person.key))) {
        violate(world, `${person.key} was ended by a row that vanished, and nobody released that.`)
      }
    }
    if (position !== undefined && position.missingSince === undefined) seeOrder(world, person)
    if (position?.missingSince !== undefined && position.end !== undefined && isTogether(world, person)) {
      violate(world, `${person.key} was ended because most people vanished at once, and nobody released that.`)
    }
    const contract = contractOf(position)
    const lasting = contract === null ? null : standing(world, person.key, contract)
    // A clock that is set back gives nobody back.
    const state = stateOf(lasting, Math.max(world.clock.now, world.clock.latest))
    noteKept(world, person, lasting)
    if (person.state === 'ended' && state !== 'ended') violate(world, `${person.key} counts as ended, and their position lives.`)
    if (person.state !== 'ended') world.endedSince.delete(person.key)
    else {
      if (!world.endedSince.has(person.key)) world.endedSince.set(person.key, world.clock.now)
      for (const one of world.given) if (one.person === person.key && one.over !== 'yes') Object.assign(one, { over: person.settled ? 'yes' : 'maybe', left: true, overAt: world.clock.now })
    }
  }
}

/** When Usher comes to hear of a move nobody can say, so what stays for some days may stay for longer. */
const heardOfDays = 18

function noteKept(world: World, { key, state }: Person, contract: Contract | null): void {
  for (const name of systemNames) {
    if (state === 'ended') world.kept.delete(`${name} ${key}`)
    else for (const { system, group, graceDays } of ruled(world.book, contract, world.clock.now)) {
      if (system !== name || graceDays === undefined) continue
      const kept = world.kept.get(`${name} ${key}`) ?? new Map<string, number>()
      world.kept.set(`${name} ${key}`, kept.set(group, world.clock.now + (graceDays + heardOfDays) * 86_400_000))
    }
  }
}

/** Nobody goes back to what an older read said, once a newer one was believed. */
function seeOrder(world: World, person: Person): void {
  const text = JSON.stringify([person.first, person.last, contractOf(person.positions[0])])
  const before = world.shownBy.get(person.key)
  if (before?.text === text) return
  const read = world.sheet.served.findIndex((s, i) => i >= (before?.read ?? 0) && s.rows.has(person.key) && says(s.rows.get(person.key)!, person))
  if (read < 0) violate(world, `${person.key} went back to what an older staff list said.`)
  else world.shownBy.set(person.key, { text, read })
}

/** Whether most people vanished with this one, a short time ago, and did not come back. */
function isTogether(world: World, { id, key }: Person): boolean {
  const since = world.vanishedTogether.get(key)
  // Whose end is known otherwise is not missed.
  const works = (row: StaffRow): boolean => stateOf(standing(world, row.id, row), world.clock.now) !== 'ended'
  const gone = [...world.vanishedTogether.keys()].filter((one) => works(world.everybody.get(one)!)).length
  if (gone <= world.book.people.maxShrink * (gone + world.sheet.rows.filter(works).length + 1)) return false
  return since !== undefined && world.clock.now - since < 5 * 86_400_000 && !world.releasedPeople.has(id) && world.everybody.get(key)!.end === ''
}

function says(row: StaffRow, person: Person): boolean {
  const contract = contractOf(person.positions[0])!
  return row.first === person.first && row.last === person.last && (['department', 'level', 'start', 'end', 'leaveFrom', 'leaveUntil'] as const).every((name) => row[name] === contract[name])
}

/** What did not succeed, for the history. */
async function seeFailed(world: World): Promise<void> {
  const { rows } = await world.database.watch.query<{ key: string; says: string }>(
    `select c.plan_id || ' ' || c.id || c.state as key, 'plan ' || p.number || ': ' || c.kind || ' ' || c.subject || ' in ' || c.system_id || ' is ' || c.state || ': ' || coalesce(c.code, '') || ' ' || coalesce(c.words, '') as says
       from plan_change c join plan p on p.id = c.plan_id where c.state in ('refused', 'stuck', 'skipped') order by p.number, c.id`)
  for (const { key, says } of rows) {
    if (world.done.has(key)) continue
    world.done.add(key)
    say(world, says)
  }
}

/** What Usher tried to give, or was at when it was killed, may have been given, whatever came back. */
async function seeTried(world: World): Promise<void> {
  const { rows } = await world.database.watch.query<{ system: SystemName; account: string; entitlement: string }>(
    `select c.system_id as system, a.native_id as account, e.native_id as entitlement
       from plan_change c join entitlement e on e.id = c.entitlement_id
       join account a on a.person_id = c.person_id and a.job_id = c.job_id and a.system_id = c.system_id and a.gone_at is null
      where c.kind = 'grant' and c.state <> 'done' and (c.attempts > 0 or exists (select from batch b where c.id = any (b.changes)))`)
  for (const { system, account, entitlement } of rows) world.sent.add(`${system} ${account} ${world.systems[system].records.get(entitlement)?.name}`)
}

/** Done means that the system shows it; where nothing had to be written, that it showed it, perhaps by a mirror that was behind. */
async function seeDone(world: World): Promise<void> {
  const { rows } = await world.database.watch.query<{
    key: string; plan: string; kind: string; systemId: SystemName; subject: string; after: Record<string, unknown> | null
    before: Record<string, unknown> | null; nativeId: string | null; entitlement: string | null; superseded: boolean; code: string | null
  }>(
    `select c.plan_id || ' ' || c.id as key, c.kind, c.system_id as "systemId", c.subject, c.after, c.before, a.native_id as "nativeId", e.native_id as entitlement,
            exists (select from plan_change d where d.plan_id = c.plan_id and d.account_id = c.account_id and d.id <> c.id and d.state = 'done' and d.wave > c.wave) as superseded
       from plan_change c left join account a on a.id = c.account_id left join entitlement e on e.id = c.entitlement_id
      where c.stage = 2 and c.state = 'done' and c.kind not in ('link', 'unlink') and not (c.plan_id || ' ' || c.id) = any($1)`, [[...world.done]])
  for (const row of rows) {
    world.done.add(row.key)
    const system = world.systems[row.systemId]
    const record = row.nativeId === null ? undefined : system.records.get(row.nativeId)
    const holds = row.entitlement !== null && row.nativeId !== null && system.members.get(row.entitlement)?.has(row.nativeId) === true
    const shows = (values: Record<string, unknown>): boolean => Object.entries(values).every(([name, value]) => record?.attributes[name] === value)
    const cleared = (row.before === null ? [] : Object.keys(row.before)).filter((name) => row.after?.[name] === undefined)
    const { enabled: created, ...attributes } = row.after ?? {}
    const ok = row.kind === 'create' ? record !== undefined && (row.superseded || (shows(attributes) && record.enabled === created))
      : row.kind === 'disable' ? record?.enabled === false
      : row.kind === 'enable' ? record?.enabled === true
      : row.kind === 'delete' ? record === undefined
      : row.kind === 'grant' ? holds
      : row.kind === 'revoke' ? !holds
      : row.superseded || (shows(row.after ?? {}) && cleared.every((name) => record?.attributes[name] === undefined))
    // What Usher was about to give and somebody else gave first is Usher's to take away.
    const given = `${row.systemId} ${row.nativeId} ${system.records.get(row.entitlement ?? '')?.name}`
    if (row.kind === 'grant' && world.foreign.has(given)) world.foreign.set(given, 'unclear')
    const isBehind = !world.written.has(row.key) && system.faults.some((f) => f.effect === 'stale' && f.operation === 'lookup' && f.fired > 0)
    if (!ok && !isBehind) violate(world, `${row.kind} ${row.subject} in ${row.systemId} counts as done, and the system does not show it.`)
  }
}

/** What counts as gone is not there. Slow mirrors may tell otherwise for a while. */
async function seeGone(world: World): Promise<void> {
  const { rows } = await world.database.watch.query<{ nativeId: string }>(`select native_id as "nativeId" from account where system_id = 'app' and gone_at is not null`)
  for (const { nativeId } of rows) {
    const record = world.systems.app.records.get(nativeId)
    if (record !== undefined) violate(world, `${record.name} in app counts as gone, and is there.`)
  }
}

function seeOrphans(world: World): void {
  for (const [key, text] of world.orphans) {
    const [name, id] = key.split(' ') as [SystemName, string]
    const record = world.systems[name].records.get(id)
    if (record === undefined || orphanText(world.systems[name], record) !== text) violate(world, `the account ${id} of nobody in ${name} was touched.`)
  }
  for (const name of systemNames) {
    const owners = accountsIn(world.systems[name]).filter((r) => !world.orphans.has(`${name} ${r.id}`) && r.protected !== true).map((r) => r.attributes['personId'])
    const twice = owners.find((owner, i) => owner !== undefined && owners.indexOf(owner) !== i)
    if (twice !== undefined) violate(world, `${String(twice)} has two accounts in ${name}.`)
  }
}

async function seeOpenChanges(world: World): Promise<void> {
  const { rows } = await world.database.watch.query<{ subject: string; kind: string }>(
    `select min(subject) as subject, kind from plan_change where stage = 2 and state in ('waiting', 'again')
      group by system_id, job_id, person_id, kind, entitlement_id having count(*) > 1`)
  if (rows[0] !== undefined) violate(world, `two plans are at ${rows[0].kind} ${rows[0].subject} at once.`)
}

/** The audit log is one chain, and no secret stands anywhere that people or machines read. */
export async function checkAudit(world: World): Promise<void> {
  await sealAudit(world.database.watch, world.keys, new Date(world.clock.now).toISOString())
  const verified = await verifyAudit(world.database.watch, world.keys)
  if (!verified.ok) violate(world, `the audit log does not verify: ${JSON.stringify(verified.problems)}`)
  const secrets = systemNames.flatMap((name) => [...world.systems[name].secrets.values()])
  if (secrets.length === 0) return
  for (const table of ['plan', 'plan_change', 'audit', 'finding', 'account', 'desired_account', 'person', 'reason']) {
    const { rows } = await world.database.watch.query(`select from ${table} t, unnest($1::text[]) as s where strpos(t::text, s) > 0 limit 1`, [secrets])
    if (rows.length > 0) violate(world, `a password stands in the table ${table}.`)
  }
  const { rows } = await world.database.watch.query<{ subject: string }>(
    `select c.plan_id || ' ' || c.id as subject from plan_change c where c.stage = 2 and c.state = 'done' and c.kind <> 'link'
        and not exists (select from audit a where a.action = 'change.' || c.kind || '.done' and a.detail ->> 'plan' = c.plan_id::text and a.detail ->> 'change' = c.id::text) limit 1`)
  if (rows.length > 0) violate(world, `the change ${rows[0]!.subject} was done and is not in the audit log.`)
}
