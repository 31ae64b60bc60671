import { infiniteQueryOptions, keepPreviousData } from '@tanstack/react-query'
import { api, take } from '../api.ts'
import type { Schema } from '../../../client/index.ts'

export type Drift = Schema<'Drift'>
export type Orphan = Schema<'Orphan'>
export type Exception = Schema<'Exception'>
export type OrphanKind = 'nobody' | 'shared' | 'service' | 'ignored'

const first = undefined as string | undefined

export interface DriftFilter {
  system?: string | undefined
  kind?: Drift['kind'] | undefined
  search?: string | undefined
  settled?: boolean
}

export const drift = (filter: DriftFilter) =>
  infiniteQueryOptions({
    queryKey: ['drift', filter],
    queryFn: ({ pageParam }) => take(api.POST('/api/drift/search', { body: { ...filter, limit: 100, after: pageParam } })),
    initialPageParam: first,
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: keepPreviousData,
  })

export const putBackDrift = (ids: string[]) => take(api.POST('/api/drift/put-back', { body: { ids } }))
export const adoptDrift = (ids: string[], note: string) => take(api.POST('/api/drift/adopt', { body: { ids, note } }))
export const leaveDrift = (ids: string[], until: string, note: string) =>
  take(api.POST('/api/drift/leave', { body: { ids, until, note } }))

export const exceptions = infiniteQueryOptions({
  queryKey: ['drift', 'exceptions'],
  queryFn: ({ pageParam }) => take(api.GET('/api/exceptions', { params: { query: { limit: 100, after: pageParam } } })),
  initialPageParam: first,
  getNextPageParam: (page) => page.next ?? undefined,
})
export const endException = (id: string) => take(api.POST('/api/exceptions/{id}/end', { params: { path: { id } } }))

export const orphans = (filter: { system?: string | undefined; kind: OrphanKind; search?: string | undefined }) =>
  infiniteQueryOptions({
    queryKey: ['drift', 'orphans', filter],
    queryFn: ({ pageParam }) =>
      take(api.POST('/api/orphans/search', { body: { ...filter, limit: 100, after: pageParam } })),
    initialPageParam: first,
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: keepPreviousData,
  })
const at = (id: string) => ({ params: { path: { id } } })
export const linkOrphan = (id: string, personId: string) =>
  take(api.POST('/api/orphans/{id}/link', { ...at(id), body: { personId } }))
export const markOrphan = (
  id: string,
  body: { kind: 'service' | 'shared' | 'ignored'; ownerId?: string; until?: string; note?: string },
) => take(api.POST('/api/orphans/{id}/mark', { ...at(id), body }))
export const unmarkOrphan = (id: string, kind: 'service' | 'shared' | 'ignored') =>
  take(api.POST('/api/orphans/{id}/unmark', { ...at(id), body: { kind } }))
export const protectOrphan = (id: string) => take(api.POST('/api/orphans/{id}/protect', at(id)))

export const undoPlan = (id: string, until: string) => take(api.POST('/api/plans/{id}/undo', { ...at(id), body: { until } }))
export const leftOf = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['plans', id, 'left'],
    queryFn: ({ pageParam }) =>
      take(api.GET('/api/plans/{id}/left', { params: { path: { id }, query: { limit: 50, after: pageParam } } })),
    initialPageParam: first,
    getNextPageParam: (page) => page.next ?? undefined,
  })
