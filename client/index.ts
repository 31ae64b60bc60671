/** The typed client of Usher's API. Types come from the API description; `npm run generate` makes them. */
import createClient from 'openapi-fetch'
import type { Client } from 'openapi-fetch'
import type { components, paths } from './generated.ts'

export type { components, paths }
/** A named schema of the API: `Schema<'Plan'>`. */
export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name]
export type UsherClient = Client<paths>

/** In a browser the session cookie signs in; elsewhere an API token does. */
export function createUsherClient(baseUrl: string, options: { token?: string; fetch?: typeof fetch } = {}): UsherClient {
  return createClient<paths>({
    baseUrl,
    credentials: 'same-origin',
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
    ...(options.token === undefined ? {} : { headers: { authorization: `Bearer ${options.token}` } }),
  })
}
