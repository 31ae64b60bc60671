import { queryOptions } from '@tanstack/react-query'
import { api, take } from '../api.ts'
import { forget } from './keys.ts'
import type { PolicyDocument } from '../lib/policy.ts'

export type ObjectKind = 'settings' | 'systems' | 'jobs' | 'roles' | 'rules'

export const policy = queryOptions({
  queryKey: ['policy'],
  queryFn: async () => {
    const answer = await take(api.GET('/api/policy'))
    // The description says "any object" here; the shape is the policy's, as in the JSON Schemas.
    return { ...answer, policy: answer.policy as unknown as PolicyDocument }
  },
})

export const revisions = queryOptions({
  queryKey: ['policy', 'revisions'],
  queryFn: () => take(api.GET('/api/policy/revisions')),
})

export const revision = (n: number) =>
  queryOptions({
    queryKey: ['policy', 'revisions', n],
    queryFn: () => take(api.GET('/api/policy/revisions/{revision}', { params: { path: { revision: n } } })),
  })

export const rolePeople = queryOptions({ queryKey: ['roles'], queryFn: () => take(api.GET('/api/roles')) })

/** Saves one object as a new revision, started from `revision`. */
export async function putObject(kind: ObjectKind, id: string, object: object, revision: number, message?: string) {
  const saved = await take(
    api.PUT('/api/policy/objects/{kind}/{id}', {
      params: { path: { kind, id } },
      body: { object: object as Record<string, unknown>, revision, message },
    }),
  )
  forget('policy', 'systems', 'jobs', 'roles', 'overview', 'expressions')
  return saved
}

export async function deleteObject(kind: ObjectKind, id: string, revision: number) {
  const saved = await take(
    api.DELETE('/api/policy/objects/{kind}/{id}', { params: { path: { kind, id }, query: { revision } } }),
  )
  forget('policy', 'systems', 'jobs', 'roles', 'overview')
  return saved
}
