/** What happens in the company: to its people, to its rules, and to its systems behind Usher's back. */
import type { MemoryRecord } from '../../src/connectors/memory/memory-world.ts'
import { saveRevision } from '../../src/store/policy.ts'
import { transaction } from '../../src/store/database.ts'
import { endPerson, liftPersonEnd } from '../../src/engine/end-person.ts'
import { endReason, grant } from '../../src/engine/grant.ts'
import { stateOf, type Given } from './model.ts'
import { departments, groups, policyOf, systemNames, type Rulebook, type SystemName } from './rulebook.ts'
import type { StaffRow } from './sheet.ts'
import { addOld } from './links.ts'
import { act } from './scheduler.ts'
import { accountsIn, groupId, groupsHeld, orphanText, say, standing, type World } from './world.ts'

const day = 86_400_000
export const dateAt = (world: World, days: number): string => new Date(world.clock.now + days * day).toISOString().slice(0, 10)

const firstNames = ['Ada', 'Bo', 'Cleo', 'Dan']
const lastNames = ['Ek', 'Ford', 'Gray', 'Hart']

/* ------------------------------------------------------------------ people */

export function hire(world: World, startsIn: number): StaffRow {
  const { random } = world
  const row: StaffRow = {
    id: String(world.everybody.size + 1), first: random.pick(firstNames), last: random.pick(lastNames), department: random.pick(departments),
    level: random.chance(0.3) ? 'lead' : 'staff', manager: world.sheet.rows.length > 0 && random.chance(0.5) ? random.pick(world.sheet.rows).id : '',
    start: dateAt(world, startsIn), end: '', leaveFrom: '', leaveUntil: '',
  }
  world.sheet.rows.push(row)
  note(world, row)
  say(world, `${row.id} ${row.first} ${row.last} is hired for ${row.department} (${row.level}) from ${row.start}`)
  return row
}

/** What stands in the staff list, and the names that follow from it. */
function note(world: World, row: StaffRow): void {
  world.everybody.set(row.id, { ...row })
  const names = world.names.get(row.id) ?? new Set()
  world.names.set(row.id, names.add(`${row.first}.${row.last}`.toLowerCase()))
}

export function change(world: World, row: StaffRow, values: Partial<StaffRow>, sentence: string): void {
  Object.assign(row, values)
  // Nobody ends before they began.
  if (row.end !== '' && row.end < row.start) row.end = row.start
  if (row.leaveUntil !== '' && row.leaveUntil < row.leaveFrom) row.leaveUntil = row.leaveFrom
  note(world, row)
  say(world, `${row.id} ${sentence}`)
}

export function peopleEvent(world: World): void {
  const { random, sheet } = world
  const row = random.pick(sheet.rows)
  const state = row === undefined ? 'ended' : stateOf(standing(world, row.id, row), world.clock.now)
  if (row === undefined) return void hire(world, -30)
  switch (random.int(0, 11)) {
    case 0: return void hire(world, random.pick([-400, -1, 0, 2, 5, 9]))
    case 1:
    case 2: return change(world, row, { department: random.pick(departments) }, 'moves to another department')
    case 3: return change(world, row, { level: row.level === 'lead' ? 'staff' : 'lead' }, 'gets another level')
    case 4: if (state === 'active') change(world, row, { last: random.pick(lastNames) }, 'marries'); return
    case 5: return change(world, row, { leaveFrom: dateAt(world, random.int(-2, 1)), leaveUntil: random.chance(0.5) ? '' : dateAt(world, random.int(1, 9)) }, 'goes on leave')
    case 6: if (row.leaveFrom !== '') change(world, row, { leaveUntil: dateAt(world, -1) }, 'is back from leave'); return
    case 7:
    case 8: if (row.end === '') change(world, row, { end: dateAt(world, random.pick([-1, -1, 0, 2])) }, 'gives notice'); return
    case 9: return vanish(world, row)
    case 10: return someoneComesBack(world)
    default: return change(world, row, { manager: random.chance(0.3) ? '' : random.pick(sheet.rows).id }, 'gets another manager')
  }
}

