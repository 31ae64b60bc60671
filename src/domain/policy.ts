/**
 * Policy is everything that administrators decide, as one versioned set. Each edit is a revision.
 * UI and files edit the same model: one YAML file per object (`systems/hr.yaml`, `roles/sales.yaml`) and `settings.yaml`.
 * Objects have an id apart from their name, so that a rename is an edit. Secrets are references, never values.
 */
import { z } from 'zod'
import { brakes, defaultBrakes, defaultPrivilegedBrakes, privilegedBrakes, systemBrakes, type PrivilegedBrakes, type SystemBrakes } from './brake.ts'
import { cellTypes } from './contract.ts'

const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/).meta({
  title: 'Id', description: 'Stable short name: lower-case letters, digits and dashes. Never changes.',
})
const name = z.string().min(1).max(200).meta({ title: 'Name' })
const expression = z.string().min(1).max(4000).meta({ title: 'Expression', description: 'CEL' })
const description = z.string().max(2000).optional().meta({ title: 'Description' })
const timeZone = z.string().refine(isTimeZone, 'not a time zone such as Europe/Berlin').meta({ title: 'Time zone' })

/** How a system's changes are carried out. Listed from the strictest: where system and job differ, the stricter holds. */
export const methods = ['observe', 'approve', 'automatic'] as const
export const method = z.enum(methods).meta({
  title: 'Method',
  description: 'observe: read and plan only. approve: the plan waits for an operator. automatic: applied when no brake holds it.',
})
export type Method = z.infer<typeof method>

/** The stricter of two methods. */
export function stricter(a: Method, b: Method): Method {
  return methods[Math.min(methods.indexOf(a), methods.indexOf(b))]!
}

export const attributeDeclaration = z.strictObject({
  name: z.string().regex(/^[a-z][A-Za-z0-9]*$/),
  title: z.string().optional(),
  type: z.enum(['text', 'number', 'boolean', 'date', 'reference']).default('text'),
  required: z.boolean().default(false),
  unique: z.boolean().default(false).meta({ description: 'No two people share a value, whatever its capitals. What would make them waits, and is a finding.' }),
  sensitive: z.boolean().default(false),
  multiValued: z.boolean().default(false),
  /** For a reference: the person attribute that its value is looked up in. */
  references: z.string().optional(),
}).meta({ title: 'Attribute' })
export type AttributeDeclaration = z.infer<typeof attributeDeclaration>

export const settings = z.strictObject({
  organisation: name.default('My organisation'),
  timeZone: timeZone.default('UTC'),
  attributes: z.array(attributeDeclaration).default([
    { name: 'employeeId', title: 'Employee ID', type: 'text', required: true, unique: true, sensitive: false, multiValued: false },
    { name: 'givenName', title: 'First name', type: 'text', required: false, unique: false, sensitive: false, multiValued: false },
    { name: 'surname', title: 'Last name', type: 'text', required: false, unique: false, sensitive: false, multiValued: false },
    { name: 'displayName', title: 'Name', type: 'text', required: true, unique: false, sensitive: false, multiValued: false },
    { name: 'email', title: 'E-mail', type: 'text', required: false, unique: true, sensitive: false, multiValued: false },
    { name: 'manager', title: 'Manager', type: 'reference', references: 'employeeId', required: false, unique: false, sensitive: false, multiValued: false },
  ]),
  /** Conditions over `position`, in order: the first that some living position meets picks the primary position. */
  primaryPosition: z.array(expression).default([]),
  /** People brakes: share of people that one plan may change. */
  peopleBrakes: brakes.default({ disable: { share: 0.1, count: 5 } }),
  /** Seconds after which a leaver who is not gone everywhere raises an alarm. */
  leaverAlarm: z.number().int().min(1).max(86_400).default(60).meta({
    title: 'Leaver alarm', description: 'Seconds after which a leaver who is not gone everywhere is a finding (LEAVER_OVERDUE)',
  }),
  /** Whether releasing what is held needs two different users, unless a brake says otherwise. */
  secondPerson: z.boolean().default(false).meta({ title: 'Second person', description: 'Two different users must release what a brake holds' }),
}).meta({ title: 'Settings' })
export type Settings = z.infer<typeof settings>

