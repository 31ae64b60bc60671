/** Every write is looked at before it happens: approved, of this plan, about an account that is this person's, and right. */
import type { ConnectorDefinition, SystemChange, Writer } from '../../src/connectors/connector.ts'
import type { MemoryConfig } from '../../src/connectors/memory/memory-config.ts'
import { seePlans } from './checks.ts'
import { seeLinks } from './links.ts'
import { accountOf, groupsOf, stateOf, type Contract } from './model.ts'
import type { SystemName } from './rulebook.ts'
import { fire, isLeft, keptBy, say, standing, violate, type TaskName, type World } from './world.ts'

/** A change that is being carried out, with the person whom it is about. */
interface Running {
  plan: string
  planState: string
  cause: string
  approved: boolean
  planHash: string
  id: string
  kind: string
  subject: string
  before: Record<string, unknown> | null
  after: Record<string, unknown> | null
  entitlement: string | null
  nativeId: string | null
  /** Its account is created at this moment. */
  comes: boolean
  person: string
  positions: StoredPosition[]
}

interface StoredPosition {
  attributes: Record<string, string>
  start?: string
  end?: string
  leaveFrom?: string
  leaveUntil?: string
}

export function contractOf(position: StoredPosition | undefined): Contract | null {
  if (position === undefined) return null
  const { attributes, start = '', end = '', leaveFrom = '', leaveUntil = '' } = position
  return { department: attributes['department'] ?? '', level: attributes['level'] ?? '', start, end, leaveFrom, leaveUntil }
}

export function watchWrites(world: World, task: TaskName | 'operator', definition: ConnectorDefinition<MemoryConfig>): ConnectorDefinition<MemoryConfig> {
  return {
    ...definition,
    openWriter(config, secrets) {
      const name = config.system as SystemName
      const writer = definition.openWriter!(config, secrets)
      return {
        ...writer,
        async apply(change, signal) {
          await judge(world, task, name, change)
          return await carryOut(world, name, change, () => writer.apply(change, signal))
        },
        endSessions: (account, signal) => writer.endSessions!(account, signal),
      } satisfies Writer
    },
  }
}

async function carryOut(world: World, name: SystemName, change: SystemChange, work: () => ReturnType<Writer['apply']>): ReturnType<Writer['apply']> {
  const system = world.systems[name]
  const faults = system.faults.filter((f) => f.operation === change.kind).map((f) => [f, f.fired] as const)
  const writes = system.writes
  if (change.kind === 'grant') world.sent.add(`${name} ${change.id} ${change.entitlement.name}`)
  const outcome = await work()
  for (const [fault, before] of faults) if (fault.fired > before) fire(world, `${fault.effect} in a write`)
  const words = change.kind === 'grant' || change.kind === 'revoke' ? `${change.name} ${change.entitlement.name}` : change.name
  say(world, `Usher: ${change.kind} ${words} in ${name}: ${outcome.outcome}${outcome.outcome === 'failed' ? ` ${outcome.code}` : ''}${system.writes > writes ? '' : ', nothing changed'}`)
  if (change.kind === 'create' && name === 'app' && system.writes > writes) {
    const person = String(change.attributes['personId'])
    if (!world.named.has(person)) world.named.set(person, change.name)
  }
  if (change.kind === 'create' && !change.enabled && system.writes > writes) world.disabledAt.set(`${name} m-${system.nextId - 1}`, world.clock.now)
  if (change.kind === 'disable' && system.writes > writes) world.disabledAt.set(`${name} ${change.id}`, world.clock.now)
  return outcome
}

