/** Setting up, signing in, users and tokens. */
import type { FastifyInstance, FastifyReply } from 'fastify'
import { UsherError } from '../domain/errors.ts'
import { changeUserRow, deleteToken, findUser, findUserByEmail, hasUsers, listTokens, listUsers, otherAdministrators } from '../store/sign-in.ts'
import type { TokenRow, UserRow } from '../store/sign-in.ts'
import { note } from './audit-note.ts'
import { isUserRole, mayPassOn, permissionsOf } from './authorise.ts'
import type { UserRole } from './authorise.ts'
import { session } from './contract/index.ts'
import type { Door } from './door.ts'
import { serve } from './serve.ts'
import type { Call } from './serve.ts'

export function sessionRoutes(app: FastifyInstance, door: Door): void {
  const { auth, context: { pool, now } } = door

  serve(app, session.health, async () => {
    await pool.query('select 1')
    return { ok: true, version: door.version }
  })
  serve(app, session.setupState, async () => ({ open: !await hasUsers(pool) }))
  serve(app, session.setup, async ({ body, request, reply }) => {
    const id = await auth.setUp(body)
    await note(door, id, 'user.created', `user:${id}`, { role: 'administrator', by: 'setup link' })
    sendCookies(reply, await auth.openSession(id, request.headers))
    return { user: await userOf(id) }
  })
  serve(app, session.signInByLink, async ({ query, request, reply }) => {
    const id = await auth.useLink('sign-in', query.token).catch((error: unknown) => {
      if (error instanceof UsherError && request.headers.accept?.includes('text/html')) return null
      throw error
    })
    if (id === null) {
      // Somebody who clicks a used link wants a page, not JSON.
      reply.redirect(await auth.identify(request.headers) === undefined ? '/sign-in?notice=link-used' : '/', 303)
      return ''
    }
    sendCookies(reply, await auth.openSession(id, request.headers))
    await note(door, id, 'user.signed-in', `user:${id}`, { by: 'one-time link' })
    reply.redirect('/', 303)
    return ''
  })
  serve(app, session.setPassword, async ({ body, request, reply }) => {
    const id = await auth.useLink('password', body.token)
    await auth.setPassword(id, body.password)
    await auth.endSessions(id)
    await note(door, id, 'user.password-set', `user:${id}`, { by: 'one-time link' })
    sendCookies(reply, await auth.openSession(id, request.headers))
    return { user: await userOf(id) }
  })

  serve(app, session.signIn, async ({ body, request, reply }) => {
    const user = await findUserByEmail(pool, body.email)
    const subject = user === undefined ? 'user:unknown' : `user:${user.id}`
    try {
      await forward(request, reply, 'E-mail address or password is wrong.')
    } catch (error) {
      // A database that failed has refused nobody.
      if (error instanceof UsherError && error.status < 500) await note(door, 'usher', 'user.sign-in-refused', subject, { address: request.ip })
      throw error
    }
    await note(door, user?.id ?? 'usher', 'user.signed-in', subject, { by: 'password' })
    return {}
  })
  serve(app, session.signOut, async ({ request, reply }) => {
    await forward(request, reply, 'You are not signed in.')
    return {}
  })
  serve(app, session.changePassword, async ({ who, request, reply }) => {
    if (who.token !== undefined) throw new UsherError('NOT_ALLOWED', 'A token cannot change a password. Sign in instead.')
    await forward(request, reply, 'The current password is wrong.')
    await note(door, who.actor, 'user.password-set', `user:${who.userId}`, { by: 'themselves' })
    return {}
  })
  serve(app, session.me, async ({ who }) => ({
    user: await userOf(who.userId), role: who.role, roles: [who.role], permissions: permissionsOf(who.role), token: who.token ?? null,
  }))

  serve(app, session.listUsers, async () => ({ items: (await listUsers(pool)).map(asUser) }))
  serve(app, session.createUser, async ({ body, who }) => {
    const id = await auth.createUser(body)
    await note(door, who.actor, 'user.created', `user:${id}`, { role: body.role })
    return { user: await userOf(id), link: await auth.createPasswordLink(id) }
  })
  serve(app, session.changeUser, async ({ params: { id }, body, who }) => {
    const user = await userOf(id)
    const losesPower = (body.role !== undefined && body.role !== 'administrator') || body.disabled === true
    if (user.role === 'administrator' && losesPower && await otherAdministrators(pool, id) === 0) {
      throw new UsherError('CONFLICT', `${user.name} is the only administrator. Make another one first.`)
    }
    const { newLink, ...change } = body
    await changeUserRow(pool, id, change, now())
    if (body.disabled === true) await auth.endSessions(id)
    await note(door, who.actor, 'user.changed', `user:${id}`, { fields: Object.keys(body), ...(body.role === undefined ? {} : { role: body.role }) })
    return { user: await userOf(id), link: newLink === true ? await auth.createPasswordLink(id) : null }
  })

  serve(app, session.listTokens, async ({ who }) => ({
    items: (await listTokens(pool, who.role === 'administrator' ? null : who.userId)).map(asToken),
  }))
  serve(app, session.createToken, async ({ body, who }) => {
    if (!mayPassOn(who.role, body.role)) {
      throw new UsherError('NOT_ALLOWED', `A token with the role ${body.role} may do things that you, ${who.role}, may not.`)
    }
    const { id, secret } = await auth.createToken({ userId: who.userId, ...body })
    await note(door, who.actor, 'token.created', `token:${id}`, { role: body.role, days: body.expiresInDays })
    const made = (await listTokens(pool, who.userId)).find((t) => t.id === id)
    if (made === undefined) throw new UsherError('CONFLICT', 'The token was removed at once by somebody else.')
    return { token: asToken(made), secret }
  })
  serve(app, session.deleteToken, async ({ params: { id }, who }) => {
    const own = await listTokens(pool, who.role === 'administrator' ? null : who.userId)
    if (!own.some((t) => t.id === id)) throw new UsherError('NOT_FOUND', 'There is no such token of yours.')
    await deleteToken(pool, id)
    await note(door, who.actor, 'token.deleted', `token:${id}`, {})
    return {}
  })

  async function userOf(id: string): Promise<ReturnType<typeof asUser>> {
    const user = await findUser(pool, id)
    if (user === undefined) throw new UsherError('NOT_FOUND', 'There is no such user.')
    return asUser(user)
  }

  /** Lets the sign-in library answer; its refusals become ours. */
  async function forward(request: Call<typeof session.signIn>['request'], reply: FastifyReply, refused: string): Promise<void> {
    const response = await auth.forward(request)
    if (response.ok) return sendCookies(reply, response.headers.getSetCookie())
    if (response.status === 401 || response.status === 400) throw new UsherError('NOT_SIGNED_IN', refused)
    if (response.status === 403) throw new UsherError('NOT_ALLOWED', 'This user is disabled.')
    throw new UsherError('INTERNAL', 'Signing in failed for a reason of its own.', { status: response.status })
  }
}

function sendCookies(reply: FastifyReply, cookies: string[]): void {
  reply.header('set-cookie', cookies)
}

function asUser(row: UserRow): Omit<UserRow, 'role'> & { role: UserRole } {
  return { ...row, role: roleOf(row.role) }
}

function asToken(row: TokenRow): Omit<TokenRow, 'role'> & { role: UserRole } {
  return { ...row, role: roleOf(row.role) }
}

function roleOf(text: string): UserRole {
  if (!isUserRole(text)) throw new UsherError('INTERNAL', `There is no role "${text}".`)
  return text
}
