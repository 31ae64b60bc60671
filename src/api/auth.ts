/** Who calls, and how one signs in. The rest of the API sees only this, never the sign-in library. */
import type { IncomingHttpHeaders } from 'node:http'
import { fromNodeHeaders } from 'better-auth/node'
import { UsherError } from '../domain/errors.ts'
import { connect, transaction } from '../store/database.ts'
import type { Pool } from '../store/database.ts'
import { findUser, hasUsers, makeLink, useLink } from '../store/sign-in.ts'
import type { LinkPurpose } from '../store/sign-in.ts'
import { asking, createAuthLibrary, tokenPrefix } from './auth-library.ts'
import { isUserRole, mayPassOn } from './authorise.ts'
import type { UserRole, Who } from './authorise.ts'

export interface Link { url: string; expiresAt: string }

export interface Caller {
  who: Who
  /** A session that was prolonged sends its cookie anew. */
  cookies: string[]
}

export interface Auth {
  /** Hands a request under `/api/auth` to the sign-in library. */
  forward(request: { method: string; url: string; headers: IncomingHttpHeaders; body: unknown }): Promise<Response>
  identify(headers: IncomingHttpHeaders): Promise<Caller | undefined>
  /** Cookies of a new session. */
  openSession(userId: string, headers: IncomingHttpHeaders): Promise<string[]>
  /** The first administrator, by the one-time link; gives their id. */
  setUp(input: { token: string; name: string; email: string; password: string }): Promise<string>
  createUser(input: { name: string; email: string; role: UserRole; password?: string }): Promise<string>
  setPassword(userId: string, password: string): Promise<void>
  endSessions(userId: string): Promise<void>
  createToken(input: { userId: string; name: string; role: UserRole; expiresInDays: number }): Promise<{ id: string; secret: string }>
  /** Null once there is a user. */
  createSetupLink(): Promise<Link | null>
  createSignInLink(userId: string): Promise<Link>
  createPasswordLink(userId: string): Promise<Link>
  useLink(purpose: 'sign-in' | 'password', token: string): Promise<string>
  close(): Promise<void>
}

export interface AuthOptions {
  /** Usher's own pool. */
  pool: Pool
  /** The same database; the library gets connections of its own, as it wants dates as objects. */
  databaseUrl: string
  /** As people reach Usher: `http://localhost:7070`. */
  baseUrl: string
  /** Signs cookies; at least 32 characters, the same in every process. */
  secret: string
  now(): string
}

export function createAuth(options: AuthOptions): Auth {
  const { pool, baseUrl, now } = options
  const libraryPool = connect(options.databaseUrl, { max: 5, options: '-c search_path=auth -c timezone=UTC', types: undefined })
  const library = createAuthLibrary({ pool: libraryPool, baseUrl, secret: options.secret })

  async function link(purpose: LinkPurpose, userId: string | null, page: string): Promise<Link> {
    const made = now()
    const expiresAt = Temporal.Instant.from(made).add({ hours: 24 }).toString()
    const token = await makeLink(pool, { purpose, userId, now: made, expiresAt })
    return { url: `${baseUrl}${page}?token=${token}`, expiresAt }
  }

  async function createUser(input: { name: string; email: string; role: UserRole; password?: string }): Promise<string> {
    const context = await library.$context
    const email = input.email.toLowerCase()
    if (await context.internalAdapter.findUserByEmail(email)) {
      throw new UsherError('ALREADY_EXISTS', 'There is a user with this e-mail address already.')
    }
    const user = await context.internalAdapter.createUser({ name: input.name, email, emailVerified: true, role: input.role }, { method: 'usher' })
    if (input.password !== undefined) await setPassword(user.id, input.password)
    return user.id
  }

  async function setPassword(userId: string, password: string): Promise<void> {
    const context = await library.$context
    const hash = await context.password.hash(password)
    const accounts = await context.internalAdapter.findAccounts(userId)
    if (accounts.some((a) => a.providerId === 'credential')) await context.internalAdapter.updatePassword(userId, hash)
    else await context.internalAdapter.linkAccount({ userId, providerId: 'credential', accountId: userId, password: hash })
  }

  return {
    createUser, setPassword,
    forward: ({ method, url, headers, body }) => {
      const sent = fromNodeHeaders(headers)
      sent.delete('content-length')
      return asking(() => library.handler(new Request(new URL(url, baseUrl), {
        method, headers: sent, ...(body === undefined || body === null ? {} : { body: JSON.stringify(body) }),
      })))
    },
    async identify(headers) {
      const authorization = headers.authorization
      if (authorization !== undefined) return await byToken(authorization)
      if (!headers.cookie?.includes('usher.session_token=')) return undefined
      const { headers: sent, response } = await asking(() => library.api.getSession({ headers: fromNodeHeaders(headers), returnHeaders: true }))
      if (!response || response.user.disabledAt || !isUserRole(response.user.role)) return undefined
      const { id, name, email, role } = response.user
      return { who: { userId: id, name, email, role, actor: id }, cookies: sent?.getSetCookie() ?? [] }
    },
    async openSession(userId, headers) {
      const response = await library.api.openSession({ body: { userId }, headers: fromNodeHeaders(headers), asResponse: true })
      if (!response.ok) throw new UsherError('NOT_ALLOWED', 'This user cannot sign in; they may be disabled.')
      return response.headers.getSetCookie()
    },
    setUp: ({ token, ...person }) => transaction(pool, async (client) => {
      await client.query(`select pg_advisory_xact_lock(hashtext('usher setup'))`)
      if (await hasUsers(client)) throw new UsherError('NOT_ALLOWED', 'Usher is set up already. Sign in.')
      await useLink(client, 'setup', token, now())
      return await createUser({ ...person, role: 'administrator' })
    }),
    async endSessions(userId) {
      await (await library.$context).internalAdapter.deleteUserSessions(userId)
    },
    async createToken({ userId, name, role, expiresInDays }) {
      const made = await library.api.createApiKey({ body: { userId, name, metadata: { role }, expiresIn: expiresInDays * 86400 } })
      return { id: made.id, secret: made.key }
    },
    async createSetupLink() {
      return await hasUsers(pool) ? null : await link('setup', null, '/setup')
    },
    createSignInLink: (userId) => link('sign-in', userId, '/api/sign-in'),
    createPasswordLink: (userId) => link('password', userId, '/password'),
    async useLink(purpose, token) {
      const userId = await useLink(pool, purpose, token, now())
      if (userId === null) throw new UsherError('NOT_SIGNED_IN', 'This link is for nobody.')
      return userId
    },
    close: () => libraryPool.end(),
  }

  async function byToken(authorization: string): Promise<Caller | undefined> {
    const key = /^Bearer (\S+)$/i.exec(authorization)?.[1]
    if (key === undefined || !key.startsWith(tokenPrefix)) return undefined
    const { valid, key: token } = await asking(() => library.api.verifyApiKey({ body: { key } }))
    if (!valid || token === null) return undefined
    const role = token.metadata?.['role']
    const user = await findUser(pool, token.referenceId)
    // A token never outlives its maker's own rights.
    if (!isUserRole(role) || user === undefined || user.disabled || !isUserRole(user.role) || !mayPassOn(user.role, role)) return undefined
    return {
      who: { userId: user.id, name: token.name ?? user.name, email: user.email, role, actor: `token:${token.id}`, token: token.id },
      cookies: [],
    }
  }
}
