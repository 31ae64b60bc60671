import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, take } from '../api.ts'
import type { Schema } from '../../../client/index.ts'

export interface PeopleFilter {
  search?: string
  state?: Schema<'PersonState'>
  department?: string
  location?: string
  sort: 'name' | 'employeeId'
}

export const people = (filter: PeopleFilter) =>
  infiniteQueryOptions({
    queryKey: ['people', 'search', filter],
    queryFn: ({ pageParam }) =>
      take(api.POST('/api/people/search', { body: { ...filter, limit: 200, after: pageParam } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: keepPreviousData,
  })

/** A few people by name, for pickers and the command palette. */
export const findPeople = (search: string) =>
  queryOptions({
    queryKey: ['people', 'find', search],
    queryFn: () => take(api.POST('/api/people/search', { body: { search, limit: 12, sort: 'name' } })),
    placeholderData: keepPreviousData,
  })

export const peopleFilters = queryOptions({
  queryKey: ['people', 'filters'],
  queryFn: () => take(api.GET('/api/people/filters')),
  staleTime: 60_000,
})

export const person = (id: string) =>
  queryOptions({
    queryKey: ['people', id],
    queryFn: () => take(api.GET('/api/people/{id}', { params: { path: { id } } })),
  })

export const why = (id: string, asOf?: string) =>
  queryOptions({
    queryKey: ['people', id, 'why', asOf],
    queryFn: () => take(api.GET('/api/people/{id}/why', { params: { path: { id }, query: { asOf } } })),
  })

export type WhyNotTarget = { entitlementId: string } | { jobId: string } | { roleId: string }

export const whyNot = (id: string, target: WhyNotTarget, asOf?: string) =>
  queryOptions({
    queryKey: ['people', id, 'why-not', target, asOf],
    queryFn: () =>
      take(api.GET('/api/people/{id}/why-not', { params: { path: { id }, query: { ...target, asOf } } })),
  })

export const history = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['people', id, 'history'],
    queryFn: ({ pageParam }) =>
      take(api.GET('/api/people/{id}/history', { params: { path: { id }, query: { limit: 100, after: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  })

export const planPerson = (id: string) => take(api.POST('/api/people/{id}/plan', { params: { path: { id } } }))

export const grant = (
  id: string,
  body: { roleId?: string; entitlementId?: string; from?: string; until?: string; note?: string },
) =>
  take(api.POST('/api/people/{id}/grants', { params: { path: { id } }, body }))

/** Moves the end of what was given; null: no end. */
export const changeEnd = (id: string, until: string | null) =>
  take(api.PATCH('/api/reasons/{id}', { params: { path: { id } }, body: { until } }))

export const endReason = (id: string) => take(api.DELETE('/api/reasons/{id}', { params: { path: { id } } }))

export const showPassword = (id: string, jobId: string) =>
  take(api.POST('/api/people/{id}/passwords/{jobId}/show', { params: { path: { id, jobId } } }))