export const system = z.strictObject({
  id, name, description,
  connector: z.string().meta({ description: 'file, ldap, postgresql, postgresql-query' }),
  config: z.record(z.string(), z.unknown()).default({}),
  method: method.default('observe'),
  brakes: systemBrakes.optional(),
  /** What a leaver does in a system (or a job to it) whose method is *approve*: go ahead all the same, or wait. */
  leavers: z.enum(['automatic', 'approve']).default('automatic').meta({
    title: 'Leavers', description: 'Where the method is approve: automatic disables a leaver at once all the same; approve waits for an operator.',
  }),
  /** Ids or names of records that are never touched, besides those that the connector protects. `*` matches any text. */
  protected: z.array(z.string()).default([]),
  drift: z.enum(['put-back', 'report']).optional().meta({
    title: 'Drift', description: 'What an automatic job does about values and memberships that somebody changed in the system: put-back (the default) corrects them, report has them wait in the plan for somebody.',
  }),
  /** Entitlements (by name) whose members are exactly those with a reason: others are removed. */
  authoritative: z.array(z.string()).default([]),
  /** Entitlements by name or id that give great power; `*` matches any text. Granting and revoking them has brakes of its own. */
  privileged: z.array(z.string()).default([]),
  privilegedBrakes: privilegedBrakes.optional(),
  /** What a full read must be like before an absence in it means anything. */
  completeness: z.strictObject({
    maxShrink: z.number().min(0).max(1).default(0.3).meta({ description: 'Largest share of accounts, or of groups, that may be gone since the last complete read' }),
    maxEmptier: z.number().min(0).max(1).default(0.2).meta({ description: 'Largest share of accounts in which an attribute may be missing that was there before' }),
    attributes: z.record(z.string(), z.strictObject({
      maxEmpty: z.number().min(0).max(1).meta({ description: 'Largest share of accounts in which it may be missing' }),
    })).optional().meta({ description: 'What must be readable of accounts, from the first read on, also where no job maps it' }),
    minAccounts: z.number().int().min(0).optional().meta({ description: 'With fewer accounts the read counts as incomplete' }),
  }).optional(),
}).meta({ title: 'System' })
export type System = z.infer<typeof system>

const schedule = z.strictObject({
  cron: z.string().min(9).meta({ description: 'Five fields: minute hour day month weekday' }),
  timeZone: timeZone.optional(),
}).meta({ title: 'Schedule' })

const mapping = z.record(z.string(), expression).meta({
  title: 'Field mapping', description: 'Attribute → CEL. `keep()` leaves what is there, `clear()` removes it, `unique([...])` takes the first free candidate.',
})

const jobCommon = {
  id, name, description,
  source: z.string().meta({ description: 'Id of a system, or `people`' }),
  scope: expression.optional().meta({ description: 'Condition; without it everything is in scope' }),
  schedule: schedule.optional(),
  method: method.default('approve'),
}

/** From a source of rows to people. */
export const peopleJob = z.strictObject({
  ...jobCommon,
  destination: z.literal('people'),
  /** CEL over `row`: the key of the person in this source. */
  key: expression,
  /** CEL over `row`: tells several positions of one person apart. Absent: one row per person. */
  positionKey: expression.optional(),
  /** Person attributes by which a new row is matched with a known person, in order; each entry is a set that must all be equal. */
  match: z.array(z.array(z.string()).min(1)).default([]),
  /** Person attribute → CEL over `row`. */
  mapping,
  /** Position attribute → CEL over `row`. `start`, `end`, `leaveFrom`, `leaveUntil` are dates (end dates inclusive) and decide the state. */
  position: mapping.default({}),
  /** What a read must look like before an absence means anything. */
  completeness: z.strictObject({
    /** Largest share of rows that may vanish between two reads. */
    maxShrink: z.number().min(0).max(1).default(0.1),
    /** Whether a row that vanished ends the position, without asking: only where the read proves that it is whole (a workbook, a trailer). */
    vanishedEnds: z.boolean().default(false),
    maxGrowth: z.number().min(0).optional().meta({ description: 'Largest share by which rows may grow between two reads; 1 (the default): twice as many' }),
    maxEmptier: z.number().min(0).max(1).optional().meta({ description: 'Largest share of rows in which a column may be empty that was filled before; 0.2 unless given' }),
    maxDuplicates: z.number().min(0).max(1).optional().meta({ description: 'Largest share of rows whose key another row has, too; 0.05 unless given' }),
    maxAgeHours: z.number().min(0).optional().meta({ description: 'How old the file may be' }),
    columns: z.record(z.string(), z.strictObject({
      type: z.enum(cellTypes).optional().meta({ description: 'What nine of ten values must be' }),
      maxEmpty: z.number().min(0).max(1).optional().meta({ description: 'Largest share of rows in which it may be empty' }),
    })).optional().meta({ description: 'What single columns must be like, from the first read on' }),
  }).default({ maxShrink: 0.1, vanishedEnds: false }),
}).meta({ title: 'Job to people' })
export type PeopleJob = z.infer<typeof peopleJob>

