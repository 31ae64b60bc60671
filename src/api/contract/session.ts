/** Signing in, users and tokens. What is under `/api/auth` is answered by the sign-in library. */
import { z } from 'zod'
import { userRoles } from '../authorise.ts'
import { instant, nothing, route } from './route.ts'

const role = z.enum(userRoles)
const password = z.string().min(10, 'must have at least 10 characters').max(128)
const email = z.email().max(254)
const token = z.string().min(20).max(200)

export const user = z.object({
  id: z.string(), name: z.string(), email: z.string(), role,
  createdAt: instant,
  disabled: z.boolean(),
  /** Has a password been set yet? */
  ready: z.boolean(),
}).meta({ id: 'User' })

export const apiToken = z.object({
  id: z.string(), name: z.string(), role,
  /** The first characters, to tell tokens apart. */
  start: z.string().nullable(),
  userId: z.string(),
  createdAt: instant,
  expiresAt: instant.nullable(),
  lastUsedAt: instant.nullable(),
}).meta({ id: 'Token' })

const link = z.object({ url: z.string(), expiresAt: instant })
const byId = z.object({ id: z.string().max(100) })

export const session = {
  health: route({
    method: 'GET', url: '/healthz', permission: 'public', summary: 'Does it serve, and does its database answer?',
    response: z.object({ ok: z.boolean(), version: z.string() }),
  }),
  metrics: route({
    method: 'GET', url: '/metrics', permission: 'metrics:read', summary: 'Prometheus metrics', response: z.string(), contentType: 'text/plain',
  }),
  setupState: route({
    method: 'GET', url: '/api/setup', permission: 'public', summary: 'Is set-up open: is there no user yet?',
    response: z.object({ open: z.boolean() }),
  }),
  setup: route({
    method: 'POST', url: '/api/setup', permission: 'public', summary: 'Create the first administrator with the one-time link; signs in', perMinute: 10,
    body: z.object({ token, name: z.string().min(1).max(200), email, password }),
    response: z.object({ user }),
  }),
  signInByLink: route({
    method: 'GET', url: '/api/sign-in', permission: 'public', summary: 'Sign in with a one-time link, then go to the start page', perMinute: 10,
    query: z.object({ token }), response: z.string(), contentType: 'text/html',
  }),
  setPassword: route({
    method: 'POST', url: '/api/password', permission: 'public', summary: 'Set a password with a one-time link; signs in', perMinute: 10,
    body: z.object({ token, password }), response: z.object({ user }),
  }),
  signIn: route({
    method: 'POST', url: '/api/auth/sign-in/email', permission: 'public', summary: 'Sign in with e-mail and password; sets the session cookie', perMinute: 10,
    body: z.object({ email: z.string().max(254), password: z.string().max(128), rememberMe: z.boolean().optional() }), response: nothing,
  }),
  signOut: route({
    method: 'POST', url: '/api/auth/sign-out', permission: 'public', summary: 'End the session', response: nothing,
  }),
  changePassword: route({
    method: 'POST', url: '/api/auth/change-password', permission: 'self:write', summary: 'Change your own password; other sessions end', perMinute: 10,
    body: z.object({ currentPassword: z.string().max(128), newPassword: password, revokeOtherSessions: z.boolean().default(true) }), response: nothing,
  }),
  me: route({
    method: 'GET', url: '/api/me', permission: 'self:read', summary: 'Who am I, and what may I do?',
    response: z.object({ user, role, roles: z.array(role), permissions: z.array(z.string()), token: z.string().nullable() }),
  }),
  listUsers: route({
    method: 'GET', url: '/api/users', permission: 'users:read', summary: 'Users of Usher', response: z.object({ items: z.array(user) }),
  }),
  createUser: route({
    method: 'POST', url: '/api/users', permission: 'users:write', summary: 'Add a user; the link lets them set their password once',
    body: z.object({ name: z.string().min(1).max(200), email, role }), response: z.object({ user, link }),
  }),
  changeUser: route({
    method: 'PATCH', url: '/api/users/:id', permission: 'users:write', summary: 'Change a user\'s name or role, disable or enable them, or make a new password link',
    params: byId,
    body: z.object({ name: z.string().min(1).max(200).optional(), role: role.optional(), disabled: z.boolean().optional(), newLink: z.boolean().optional() }),
    response: z.object({ user, link: link.nullable() }),
  }),
  listTokens: route({
    method: 'GET', url: '/api/tokens', permission: 'tokens:read', summary: 'API tokens: your own, or everybody\'s for an administrator',
    response: z.object({ items: z.array(apiToken) }),
  }),
  createToken: route({
    method: 'POST', url: '/api/tokens', permission: 'tokens:write', summary: 'Make an API token; it is shown this once',
    body: z.object({ name: z.string().min(1).max(100), role, expiresInDays: z.number().int().min(1).max(730).default(90) }),
    response: z.object({ token: apiToken, secret: z.string() }),
  }),
  deleteToken: route({
    method: 'DELETE', url: '/api/tokens/:id', permission: 'tokens:write', summary: 'Revoke an API token', params: byId, response: nothing,
  }),
}
