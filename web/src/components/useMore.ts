import type { UseInfiniteQueryResult, InfiniteData } from '@tanstack/react-query'
import { useMemo } from 'react'

/** All items of the pages loaded so far, and how to get more. */
export function useMore<T>(query: UseInfiniteQueryResult<InfiniteData<{ items: T[] }>>) {
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = query
  const items = useMemo(() => data?.pages.flatMap((page) => page.items) ?? [], [data])
  const more = useMemo(
    () => ({ has: hasNextPage, loading: isFetchingNextPage, load: () => void fetchNextPage({ cancelRefetch: false }) }),
    [hasNextPage, isFetchingNextPage, fetchNextPage],
  )
  return { items, more }
}