export function vanish(world: World, row: StaffRow): void {
  world.sheet.rows.splice(world.sheet.rows.indexOf(row), 1)
  say(world, `the row of ${row.id} vanishes`)
}

/** Somebody who left, or whose row vanished, is there again; or an end is taken back. */
function someoneComesBack(world: World): void {
  const { random, sheet } = world
  const gone = [...world.everybody.values()].filter((p) => stateOf(standing(world, p.id, p), world.clock.now) === 'ended' || p.end !== '' || !sheet.rows.some((r) => r.id === p.id))
  if (gone.length === 0) return
  const who = random.pick(gone)
  comeBack(world, who, random.chance(0.5) ? {} : { start: dateAt(world, random.int(-1, 3)) })
}

export function comeBack(world: World, who: StaffRow, values: Partial<StaffRow>): void {
  const { sheet } = world
  const row = sheet.rows.find((r) => r.id === who.id) ?? { ...who }
  if (!sheet.rows.includes(row)) sheet.rows.push(row)
  world.vanishedTogether.delete(row.id)
  change(world, row, { end: '', leaveFrom: '', leaveUntil: '', ...values }, 'comes back')
}

/* ------------------------------------------------------------------ rules */

export async function saveRules(world: World, edit: (book: Rulebook) => void, sentence: string): Promise<void> {
  const book = structuredClone(world.book)
  edit(book)
  if (JSON.stringify(book) === JSON.stringify(world.book)) return
  const saved = await act(world, async (context) => {
    await transaction(context.pool, (client) => saveRevision(client, { base: book.revision, document: policyOf(book), actor: 'ada', message: '', now: context.now() }))
  })
  if (!saved) return
  book.revision += 1
  Object.assign(world.book, book)
  say(world, `the rules change: ${sentence}`)
}

export async function rulesEvent(world: World): Promise<void> {
  const { random } = world
  const system = random.pick(systemNames)
  switch (random.int(0, 9)) {
    case 0: {
      const rule = random.pick(world.book.rules)
      return await saveRules(world, (b) => { b.rules.find((r) => r.id === rule.id)!.role = random.pick(b.roles).id }, `rule ${rule.id} gives another role`)
    }
    case 1: {
      const [role, group] = [random.pick(world.book.roles).id, random.pick(groups[system])]
      return await saveRules(world, (b) => {
        const { grants } = b.roles.find((r) => r.id === role)!
        const at = grants.findIndex((g) => g.system === system && g.group === group)
        if (at < 0) grants.push({ system, group })
        else grants.splice(at, 1)
      }, `role ${role} and ${group} of ${system} come together or part`)
    }
    case 2: {
      const department = random.pick(departments)
      return await saveRules(world, (b) => {
        const { without } = b.systems[system]
        b.systems[system].without = without.includes(department) ? without.filter((d) => d !== department) : [...without, department]
      }, `${department} and ${system}`)
    }
    case 3: return await saveRules(world, (b) => { b.systems[system].onLeave = b.systems[system].onLeave === 'keep' ? 'disable' : 'keep' }, `leave in ${system}`)
    case 4: return await saveRules(world, (b) => { b.systems[system].title = random.pick(['', 'Dr ', 'CRM ']) }, `display names in ${system}`)
    case 5: return await saveRules(world, (b) => { b.systems[system].method = random.pick(['approve', 'automatic', 'automatic', 'observe']) }, `method of ${system}`)
    case 6: return await saveRules(world, (b) => { b.systems[system].disableMax = random.pick([null, 1, 2]) }, `the brake of ${system}`)
    case 7: return await saveRules(world, (b) => { b.systems[system].drift = random.pick(['put-back', 'report']) }, `drift in ${system}`)
    case 8: {
      const role = random.pick(world.book.roles).id
      const days = random.pick([null, 2])
      return await saveRules(world, (b) => setGrace(b, role, days), `how long role ${role} lasts after a move`)
    }
    default: return await saveRules(world, (b) => {
      b.people = { ...b.people, method: random.pick(['approve', 'automatic', 'automatic']), endMax: random.pick([null, 1]) }
    }, 'how people are imported')
  }
}

