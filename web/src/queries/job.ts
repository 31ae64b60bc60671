import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, take } from '../api.ts'
import type { Schema } from '../../../client/index.ts'

export type Job = Schema<'Job'>
export type JobPreview = Schema<'JobPreview'>

export const jobs = queryOptions({
  queryKey: ['jobs'],
  queryFn: () => take(api.GET('/api/jobs')),
  refetchInterval: 15_000,
})

export const job = (id: string) =>
  queryOptions({
    queryKey: ['jobs', id],
    queryFn: () => take(api.GET('/api/jobs/{id}', { params: { path: { id } } })),
  })

export const setAside = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['jobs', id, 'set-aside'],
    queryFn: ({ pageParam }) =>
      take(api.GET('/api/jobs/{id}/set-aside', { params: { path: { id }, query: { limit: 200, after: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  })

export const runJob = (id: string) => take(api.POST('/api/jobs/{id}/run', { params: { path: { id } } }))

export const previewJob = (job: string | Record<string, unknown>, of: { personId: string } | { row: number }) =>
  take(api.POST('/api/jobs/preview', { body: { job, ...of } }))

export const functions = queryOptions({
  queryKey: ['functions'],
  queryFn: () => take(api.GET('/api/functions')),
  staleTime: 600_000,
})

export const checkExpression = (expression: string, scope: 'row' | 'person') =>
  queryOptions({
    queryKey: ['expressions', scope, expression],
    queryFn: () => take(api.POST('/api/expressions/check', { body: { expression, scope } })),
    staleTime: 600_000,
  })
