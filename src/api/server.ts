/** The HTTP server: everything that the API needs, put together. Whoever serves makes the parts and calls `listen`. */
import path from 'node:path'
import helmet from '@fastify/helmet'
import multipart from '@fastify/multipart'
import statics from '@fastify/static'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import { UsherError } from '../domain/errors.ts'
import type { Door } from './door.ts'
import { sendFailure } from './failure.ts'
import { guard } from './guard.ts'
import type { Limits } from './guard.ts'
import { registerRoutes } from './routes.ts'

export interface ServerOptions extends Door {
  /** The built web UI; absent: the API alone. */
  webFolder?: string
  /** Behind a reverse proxy that sets X-Forwarded-For. */
  trustProxy?: boolean
  limits?: Partial<Limits>
}

export const uploadBytesMax = 200 * 1024 * 1024

export async function buildServer(options: ServerOptions): Promise<FastifyInstance> {
  const { context: { log } } = options
  const app = Fastify({
    logger: false, trustProxy: options.trustProxy ?? false, bodyLimit: 8 * 1024 * 1024,
    exposeHeadRoutes: false, forceCloseConnections: true, genReqId: () => options.context.newId(),
  })
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler((error, request, reply) => sendFailure(log, error, request, reply))
  // Routes by pattern, never addresses: those may hold what is searched for, and one-time tokens.
  app.addHook('onResponse', async (request, reply) => {
    log.info({
      requestId: request.id, method: request.method, route: request.routeOptions.url ?? 'none', status: reply.statusCode,
      ms: Math.round(reply.elapsedTime), actor: request.who?.actor ?? null,
    }, 'request')
  })
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': [`'self'`], 'script-src': [`'self'`], 'style-src': [`'self'`, `'unsafe-inline'`], 'img-src': [`'self'`, 'data:'],
        'font-src': [`'self'`], 'connect-src': [`'self'`], 'object-src': [`'none'`], 'base-uri': [`'none'`], 'form-action': [`'self'`],
        'frame-ancestors': [`'none'`],
      },
    },
    // Only where the connection is encrypted anyway; browsers ignore it elsewhere.
    strictTransportSecurity: { maxAge: 15552000, includeSubDomains: false },
    referrerPolicy: { policy: 'no-referrer' },
  })
  await app.register(multipart, { limits: { files: 1, fileSize: uploadBytesMax, fields: 4 } })
  await guard(app, options.auth, { perAddress: 3000, perUser: 1200, ...options.limits })
  // What the API tells is about people: nothing keeps it.
  app.addHook('onSend', async (request, reply) => {
    if (request.url.startsWith('/api/') && !reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store')
  })
  registerRoutes(app, options)
  await serveWeb(app, options.webFolder)
  return app
}

/** The web UI: files as they are, and its page for every other address that a browser asks for. */
async function serveWeb(app: FastifyInstance, folder: string | undefined): Promise<void> {
  if (folder !== undefined) {
    await app.register(statics, {
      root: path.resolve(folder), serve: false, cacheControl: false,
      setHeaders(response, file) {
        const lasting = path.relative(path.resolve(folder), file).startsWith('assets')
        response.header('cache-control', lasting ? 'public, max-age=31536000, immutable' : 'no-cache')
      },
    })
    app.get<{ Params: { '*': string } }>('/*', { config: { permission: 'public' } }, (request, reply) => {
      const wanted = request.params['*']
      if (wanted.startsWith('api/')) throw nothingHere()
      return reply.sendFile(wanted === '' || !path.basename(wanted).includes('.') ? 'index.html' : wanted)
    })
  }
  app.setNotFoundHandler(() => { throw nothingHere() })
}

function nothingHere(): UsherError {
  return new UsherError('NOT_FOUND', 'There is nothing at this address.')
}
