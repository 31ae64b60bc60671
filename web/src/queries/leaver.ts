import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, take } from '../api.ts'
import type { Schema } from '../../../client/index.ts'

export type LeaverRow = Schema<'LeaverRow'>
export type Leaver = Schema<'Leaver'>

export interface LeaverFilter {
  search?: string
  filter: 'all' | 'running' | 'gone'
}

export const leavers = (filter: LeaverFilter) =>
  infiniteQueryOptions({
    queryKey: ['leavers', 'search', filter],
    queryFn: ({ pageParam }) =>
      take(api.POST('/api/leavers/search', { body: { ...filter, limit: 100, after: pageParam } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: (query) => ((query.state.data?.pages[0]?.running ?? 0) > 0 ? 1_000 : 5_000),
  })

/** Looked at each second as long as the clock runs. */
export const leaver = (id: string) =>
  queryOptions({
    queryKey: ['leavers', id],
    queryFn: () => take(api.GET('/api/leavers/{id}', { params: { path: { id } } })),
    refetchInterval: (query) => (query.state.data?.state === 'running' ? 500 : false),
  })

export const endPerson = (id: string, body: { at?: string; note?: string }) =>
  take(api.POST('/api/people/{id}/end', { params: { path: { id } }, body }))

export const liftPersonEnd = (id: string) => take(api.DELETE('/api/people/{id}/end', { params: { path: { id } } }))