/** What a role gives stays for so many days after a move. */
export function setGrace(book: Rulebook, role: string, days: number | null): void {
  for (const grant of book.roles.find((r) => r.id === role)!.grants) {
    if (days === null) delete grant.graceDays
    else grant.graceDays = days
  }
}

/* ------------------------------------------------------------------ by hand */

export async function grantEvent(world: World): Promise<void> {
  const { random } = world
  const living = world.given.filter((g) => g.kind === 'by hand' && g.over === 'no' && (g.until === null || g.until > world.clock.now))
  const again = living.length > 0 && random.chance(0.4) ? random.pick(living) : null
  if (again !== null && random.chance(0.4)) return await endGiven(world, again)
  const system = random.pick(systemNames)
  // Extending is giving once more: the two overlap.
  const what: Gift = again !== null ? { role: again.role, system: again.system, group: again.group }
    : random.chance(0.5) ? { role: random.pick(world.book.roles).id } : { system, group: random.pick(groups[system]) }
  const whom = again?.person ?? random.pick([...world.everybody.keys()])
  await give(world, whom, what, random.chance(0.3) ? null : world.clock.now + random.pick([60_000, 3_600_000, 2 * day, 9 * day]))
}

/** A role, or a group of a system. */
type Gift = { role?: string | undefined; system?: SystemName | undefined; group?: string | undefined }

/** To somebody whom Usher knows, and who has not ended. */
export async function give(world: World, person: string, { role, system, group }: Gift, until: number | null): Promise<void> {
  const { rows: [found] } = await world.database.watch.query<{ person: string; entitlement: string | null }>(
    `select p.id as person, e.id as entitlement from person p left join entitlement e on e.system_id = $2 and e.name = $3 and e.gone_at is null
      where p.attributes ->> 'employeeId' = $1 and p.state <> 'ended'`, [person, system ?? null, group ?? null])
  if (found === undefined || (role === undefined && found.entitlement === null)) return
  let reasonId = ''
  const given = await act(world, async (context) => {
    ;({ reasonId } = await grant(context, {
      personId: found.person, ...(until === null ? {} : { until: new Date(until).toISOString() }), ...(role === undefined ? { entitlementId: found.entitlement! } : { roleId: role }),
    }, 'ada'))
  })
  if (!given) return
  world.given.push({ person, kind: 'by hand', until, over: 'no', reasonId, ...(role === undefined ? { system: system!, group: group! } : { role }) })
  say(world, `Ada gives ${person} ${role ?? `${group} of ${system}`}${until === null ? '' : ` until ${new Date(until).toISOString()}`}`)
}

export async function endGiven(world: World, one: Given): Promise<void> {
  if (!await act(world, async (context) => { await endReason(context, one.reasonId!, 'ada') })) return
  // For good, also where the clock is set back.
  one.over = 'yes'
  say(world, `Ada ends what she gave to ${one.person}: ${one.role ?? one.group}`)
}

/** Somebody is ended by hand, now or at an instant, whatever the staff list says; or that is taken back. */
export async function endEvent(world: World): Promise<void> {
  const { random } = world
  const ended = [...world.ends].filter(([, at]) => at.length > 0).map(([person]) => person)
  if (ended.length > 0 && random.chance(0.5)) return await liftEnd(world, random.pick(ended))
  await endByHand(world, random.pick([...world.everybody.keys()]), random.chance(0.7) ? null : world.clock.now + day)
}

export async function endByHand(world: World, person: string, at: number | null): Promise<void> {
  const personId = await personOf(world, person)
  if (personId === undefined) return
  let effectiveAt = ''
  const done = await act(world, async (context) => {
    ;({ effectiveAt } = await endPerson(context, { personId, ...(at === null ? {} : { at: new Date(at).toISOString() }) }, 'ada'))
  })
  if (!done) return
  // One that is still to come gives way.
  const standing = (world.ends.get(person) ?? []).filter((end) => end <= world.clock.now)
  world.ends.set(person, [...standing, Date.parse(effectiveAt)].toSorted((a, b) => a - b))
  say(world, `Ada ends ${person} at ${effectiveAt}`)
}

