import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, take } from '../api.ts'

export const overview = queryOptions({
  queryKey: ['overview'],
  queryFn: () => take(api.GET('/api/overview')),
  refetchInterval: 10_000,
})

export const cases = (decided: boolean) =>
  infiniteQueryOptions({
    queryKey: ['cases', decided],
    queryFn: ({ pageParam }) =>
      take(
        api.GET('/api/cases', {
          params: { query: { limit: 100, after: pageParam, decided: decided ? 'true' : 'false' } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  })

export const decideCase = (id: string, personId: string | null) =>
  take(api.POST('/api/cases/{id}/decide', { params: { path: { id } }, body: { personId } }))

export const findings = infiniteQueryOptions({
  queryKey: ['findings'],
  queryFn: ({ pageParam }) => take(api.GET('/api/findings', { params: { query: { limit: 200, after: pageParam } } })),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.next ?? undefined,
})

export interface AuditFilter {
  subject?: string
  action?: string
  actor?: string
}

export const audit = (filter: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: ['audit', filter],
    queryFn: ({ pageParam }) =>
      take(api.GET('/api/audit', { params: { query: { ...filter, limit: 200, after: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  })

export const verifyAudit = () => take(api.GET('/api/audit/verify'))

export const secrets = queryOptions({ queryKey: ['secrets'], queryFn: () => take(api.GET('/api/secrets')) })
export const setSecret = (reference: string, value: string) =>
  take(api.PUT('/api/secrets/{reference}', { params: { path: { reference } }, body: { value } }))
export const deleteSecret = (reference: string) =>
  take(api.DELETE('/api/secrets/{reference}', { params: { path: { reference } } }))

export type UserRole = 'administrator' | 'operator' | 'helpdesk' | 'auditor'

export const users = queryOptions({ queryKey: ['users'], queryFn: () => take(api.GET('/api/users')) })
export const createUser = (body: { name: string; email: string; role: UserRole }) =>
  take(api.POST('/api/users', { body }))
export const changeUser = (
  id: string,
  body: { name?: string; role?: UserRole; disabled?: boolean; newLink?: boolean },
) => take(api.PATCH('/api/users/{id}', { params: { path: { id } }, body }))

export const tokens = queryOptions({ queryKey: ['tokens'], queryFn: () => take(api.GET('/api/tokens')) })
export const createToken = (body: { name: string; role: UserRole; expiresInDays: number }) =>
  take(api.POST('/api/tokens', { body }))
export const deleteToken = (id: string) => take(api.DELETE('/api/tokens/{id}', { params: { path: { id } } }))
