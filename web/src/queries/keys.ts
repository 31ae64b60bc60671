/** Talking to the cache: one client, one place for how fresh things are. */
import { QueryClient } from '@tanstack/react-query'
import { ApiError } from '../api.ts'

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (failures, error) =>
        failures < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
    },
  },
})

/** Everything that begins with one of these names is asked again. */
export function forget(...nouns: string[]): void {
  for (const noun of nouns) void queryClient.invalidateQueries({ queryKey: [noun] })
}
