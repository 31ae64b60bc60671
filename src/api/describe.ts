/** The API description, made from the contracts alone: no handler, no database. */
import swagger from '@fastify/swagger'
import Fastify from 'fastify'
import { jsonSchemaTransform, jsonSchemaTransformObject, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import { contracts } from './contract/index.ts'
import { errorBody } from './contract/route.ts'
import type { RouteContract } from './contract/route.ts'

/** An OpenAPI 3.1 document. */
export async function describeApi(version: string): Promise<object> {
  const app = Fastify()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Usher', version, description: 'Provisions user accounts. Every error has the shape of `Error`; its code is the promise.' },
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer' },
          session: { type: 'apiKey', in: 'cookie', name: 'usher.session_token' },
        },
      },
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  })
  for (const contract of contracts) {
    app.route({ method: contract.method, url: contract.url, schema: schemaOf(contract), handler: () => null })
  }
  await app.ready()
  return withoutInputTwins(app.swagger())
}

/** Each named schema comes twice, as input and as output; ours are the same. */
function withoutInputTwins(description: object): object {
  return JSON.parse(JSON.stringify(description, (key, found: unknown) => {
    if (key === '$ref' && typeof found === 'string') return found.replace(/Input$/, '')
    if (key !== 'schemas' || typeof found !== 'object' || found === null) return found
    return Object.fromEntries(Object.entries(found).filter(([name]) => !name.endsWith('Input')))
  })) as object
}

/** The schema of a route as Fastify wants it. */
export function schemaOf(contract: RouteContract): Record<string, unknown> {
  const response = contract.contentType === undefined
    ? contract.response
    : { description: contract.summary, content: { [contract.contentType]: { schema: contract.response } } }
  return {
    summary: contract.summary,
    tags: [tagOf(contract.url)],
    security: contract.permission === 'public' ? [] : [{ token: [] }, { session: [] }],
    description: contract.permission === 'public' ? 'Nobody has to be signed in.' : `Permission: \`${contract.permission}\``,
    ...(contract.params === undefined ? {} : { params: contract.params }),
    ...(contract.query === undefined ? {} : { querystring: contract.query }),
    ...(contract.body === undefined ? {} : { body: contract.body }),
    ...(contract.upload ? { consumes: ['multipart/form-data'] } : {}),
    response: { 200: response, '4xx': errorBody, '5xx': errorBody },
  }
}

function tagOf(url: string): string {
  return /^\/api\/([a-z]+)/.exec(url)?.[1] ?? 'server'
}