async function judge(world: World, task: TaskName | 'operator', name: SystemName, change: SystemChange): Promise<void> {
  const what = `${change.kind} ${change.name} in ${name}`
  if (task !== 'apply-plan' && task !== 'leavers') violate(world, `${what}: something was written while a plan was only computed.`)
  if (world.book.systems[name].method === 'observe' && !world.isUnsure) violate(world, `${what}: something was written to a system that is only observed.`)
  const running = await runningChange(world, name, change)
  if (running === undefined) {
    violate(world, `${what}: no approved plan holds this change.`)
    return
  }
  world.written.add(`${running.plan} ${running.id}`)
  if (!running.approved || !['approved', 'applying', 'stopped'].includes(running.planState)) violate(world, `${what}: its plan is ${running.planState} and was not approved.`)
  await seeLinks(world)
  // The lane for leavers plans and carries out in one go; only what can be undone.
  if (running.cause === 'leaver' && !world.contracts.has(running.plan)) await seePlans(world)
  if (running.cause === 'leaver' && change.kind !== 'disable' && change.kind !== 'revoke') violate(world, `${what}: the lane for leavers does only what can be undone.`)
  judgeContract(world, what, name, change, running)
  judgeTarget(world, what, name, change, running)
  judgeReason(world, what, name, change, running)
}

async function runningChange(world: World, name: SystemName, change: SystemChange): Promise<Running | undefined> {
  const { rows } = await world.database.watch.query<Running>(
    `select p.id as plan, p.state as "planState", p.approved_at is not null as approved, p.cause, p.hash as "planHash", c.id, c.kind, c.subject, c.before, c.after,
            e.native_id as entitlement, a.native_id as "nativeId",
            exists (select from plan_change k where k.plan_id = c.plan_id and k.stage = 2 and k.kind = 'create' and exists (select from batch b where b.plan_id = k.plan_id and k.id = any (b.changes)) and k.person_id = c.person_id and k.job_id = c.job_id) as comes, person.attributes ->> 'employeeId' as person, person.positions
       from plan_change c join plan p on p.id = c.plan_id
       left join person on person.id = c.person_id
       left join entitlement e on e.id = c.entitlement_id
       left join account a on a.person_id = c.person_id and a.job_id = c.job_id and a.gone_at is null
      where c.stage = 2 and exists (select from batch b where b.plan_id = c.plan_id and c.id = any (b.changes)) and c.system_id = $1 and c.kind = $2`, [name, change.kind])
  return rows.find((row) => {
    if (change.kind === 'create') return row.subject === change.name && row.after?.['personId'] === change.attributes['personId']
    const isIts = row.nativeId === null ? change.kind === 'grant' && row.comes && row.subject === change.name : row.nativeId === change.id
    if (!isIts) return false
    return change.kind === 'grant' || change.kind === 'revoke' ? row.entitlement === change.entitlement.id : true
  })
}

/** A plan is a contract: what was reviewed is what is carried out. */
function judgeContract(world: World, what: string, name: SystemName, change: SystemChange, running: Running): void {
  const contracted = world.contracts.get(running.plan)
  if (contracted === undefined) violate(world, `${what}: nobody saw this plan before it was carried out.`)
  else if (contracted.hash !== running.planHash || contracted.changes.get(running.id) !== textOf(running)) {
    violate(world, `${what}: the plan or the change is not the one that was approved.`)
  }
  const same = (a: Record<string, unknown>, b: Record<string, unknown> | null): boolean => sorted(a) === sorted(b ?? {})
  if (change.kind === 'create' && !same({ ...change.attributes, enabled: change.enabled }, running.after)) violate(world, `${what}: created with other values than were approved.`)
  if (change.kind !== 'update' && change.kind !== 'rename') return
  if (!same(change.set, running.after)) violate(world, `${what}: other values than were approved.`)
  const shown = world.systems[name].records.get(change.id)?.attributes
  if (world.systems[name].before !== undefined || shown === undefined) return
  const names = Object.keys({ ...running.before, ...running.after })
  const differs = names.filter((attribute) => shown[attribute] !== running.before?.[attribute])
  if (differs.length > 0) violate(world, `${what}: its ${differs.join(' and ')} is by now another than in the plan that was approved.`)
}

