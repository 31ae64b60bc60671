/** What a route is: method, address, who may call it, what goes in and out. The server, the API description and the client come from it. */
import { z } from 'zod'
import type { Permission } from '../authorise.ts'

export interface RouteContract {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  url: string
  /** `public`: nobody has to be signed in. */
  permission: Permission | 'public'
  summary: string
  params?: z.ZodType
  query?: z.ZodType
  body?: z.ZodType
  response: z.ZodType
  /** Of the response, when it is not JSON. */
  contentType?: string
  /** The body is a file (multipart), read by the handler. */
  upload?: boolean
  /** Calls allowed in a minute from one address, where fewer than usual. */
  perMinute?: number
}

export const route = <const C extends RouteContract>(contract: C): C => contract

/** The shape of every error. */
export const errorBody = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    advice: z.string(),
    details: z.record(z.string(), z.unknown()),
  }),
}).meta({ id: 'Error' })

export const uuid = z.guid()
/** Ids that the database counts, as text. */
export const number = z.string().regex(/^\d{1,18}$/, 'must be a number')
export const instant = z.string()
/** Name of a policy object: `hr`, `active-directory`. */
export const slug = z.string().min(1).max(63)

export const value = z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])
export const attributes = z.record(z.string(), value)

/** Somebody or something with a name to show. */
export const named = z.object({ id: z.string(), name: z.string() }).meta({ id: 'Named' })

export const paging = {
  limit: z.coerce.number().int().min(1).max(500).default(100),
  after: z.string().max(2000).optional().meta({ description: '`next` of the page before' }),
}

export const page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next: z.string().nullable() })

export const nothing = z.object({})
export const byUuid = z.object({ id: uuid })
export const byNumber = z.object({ id: number })
export const bySlug = z.object({ id: slug })
export const text = z.string()
