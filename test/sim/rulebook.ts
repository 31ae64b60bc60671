/** What the administrators of the simulated company decided: the model reads this, the engine the policy that is made of it. */
import { policy as policySchema, type Policy } from '../../src/domain/policy.ts'

export type SystemName = 'app' | 'crm'
export const systemNames: SystemName[] = ['app', 'crm']
export const departments = ['Sales', 'Data', 'Board']

export interface Rulebook {
  revision: number
  /** Rule id → whom it holds for and the role that it gives. */
  rules: { id: string; department?: string; level?: string; role: string }[]
  roles: { id: string; grants: { system: SystemName; group: string; graceDays?: number }[]; contains: string[] }[]
  systems: Record<SystemName, {
    method: 'observe' | 'approve' | 'automatic'
    /** Departments whose people have no account there. */
    without: string[]
    onLeave: 'keep' | 'disable'
    createDaysBefore: number
    deleteAfterDays: number | null
    /** What stands before the display name. */
    title: string
    protected: string[]
    disableMax: number | null
    /** What to do about what somebody changed there past Usher. */
    drift: 'put-back' | 'report'
  }>
  people: { method: 'approve' | 'automatic'; vanishedEnds: boolean; maxShrink: number; endMax: number | null }
}

export const groups: Record<SystemName, string[]> = { app: ['sellers', 'analysts', 'vpn', 'admins'], crm: ['crm-users', 'crm-leads'] }
/** How long the mirrors of the CRM may be behind. */
export const settleMs: Record<SystemName, number> = { app: 0, crm: 20_000 }

export const firstRulebook: Rulebook = {
  revision: 0,
  rules: [
    { id: 'sales', department: 'Sales', role: 'seller' },
    { id: 'data', department: 'Data', role: 'analyst' },
    { id: 'leads', level: 'lead', role: 'lead' },
  ],
  roles: [
    { id: 'seller', grants: [{ system: 'app', group: 'sellers' }, { system: 'crm', group: 'crm-users' }], contains: [] },
    { id: 'analyst', grants: [{ system: 'app', group: 'analysts' }], contains: [] },
    { id: 'lead', grants: [{ system: 'crm', group: 'crm-leads' }], contains: ['analyst'] },
    { id: 'remote', grants: [{ system: 'app', group: 'vpn' }], contains: [] },
  ],
  systems: {
    app: { method: 'automatic', without: [], onLeave: 'disable', createDaysBefore: 7, deleteAfterDays: 20, title: '', protected: [], disableMax: null, drift: 'put-back' },
    crm: { method: 'automatic', without: ['Board'], onLeave: 'keep', createDaysBefore: 3, deleteAfterDays: null, title: 'CRM ', protected: [], disableMax: null, drift: 'put-back' },
  },
  people: { method: 'automatic', vanishedEnds: false, maxShrink: 0.4, endMax: null },
}

export function policyOf(book: Rulebook): Policy {
  const names = 'lower(person.givenName) + "." + lower(person.surname)'
  return policySchema.parse({
    settings: {
      timeZone: 'UTC', ...(book.people.endMax === null ? { peopleBrakes: {} } : { peopleBrakes: { disable: { count: book.people.endMax } } }),
    },
    systems: [
      { id: 'hr', name: 'HR', connector: 'sheet', config: {} },
      ...systemNames.map((id) => {
        const { method, protected: kept, disableMax, drift } = book.systems[id]
        const none = { share: 1, count: 1000 }
        return {
          id, name: id.toUpperCase(), connector: 'memory', config: { system: id, pageSize: 5, settleMs: settleMs[id] }, method, protected: kept, drift,
          brakes: { disable: disableMax === null ? none : { count: disableMax }, revoke: none, delete: none, rename: none },
        }
      }),
    ],
    jobs: [
      {
        id: 'people', name: 'Staff list', source: 'hr', destination: 'people', method: book.people.method, key: 'row["id"]',
        mapping: {
          employeeId: 'row["id"]', givenName: 'row["first"]', surname: 'row["last"]',
          displayName: 'row["first"] + " " + row["last"]', manager: 'row["manager"]',
        },
        position: {
          department: 'row["department"]', level: 'row["level"]',
          start: 'row["start"]', end: 'row["end"]', leaveFrom: 'row["leaveFrom"]', leaveUntil: 'row["leaveUntil"]',
        },
        completeness: { maxShrink: book.people.maxShrink, vanishedEnds: book.people.vanishedEnds },
      },
      ...systemNames.map((id) => {
        const { without, onLeave, createDaysBefore, deleteAfterDays, title } = book.systems[id]
        return {
          id: `${id}-users`, name: `Users of ${id}`, source: 'people', destination: id, objectType: 'user', method: 'automatic', match: ['personId'],
          ...(without.length === 0 ? {} : { scope: without.map((d) => `position.department != "${d}"`).join(' && ') }),
          mapping: {
            name: id === 'app' ? `unique([${names}, ${names} + "{n}"])` : `lower(person.surname) + "-" + person.employeeId`,
            displayName: `"${title}" + person.displayName`, personId: 'person.employeeId', manager: 'person.manager',
          },
          lifecycle: { createDaysBefore, onLeave, deleteAfterDays },
        }
      }),
    ],
    roles: book.roles.map((role) => ({ id: role.id, name: role.id, grants: role.grants.map(({ group, ...g }) => ({ ...g, entitlement: group })), roles: role.contains })),
    rules: book.rules.map((rule) => ({
      id: rule.id, name: rule.id, roles: [rule.role],
      when: rule.department !== undefined ? `position.department == "${rule.department}"` : `position.level == "${rule.level}"`,
    })),
  })
}