/** What happens to the account around the person's states. */
export const lifecycle = z.strictObject({
  /** Days before the start on which the account is created, disabled. */
  createDaysBefore: z.number().int().min(0).max(365).default(7),
  onLeave: z.enum(['keep', 'disable']).default('disable'),
  /** Days after the end on which the account is deleted; null: never. */
  deleteAfterDays: z.number().int().min(1).max(3650).nullable().default(null),
}).meta({ title: 'Lifecycle' })
export type Lifecycle = z.infer<typeof lifecycle>

/** From people to accounts of one type in a destination. */
export const accountJob = z.strictObject({
  ...jobCommon,
  source: z.literal('people'),
  destination: z.string().meta({ description: 'Id of a system' }),
  objectType: z.string(),
  /** Destination attributes by which an existing record is recognised as the person's, in order. `name` is the record's name. */
  match: z.array(z.string()).default([]),
  /** Destination attribute → CEL over `person` and `position` (the primary one) and `positions`. */
  mapping,
  lifecycle: lifecycle.default({ createDaysBefore: 7, onLeave: 'disable', deleteAfterDays: null }),
  /** Whether a new account gets a first password, made by Usher and shown once. */
  initialPassword: z.enum(['generate', 'none']).default('generate'),
}).meta({ title: 'Job to a system' })
export type AccountJob = z.infer<typeof accountJob>

export const job = z.union([peopleJob, accountJob])
export type Job = PeopleJob | AccountJob

export const role = z.strictObject({
  id, name, description,
  owner: z.string().optional().meta({ description: 'Who answers for the role: an e-mail address' }),
  grants: z.array(z.strictObject({
    system: z.string(),
    /** Name or native id of the entitlement: a group's DN or common name, a role, `table:sales.orders:SELECT`. */
    entitlement: z.string(),
    graceDays: z.number().int().min(1).max(365).optional().meta({
      description: 'Days for which somebody keeps it after a move, when the rule that gave them the role no longer holds. Whoever leaves keeps nothing.',
    }),
  })).default([]),
  roles: z.array(z.string()).default([]).meta({ description: 'Ids of roles that are contained' }),
}).meta({ title: 'Role' })
export type Role = z.infer<typeof role>

export const rule = z.strictObject({
  id, name, description,
  /** CEL over `person` and `position`; tried for each living position, so "some position meets it". */
  when: expression,
  roles: z.array(z.string()).min(1),
}).meta({ title: 'Rule' })
export type Rule = z.infer<typeof rule>

export const policy = z.strictObject({
  settings,
  systems: z.array(system).default([]),
  jobs: z.array(job).default([]),
  roles: z.array(role).default([]),
  rules: z.array(rule).default([]),
}).meta({ title: 'Policy' })
export type Policy = z.infer<typeof policy>

export const emptyPolicy: Policy = policy.parse({ settings: {} })

/** A policy as it was at one revision. */
export interface Revision {
  revision: number
  policy: Policy
}

export function isPeopleJob(job: Job): job is PeopleJob {
  return job.destination === 'people'
}

export const peopleJobs = (p: Policy): PeopleJob[] => p.jobs.filter(isPeopleJob)
export const accountJobs = (p: Policy): AccountJob[] => p.jobs.filter((j): j is AccountJob => !isPeopleJob(j))

/** The brakes of a system: its own where it says, the defaults elsewhere. */
export function brakesOf(system: Pick<System, 'brakes'>): SystemBrakes {
  return { ...defaultBrakes, ...system.brakes }
}

export function privilegedBrakesOf(system: Pick<System, 'privilegedBrakes'>): PrivilegedBrakes {
  return { ...defaultPrivilegedBrakes, ...system.privilegedBrakes }
}

/** Role id → ids of all roles that it contains, itself included. Cycles are harmless here and reported by the policy check. */
export function roleClosure(roles: Role[]): Map<string, Set<string>> {
  const byId = new Map(roles.map((r) => [r.id, r]))
  const closure = new Map<string, Set<string>>()
  for (const { id } of roles) {
    const seen = new Set<string>()
    const stack = [id]
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      if (seen.has(next)) continue
      seen.add(next)
      stack.push(...(byId.get(next)?.roles ?? []))
    }
    closure.set(id, seen)
  }
  return closure
}

/** Every (role, entitlement) that the policy gives, with contained roles unfolded. */
export function roleGrants(policy: Policy): { roleId: string; systemId: string; entitlement: string; graceDays: number }[] {
  const byId = new Map(policy.roles.map((r) => [r.id, r]))
  return [...roleClosure(policy.roles)].flatMap(([roleId, contained]) =>
    [...contained].flatMap((id) => (byId.get(id)?.grants ?? []).map((g) => ({ roleId, systemId: g.system, entitlement: g.entitlement, graceDays: g.graceDays ?? 0 }))))
}

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}
