import { Button, Center } from '@mantine/core'
import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Failure, Waiting } from './states.tsx'
import { useMore } from './useMore.ts'

interface ListedProps<T> {
  query: UseInfiniteQueryResult<InfiniteData<{ items: T[] }>>
  /** Shown when there is nothing. */
  empty: ReactNode
  children: (items: T[]) => ReactNode
}

/** A list that is loaded page by page: loading, failed, empty, or its items with a way to more of them. */
export function Listed<T>({ query, empty, children }: ListedProps<T>) {
  const { items, more } = useMore(query)
  if (query.isPending) return <Waiting />
  if (query.error)
    return (
      <div style={{ padding: 12 }}>
        <Failure error={query.error} retry={() => void query.refetch()} />
      </div>
    )
  if (items.length === 0) return <>{empty}</>
  return (
    <>
      {children(items)}
      {more.has && (
        <Center p="sm">
          <Button variant="default" loading={more.loading} onClick={more.load}>
            Show more
          </Button>
        </Center>
      )}
    </>
  )
}
