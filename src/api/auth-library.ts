/** The sign-in library, set up for Usher: passwords, sessions in cookies, API tokens. Nothing of it is reachable but what `auth.ts` offers. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { apiKey } from '@better-auth/api-key'
import { betterAuth } from 'better-auth'
import { APIError, createAuthEndpoint } from 'better-auth/api'
import { setSessionCookie } from 'better-auth/cookies'
import type pg from 'pg'
import { z } from 'zod'
import type { UsherError } from '../domain/errors.ts'
import { databaseFault } from '../store/database.ts'

/** What the database failed with while the library was asked something, by each asking. */
const askings = new AsyncLocalStorage<{ fault?: UsherError | undefined }>()

function noteFault(details: unknown[]): void {
  const asking = askings.getStore()
  if (asking !== undefined) asking.fault ??= details.map(databaseFault).find((fault) => fault !== undefined)
}

/** Asks the library something. Where the database failed it says so, and not, as the library does, that a token is wrong. */
export async function asking<T>(ask: () => Promise<T>): Promise<T> {
  const asked: { fault?: UsherError } = {}
  return await askings.run(asked, async () => {
    const [answer] = await Promise.allSettled([ask()])
    if (asked.fault !== undefined) throw asked.fault
    if (answer.status === 'rejected') throw answer.reason
    return answer.value
  })
}

export const tokenPrefix = 'usher_'
const hours = 3600

export function createAuthLibrary(options: { pool: pg.Pool; baseUrl: string; secret: string }) {
  return betterAuth({
    database: options.pool,
    baseURL: options.baseUrl,
    basePath: '/api/auth',
    secret: options.secret,
    telemetry: { enabled: false },
    // Nothing is written to a log: it would quote what was sent.
    logger: { level: 'error', log: (_level, _message, ...details) => noteFault(details) },
    onAPIError: { throw: true },
    // The server limits calls and refuses foreign origins before a request comes here.
    rateLimit: { enabled: false },
    advanced: {
      cookiePrefix: 'usher',
      useSecureCookies: options.baseUrl.startsWith('https:'),
      disableCSRFCheck: true,
      defaultCookieAttributes: { sameSite: 'strict', httpOnly: true },
    },
    session: { expiresIn: 12 * hours, updateAge: hours },
    emailAndPassword: { enabled: true, disableSignUp: true, minPasswordLength: 10, maxPasswordLength: 128, revokeSessionsOnPasswordReset: true },
    user: {
      additionalFields: {
        role: { type: 'string', required: true, input: false },
        disabledAt: { type: 'date', required: false, input: false },
      },
    },
    databaseHooks: {
      session: {
        create: {
          async before(session, context) {
            const user = await context?.context.internalAdapter.findUserById(session.userId)
            if (user && 'disabledAt' in user && user.disabledAt) throw new APIError('FORBIDDEN', { message: 'This user is disabled.' })
          },
        },
      },
    },
    plugins: [
      apiKey({
        defaultPrefix: tokenPrefix,
        enableMetadata: true,
        requireName: true,
        maximumNameLength: 100,
        rateLimit: { enabled: false },
        startingCharactersConfig: { shouldStore: true, charactersLength: 12 },
        keyExpiration: { minExpiresIn: 1, maxExpiresIn: 730 },
      }),
      oneTimeSignIn,
    ],
  })
}

/** Opens a session for a user whom a one-time link names. It has no path: only the server itself can call it. */
const oneTimeSignIn = {
  id: 'one-time-sign-in',
  endpoints: {
    openSession: createAuthEndpoint(
      { method: 'POST', body: z.object({ userId: z.string() }) },
      async (context) => {
        const user = await context.context.internalAdapter.findUserById(context.body.userId)
        if (!user) throw new APIError('NOT_FOUND', { message: 'There is no such user.' })
        const session = await context.context.internalAdapter.createSession(user.id)
        await setSessionCookie(context, { session, user })
        return context.json({ ok: true })
      },
    ),
  },
}

export type AuthLibrary = ReturnType<typeof createAuthLibrary>
