/** Binds a contract to its handler: what goes in was checked, what comes out is checked. */
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { UsherError } from '../domain/errors.ts'
import type { Who } from './authorise.ts'
import type { RouteContract } from './contract/route.ts'

type Out<S> = S extends z.ZodType ? z.output<S> : undefined

export interface Call<C extends RouteContract> {
  params: Out<C['params']>
  query: Out<C['query']>
  body: Out<C['body']>
  /** Who calls. Nobody, for a public route: asking is a fault. */
  who: Who
  request: FastifyRequest
  reply: FastifyReply
}

type Answer<C extends RouteContract> = C extends { contentType: string } ? string | Readable : Out<C['response']>

declare module 'fastify' {
  interface FastifyContextConfig {
    permission?: RouteContract['permission']
    perMinute?: number
  }
  interface FastifyRequest {
    who: Who | null
  }
}

export function serve<const C extends RouteContract>(
  app: FastifyInstance, contract: C, handler: (call: Call<C>) => Promise<Answer<C>> | Answer<C>,
): void {
  app.route({
    method: contract.method,
    url: contract.url,
    config: { permission: contract.permission, ...(contract.perMinute === undefined ? {} : { perMinute: contract.perMinute }) },
    schema: {
      ...(contract.params === undefined ? {} : { params: contract.params }),
      ...(contract.query === undefined ? {} : { querystring: contract.query }),
      ...(contract.body === undefined ? {} : { body: contract.body }),
      ...(contract.contentType === undefined ? { response: { 200: contract.response } } : {}),
    },
    handler: async (request, reply) => {
      const call: Call<C> = {
        // The validators gave these exactly the contract's types.
        params: request.params as Call<C>['params'], query: request.query as Call<C>['query'], body: request.body as Call<C>['body'],
        request, reply,
        get who(): Who {
          if (request.who === null) throw new UsherError('NOT_SIGNED_IN', 'Sign in first.')
          return request.who
        },
      }
      const answer = await handler(call)
      if (reply.sent) return reply
      if (contract.contentType !== undefined && !reply.hasHeader('content-type')) reply.type(`${contract.contentType}; charset=utf-8`)
      return reply.send(answer)
    },
  })
}
