/** Who may do what: the one place. A route names its permission; what is not listed here nobody may do. */
import { UsherError } from '../domain/errors.ts'

export const userRoles = ['administrator', 'operator', 'helpdesk', 'auditor'] as const
export type UserRole = (typeof userRoles)[number]

const everybody: readonly UserRole[] = userRoles
const readers: readonly UserRole[] = ['administrator', 'operator', 'auditor']
const operators: readonly UserRole[] = ['administrator', 'operator']
const helpers: readonly UserRole[] = ['administrator', 'operator', 'helpdesk']
const administrators: readonly UserRole[] = ['administrator']

/** Permission → the roles that have it. */
export const permissions = {
  'self:read': everybody,
  'self:write': everybody,
  'overview:read': everybody,
  'people:read': everybody,
  'people:export': readers,
  'people:grant': operators,
  'people:end': operators,
  'people:plan': helpers,
  'people:password': helpers,
  'systems:read': everybody,
  'systems:check': operators,
  'systems:draft': administrators,
  'uploads:write': operators,
  'jobs:read': everybody,
  'jobs:preview': helpers,
  'jobs:run': operators,
  'records:read': readers,
  'policy:read': readers,
  'policy:write': administrators,
  'plans:read': everybody,
  'plans:export': readers,
  'plans:write': operators,
  'plans:retry': helpers,
  'drift:read': everybody,
  'drift:export': readers,
  'drift:settle': operators,
  'cases:read': readers,
  'cases:decide': operators,
  'findings:read': everybody,
  'secrets:read': ['administrator', 'auditor'],
  'secrets:write': administrators,
  'audit:read': ['administrator', 'auditor'],
  'users:read': ['administrator', 'auditor'],
  'users:write': administrators,
  'tokens:read': everybody,
  'tokens:write': everybody,
  'metrics:read': ['administrator', 'operator', 'auditor'],
} as const satisfies Record<string, readonly UserRole[]>

export type Permission = keyof typeof permissions

/** Who calls: a user in a browser, or a token that acts for one with a role of its own. */
export interface Who {
  userId: string
  name: string
  email: string
  role: UserRole
  /** As it stands in the audit log: the user's id or `token:<id>`. */
  actor: string
  token?: string
}

export function isUserRole(text: unknown): text is UserRole {
  return typeof text === 'string' && (userRoles as readonly string[]).includes(text)
}

export function mayDo(role: UserRole, permission: Permission): boolean {
  return (permissions[permission] as readonly UserRole[]).includes(role)
}

export function permissionsOf(role: UserRole): Permission[] {
  return (Object.keys(permissions) as Permission[]).filter((permission) => mayDo(role, permission))
}

export function authorise(who: Pick<Who, 'role'>, permission: Permission): void {
  if (mayDo(who.role, permission)) return
  const needed = permissions[permission].join(' or ')
  throw new UsherError('NOT_ALLOWED', `This needs the role ${needed}; you are ${who.role}.`, { permission, roles: [...permissions[permission]] })
}

/** A token may do at most what its maker may: each permission of its role must be the maker's, too. */
export function mayPassOn(own: UserRole, given: UserRole): boolean {
  return permissionsOf(given).every((permission) => mayDo(own, permission))
}