export async function liftEnd(world: World, person: string): Promise<void> {
  const personId = await personOf(world, person)
  if (personId === undefined || !await act(world, async (context) => { await liftPersonEnd(context, personId, 'ada') })) return
  world.ends.set(person, world.ends.get(person)!.slice(0, -1))
  // What leaving cut comes back, as far as the end that is taken back cut it.
  for (const one of world.given) if (one.person === person && one.left === true) one.over = 'maybe'
  say(world, `Ada takes back that ${person} ended`)
}

async function personOf(world: World, person: string): Promise<string | undefined> {
  const { rows } = await world.database.watch.query<{ id: string }>(`select id from person where attributes ->> 'employeeId' = $1`, [person])
  return rows[0]?.id
}

/** Somebody makes an account in the app by the name that somebody else is about to get. */
export function strangerEvent(world: World): void {
  const row = world.random.pick([...world.everybody.values()])
  strangerTakes(world, `${row.first}.${row.last}`.toLowerCase())
}

export function strangerTakes(world: World, name: string): void {
  if (accountsIn(world.systems.app).some((r) => r.name === name)) return
  addOld(world, 'app', { name, groups: [] })
  say(world, `somebody makes an account ${name} in the app for nobody`)
}

/** Somebody changes something in a system, past Usher. */
export function handEvent(world: World): void {
  const { random } = world
  const name = random.pick(systemNames)
  const system = world.systems[name]
  const accounts = accountsIn(system).filter((r) => r.protected !== true)
  if (accounts.length === 0) return
  const record = random.pick(accounts)
  const orphan = `${name} ${record.id}`
  const held = groupsHeld(system, record.id)
  const group = random.pick(groups[name])
  switch (random.int(0, 6)) {
    case 0:
      record.attributes['displayName'] = 'Somebody Else'
      say(world, `somebody gives ${record.name} in ${name} another display name`)
      break
    case 1:
    case 2:
      if (held.includes(group) || world.foreign.has(`${orphan} ${group}`)) return
      putInto(world, name, record, group)
      break
    case 3:
      if (held.length === 0) return
      system.members.get(groupId(system, held[0]!))!.delete(record.id)
      if (world.foreign.has(`${orphan} ${held[0]}`)) world.foreign.set(`${orphan} ${held[0]}`, 'unclear')
      say(world, `somebody takes ${record.name} out of ${held[0]} of ${name}`)
      break
    case 4:
      record.enabled = !record.enabled
      if (!record.enabled) world.disabledAt.set(orphan, world.clock.now)
      say(world, `somebody ${record.enabled ? 'enables' : 'disables'} ${record.name} in ${name}`)
      break
    case 5:
      if (world.orphans.has(orphan) || random.chance(0.5)) return
      removeAccount(world, name, record.id)
      say(world, `somebody deletes ${record.name} in ${name}`)
      break
    default:
      if (world.orphans.has(orphan) || accounts.some((a) => a.name === `${record.name}-x`)) return
      record.name = record.attributes['name'] = `${record.name}-x`
      say(world, `somebody renames an account in ${name} to ${record.name}`)
  }
  if (world.orphans.has(orphan)) world.orphans.set(orphan, orphanText(system, record))
}

export function putInto(world: World, name: SystemName, record: MemoryRecord, group: string): void {
  const system = world.systems[name]
  system.members.set(groupId(system, group), (system.members.get(groupId(system, group)) ?? new Set()).add(record.id))
  // What Usher gave, somebody took away and somebody gave again may pass for Usher's.
  const key = `${name} ${record.id} ${group}`
  world.foreign.set(key, world.sent.has(key) ? 'unclear' : 'foreign')
  say(world, `somebody puts ${record.name} into ${group} of ${name}`)
}

export function removeAccount(world: World, name: SystemName, id: string): void {
  const system = world.systems[name]
  system.records.delete(id)
  for (const members of system.members.values()) members.delete(id)
  for (const key of [...world.foreign.keys()]) if (key.startsWith(`${name} ${id} `)) world.foreign.delete(key)
}
