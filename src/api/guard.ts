/** Everything that stands before a handler: limits, whence the call comes, who it is, whether they may. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import rateLimit from '@fastify/rate-limit'
import { UsherError } from '../domain/errors.ts'
import type { Auth } from './auth.ts'
import { authorise } from './authorise.ts'

export interface Limits {
  /** Calls in a minute from one address. */
  perAddress: number
  /** Calls in a minute by one user or token. */
  perUser: number
}

export async function guard(app: FastifyInstance, auth: Auth, limits: Limits): Promise<void> {
  await app.register(rateLimit, { global: false })
  const timeWindow = 60_000
  const byAddress = app.createRateLimit({ max: limits.perAddress, timeWindow, keyGenerator: (request) => request.ip })
  const byUser = app.createRateLimit({ max: limits.perUser, timeWindow, keyGenerator: (request) => request.who?.actor ?? request.ip })
  const byRoute = app.createRateLimit({
    max: (request) => request.routeOptions.config.perMinute ?? limits.perAddress, timeWindow,
    keyGenerator: (request) => `${request.ip} ${request.routeOptions.url}`,
  })

  // A route that forgot its permission keeps the server from starting.
  app.addHook('onRoute', (route) => {
    if (route.config?.permission === undefined) throw new UsherError('INTERNAL', `The route ${String(route.method)} ${route.url} has no permission.`)
  })
  app.decorateRequest('who', null)
  app.addHook('onRequest', async (request, reply) => {
    refuseTooMany(await byAddress(request))
    if (request.is404) return
    const { permission, perMinute } = request.routeOptions.config
    if (perMinute !== undefined) refuseTooMany(await byRoute(request))
    refuseForeignOrigin(request)
    if (permission === 'public') return
    // A route without a permission is nobody's.
    if (permission === undefined) throw new UsherError('NOT_ALLOWED', 'This route has no permission, so nobody may use it.')
    const caller = await auth.identify(request.headers)
    if (caller === undefined) {
      throw new UsherError('NOT_SIGNED_IN', request.headers.authorization === undefined
        ? 'You are not signed in.' : 'The API token is not valid: it was revoked, has expired, or its user lost the role.')
    }
    request.who = caller.who
    if (caller.cookies.length > 0) reply.header('set-cookie', caller.cookies)
    refuseTooMany(await byUser(request))
    authorise(caller.who, permission)
  })
}

/**
 * A browser sends the session cookie along with whatever another site makes it send. So a call that changes something
 * must come from our own pages, which browsers state and pages cannot forge. A call with an API token carries no cookie.
 */
function refuseForeignOrigin(request: FastifyRequest): void {
  if (['GET', 'HEAD', 'OPTIONS'].includes(request.method) || request.headers.authorization !== undefined) return
  const site = request.headers['sec-fetch-site']
  const origin = request.headers.origin
  const own = site !== undefined ? site === 'same-origin'
    : origin !== undefined ? hostOf(origin) === request.headers.host
      : request.headers.cookie === undefined
  if (own) return
  throw new UsherError('NOT_ALLOWED', 'This call comes from another site than Usher\'s own pages. Use an API token for programs.')
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host
  } catch {
    return undefined
  }
}

function refuseTooMany(limit: { isAllowed: true } | { isAllowed: false; isExceeded: boolean; ttlInSeconds: number }): void {
  if (limit.isAllowed || !limit.isExceeded) return
  throw new UsherError('TOO_MANY_REQUESTS', `Too many requests. Try again in ${limit.ttlInSeconds} s.`, { retryAfterSeconds: limit.ttlInSeconds })
}
