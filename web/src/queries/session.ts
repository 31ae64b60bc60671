import { queryOptions, useQuery } from '@tanstack/react-query'
import { api, asApiError, take } from '../api.ts'
import { queryClient } from './keys.ts'

export const me = queryOptions({ queryKey: ['me'], queryFn: () => take(api.GET('/api/me')), staleTime: 60_000 })

/** The signed-in user, or null. */
export async function whoAmI() {
  try {
    return await queryClient.ensureQueryData(me)
  } catch (error) {
    if (asApiError(error).status === 401) return null
    throw error
  }
}

/** Whether the signed-in user may do something; the API decides, this only saves a click. */
export function useMay(): (permission: string) => boolean {
  const { data } = useQuery(me)
  return (permission) => data?.permissions.includes(permission) ?? false
}

/** Signs in; the cookie is set by the answer. */
export async function signIn(email: string, password: string): Promise<void> {
  await take(api.POST('/api/auth/sign-in/email', { body: { email, password } }))
  queryClient.clear()
}

/** Ends the session. What is known of it is forgotten when the page has been left. */
export const signOut = () => take(api.POST('/api/auth/sign-out'))

/** Changes one's own password; other sessions end. */
export const changePassword = (body: { currentPassword: string; newPassword: string }) =>
  take(api.POST('/api/auth/change-password', { body }))

export const setupState = queryOptions({ queryKey: ['setup'], queryFn: () => take(api.GET('/api/setup')) })

export const setUp = (body: { token: string; name: string; email: string; password: string }) =>
  take(api.POST('/api/setup', { body }))
export const setPassword = (body: { token: string; password: string }) => take(api.POST('/api/password', { body }))