const sorted = (values: Record<string, unknown>): string => JSON.stringify(Object.entries(values).toSorted(([a], [b]) => (a < b ? -1 : 1)))

export const textOf = (change: Pick<Running, 'kind' | 'before' | 'after' | 'entitlement' | 'person'>): string =>
  JSON.stringify([change.kind, change.person, change.entitlement, sorted(change.before ?? {}), sorted(change.after ?? {})])

/** Nobody's accounts, protected ones and other people's are never touched; nobody gets two. */
function judgeTarget(world: World, what: string, name: SystemName, change: SystemChange, running: Running): void {
  const system = world.systems[name]
  if (change.kind === 'create') {
    if (isKept(world, name, change.name)) violate(world, `${what}: an account by that name is protected.`)
    const there = [...system.records.values()].find((r) => r.attributes['personId'] === running.person && r.protected !== true && !isKept(world, name, r.name))
    if (there !== undefined && system.before == null && there.name !== change.name) violate(world, `${what}: ${running.person} has an account there already, ${there.name}.`)
    return
  }
  const record = system.records.get(change.id)
  if (record === undefined) return
  if (record.protected === true || isKept(world, name, record.name)) violate(world, `${what}: the account is protected.`)
  if (world.orphans.has(`${name} ${change.id}`)) violate(world, `${what}: the account is nobody's.`)
  if (record.attributes['personId'] !== running.person && change.kind !== 'update') violate(world, `${what}: the account is of ${String(record.attributes['personId'])}, not of ${running.person}.`)
}

const isKept = (world: World, name: SystemName, account: string): boolean => world.book.systems[name].protected.includes(account)

/** What is taken away has no living reason, and what is given has one. */
function judgeReason(world: World, what: string, name: SystemName, change: SystemChange, running: Running): void {
  const listed = contractOf(running.positions?.[0])
  const contract = listed === null ? null : standing(world, running.person, listed)
  const now = world.clock.now
  const wanted = accountOf(world.book, name, contract, now)
  const held = groupsOf(world.book, name, contract, world.given.filter((g) => g.person === running.person), now, keptBy(world, name, running.person))
  // What a plan did was taken back, or somebody decided otherwise.
  if (world.isUnsure || isLeft(world, name, running.person) && change.kind !== 'delete') return
  const because = `${running.person} is ${stateOf(contract, now)}`
  // Who has left is gone, also where the clock was set back behind it since.
  const isGone = stateOf(contract, Math.max(now, world.clock.latest)) === 'ended'
  switch (change.kind) {
    case 'create':
      if (wanted === 'none' || change.enabled !== (wanted === 'enabled')) violate(world, `${what}: the account should be ${wanted}: ${because}.`)
      break
    case 'enable':
      if (wanted !== 'enabled') violate(world, `${what}: the account should be ${wanted}: ${because}.`)
      break
    case 'disable':
      if (wanted === 'enabled' && !isGone) violate(world, `${what}: the account should be enabled: ${because}.`)
      break
    case 'delete': {
      const days = world.book.systems[name].deleteAfterDays
      const since = world.disabledAt.get(`${name} ${change.id}`)
      if (wanted !== 'none') violate(world, `${what}: the account should be ${wanted}: ${because}.`)
      if (days === null || since === undefined || now - since < days * 86_400_000) violate(world, `${what}: the days of grace are not over.`)
      break
    }
    case 'grant':
      if (wanted === 'none' || !held.has(change.entitlement.name)) violate(world, `${what}: nothing gives ${change.entitlement.name} to ${running.person}, who is ${stateOf(contract, now)}.`)
      break
    case 'revoke':
      if (wanted !== 'none' && !isGone && held.get(change.entitlement.name) === 'yes') violate(world, `${what}: a reason for ${change.entitlement.name} lives.`)
      if (world.foreign.get(`${name} ${change.id} ${change.entitlement.name}`) === 'foreign') violate(world, `${what}: ${change.entitlement.name} was given by somebody else.`)
      break
    default:
  }
}
