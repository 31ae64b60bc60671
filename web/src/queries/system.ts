import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, errorFrom, take } from '../api.ts'
import type { Schema } from '../../../client/index.ts'

export type System = Schema<'System'>
export type SystemRow = Schema<'SystemRow'>
export type AccountFilter = 'all' | 'linked' | 'orphan' | 'protected' | 'disabled'

export const systems = queryOptions({ queryKey: ['systems'], queryFn: () => take(api.GET('/api/systems')) })

export const system = (id: string) =>
  queryOptions({
    queryKey: ['systems', id],
    queryFn: () => take(api.GET('/api/systems/{id}', { params: { path: { id } } })),
    refetchInterval: (query) => (query.state.data?.state === 'reading' ? 2_000 : false),
  })

export const accounts = (id: string, filter: AccountFilter, search: string) =>
  infiniteQueryOptions({
    queryKey: ['systems', id, 'accounts', filter, search],
    queryFn: ({ pageParam }) =>
      take(
        api.POST('/api/systems/{id}/accounts/search', {
          params: { path: { id } },
          body: { filter, limit: 200, after: pageParam, ...(search === '' ? {} : { search }) },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: keepPreviousData,
  })

export const entitlements = (id: string, search: string) =>
  infiniteQueryOptions({
    queryKey: ['systems', id, 'entitlements', search],
    queryFn: ({ pageParam }) =>
      take(
        api.POST('/api/systems/{id}/entitlements/search', {
          params: { path: { id } },
          body: { limit: 200, after: pageParam, ...(search === '' ? {} : { search }) },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: keepPreviousData,
  })

export const members = (id: string, entitlementId: string) =>
  infiniteQueryOptions({
    queryKey: ['systems', id, 'members', entitlementId],
    queryFn: ({ pageParam }) =>
      take(
        api.GET('/api/systems/{id}/entitlements/{entitlementId}/members', {
          params: { path: { id, entitlementId }, query: { limit: 200, after: pageParam } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  })

export const connectors = queryOptions({
  queryKey: ['connectors'],
  queryFn: () => take(api.GET('/api/connectors')),
  staleTime: 600_000,
})

const at = (id: string) => ({ params: { path: { id } } })
export const checkSystem = (id: string) => take(api.POST('/api/systems/{id}/check', at(id)))
export const readSystem = (id: string) => take(api.POST('/api/systems/{id}/read', at(id)))
export const resumeSystem = (id: string) => take(api.POST('/api/systems/{id}/resume', at(id)))
export const inspectSystem = (id: string) => take(api.POST('/api/systems/{id}/inspect', at(id)))
export const checkDraft = (system: unknown) => take(api.POST('/api/systems/check', { body: { system } }))
export const inspectDraft = (system: unknown) => take(api.POST('/api/systems/inspect', { body: { system } }))

/** Sends a source file. The one place with a hand-written call: the client does not speak multipart. */
export async function upload(file: File): Promise<{ path: string; bytes: number }> {
  const body = new FormData()
  body.append('file', file)
  const response = await fetch('/api/uploads', { method: 'POST', body, credentials: 'same-origin' })
  const answer: unknown = await response.json().catch(() => null)
  if (!response.ok) throw errorFrom(response.status, answer)
  return answer as { path: string; bytes: number }
}
