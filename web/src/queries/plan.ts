import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, take } from '../api.ts'
import type { Schema } from '../../../client/index.ts'

export type Plan = Schema<'Plan'>
export type PlanRow = Schema<'PlanRow'>
export type Change = Schema<'Change'>

/** States in which a plan moves by itself, so that the page keeps looking. */
const moving = ['computing', 'approved', 'applying']
const open = ['waiting', 'running', 'again']

/** Also a plan that is held in part: the rest of it may be on its way. */
export function isMoving(plan: Pick<Plan, 'state' | 'counts'> | undefined): boolean {
  return (
    plan !== undefined &&
    (moving.includes(plan.state) || (plan.state !== 'stopped' && plan.counts.some((c) => open.includes(c.state))))
  )
}

/** Nothing comes of it any more. One that is open may be approved at any time: by somebody else, or by Usher a moment after it was computed. */
function isOver(plan: Pick<Plan, 'state'> | undefined): boolean {
  return plan !== undefined && ['empty', 'applied', 'superseded', 'failed', 'forecast'].includes(plan.state)
}

export const plans = (state?: Schema<'PlanState'>) =>
  infiniteQueryOptions({
    queryKey: ['plans', 'list', state],
    queryFn: ({ pageParam }) =>
      take(api.GET('/api/plans', { params: { query: { state, limit: 100, after: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    refetchInterval: 5_000,
  })

export const plan = (id: string) =>
  queryOptions({
    queryKey: ['plans', id],
    queryFn: () => take(api.GET('/api/plans/{id}', { params: { path: { id } } })),
    refetchInterval: (query) => (isMoving(query.state.data) ? 1_000 : isOver(query.state.data) ? false : 5_000),
  })

export interface ChangeFilter {
  stage?: number
  system?: string
  kind?: Schema<'ChangeKind'>
  state?: Schema<'ChangeState'>
  person?: string
  search?: string
}

export const changes = (id: string, filter: ChangeFilter, live: boolean) =>
  infiniteQueryOptions({
    queryKey: ['plans', id, 'changes', filter],
    queryFn: ({ pageParam }) =>
      take(
        api.POST('/api/plans/{id}/changes/search', {
          params: { path: { id } },
          body: { ...filter, limit: 200, after: pageParam },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: live ? 2_000 : false,
  })

export const planPeople = (id: string, filter: ChangeFilter, live: boolean) =>
  infiniteQueryOptions({
    queryKey: ['plans', id, 'people', filter],
    queryFn: ({ pageParam }) =>
      take(
        api.POST('/api/plans/{id}/people/search', {
          params: { path: { id } },
          body: { ...filter, limit: 200, after: pageParam },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: live ? 2_000 : false,
  })

export const startPlan = (scope: { jobs: string[] } | { people: string[] } | null) =>
  take(api.POST('/api/plans', { body: { scope } }))
/** A plan for an instant to come, to be looked at only. */
export const startForecast = (asOf: string, readAnew: boolean) =>
  take(api.POST('/api/plans', { body: { scope: null, asOf, readAnew } }))
export const forecast = (id: string) =>
  queryOptions({
    queryKey: ['plans', id, 'forecast'],
    queryFn: () => take(api.GET('/api/plans/{id}/forecast', { params: { path: { id } } })),
  })
const at = (id: string) => ({ params: { path: { id } } })
export const approvePlan = (id: string, hash: string) =>
  take(api.POST('/api/plans/{id}/approve', { ...at(id), body: { hash } }))
export const releaseHeld = (id: string, setHash: string) =>
  take(api.POST('/api/plans/{id}/release', { ...at(id), body: { setHash } }))
export const stopPlan = (id: string) => take(api.POST('/api/plans/{id}/stop', at(id)))
export const resumePlan = (id: string) => take(api.POST('/api/plans/{id}/resume', at(id)))
export type StuckChange = Schema<'StuckChange'>
export type SettledHow = 'by-hand' | 'not-needed'

export const stuckChanges = infiniteQueryOptions({
  queryKey: ['stuck'],
  queryFn: ({ pageParam }) => take(api.GET('/api/stuck-changes', { params: { query: { limit: 100, after: pageParam } } })),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.next ?? undefined,
  refetchInterval: 10_000,
})

export const settleChange = (id: string, changeId: string, body: { how: SettledHow; note: string }) =>
  take(api.POST('/api/plans/{id}/changes/{changeId}/settle', { params: { path: { id, changeId } }, body }))

export const retryChange = (id: string, changeId: string) =>
  take(api.POST('/api/plans/{id}/changes/{changeId}/retry', { params: { path: { id, changeId } } }))
