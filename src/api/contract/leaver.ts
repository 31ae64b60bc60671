/** People who leave, and ends that a human sets. */
import { z } from 'zod'
import { byUuid, instant, named, page, paging, route, uuid } from './route.ts'

const leaverState = z.enum(['running', 'gone', 'returned'])

export const leaverRow = z.object({
  id: uuid, person: named, employeeId: z.string().nullable(),
  cause: z.enum(['hand', 'date', 'source']), by: named,
  state: leaverState,
  /** "Gone everywhere after 0.8 s" */
  says: z.string(),
  effectiveAt: instant, startedAt: instant, goneAt: instant.nullable(), returnedAt: instant.nullable(),
  /** From the start of the clock until it stopped. */
  seconds: z.number().nullable(),
  systems: z.number().meta({ description: 'Systems that Usher manages for the person' }), gone: z.number(),
}).meta({ id: 'LeaverRow' })

export const leaver = leaverRow.omit({ systems: true, gone: true }).extend({
  receivedAt: instant, note: z.string().nullable(),
  plan: z.object({ id: uuid, number: z.number() }).nullable(),
  systems: z.array(z.object({
    system: named, state: z.enum(['to-do', 'waits', 'unmanaged', 'gone']),
    accounts: z.array(z.object({ id: z.string(), name: z.string() })),
    changes: z.array(z.object({ symbol: z.string(), kind: z.string(), says: z.string(), state: z.string(), doneAt: instant.nullable() })),
    attempts: z.number(), firstTriedAt: instant.nullable(), goneAt: instant.nullable(), seconds: z.number().nullable(),
    error: z.object({ code: z.string(), words: z.string(), advice: z.string() }).nullable(),
    nextAttemptAt: instant.nullable(),
    /** Why Usher leaves it alone, where it does. */
    words: z.string().nullable(),
  })),
}).meta({ id: 'Leaver' })

export const personEnd = z.object({ effectiveAt: instant, note: z.string().nullable(), by: named, madeAt: instant }).meta({ id: 'PersonEnd' })

export const leavers = {
  searchLeavers: route({
    method: 'POST', url: '/api/leavers/search', permission: 'people:read', summary: 'People who leave or left, newest first',
    body: z.object({ ...paging, search: z.string().max(200).optional(), filter: z.enum(['all', 'running', 'gone']).default('all'), personId: uuid.optional() }),
    response: page(leaverRow).extend({ running: z.number() }),
  }),
  showLeaver: route({
    method: 'GET', url: '/api/leavers/:id', permission: 'people:read', summary: 'One leaver: the clock, and what is left in each system',
    params: byUuid, response: leaver,
  }),
  leaverReceipt: route({
    method: 'GET', url: '/api/leavers/:id/receipt', permission: 'people:export', summary: 'The signed receipt of a leaver, to be verified offline',
    params: byUuid, response: z.string(), contentType: 'application/json',
  }),
  endPerson: route({
    method: 'POST', url: '/api/people/:id/end', permission: 'people:end', summary: 'End a person, now or at an instant, whatever their source says',
    params: byUuid,
    body: z.object({ at: z.iso.datetime({ offset: true }).optional().meta({ description: 'Without it: now' }), note: z.string().max(1000).optional() }),
    response: z.object({ effectiveAt: instant, leaverId: uuid.nullable().meta({ description: 'The clock, where it runs already' }) }),
  }),
  liftPersonEnd: route({
    method: 'DELETE', url: '/api/people/:id/end', permission: 'people:end', summary: 'Take the last such end back: before it takes effect, or after',
    params: byUuid, response: z.object({ planId: uuid.nullable() }),
  }),
}
