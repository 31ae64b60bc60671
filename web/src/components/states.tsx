/** What is shown when there is nothing, nothing yet, or an error. */
import { Alert, Button, Group, Skeleton, Stack, Text, Title } from '@mantine/core'
import { IconAlertTriangle, type Icon } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { asApiError } from '../api.ts'

interface EmptyProps {
  icon: Icon
  title: string
  children?: ReactNode
  action?: ReactNode
}

/** Nothing here, and what to do first. */
export function Empty({ icon: Sign, title, children, action }: EmptyProps) {
  return (
    <Stack align="center" gap={6} py={40} px="md" ta="center">
      <Sign size={30} stroke={1.4} color="var(--mantine-color-dimmed)" aria-hidden />
      <Title order={3}>{title}</Title>
      {children && (
        <Text c="dimmed" maw={440} component="div">
          {children}
        </Text>
      )}
      {action && (
        <Group mt="sm" justify="center">
          {action}
        </Group>
      )}
    </Stack>
  )
}

/** An error in words, with what to do. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const { code, message, advice } = asApiError(error)
  return (
    <Alert color="red" icon={<IconAlertTriangle size={18} />} role="alert" variant="outline" title={message}>
      <Group justify="space-between" gap="sm">
        <Text size="sm" c="dimmed">
          {advice} <span className="mono">{code}</span>
        </Text>
        {retry && (
          <Button variant="default" size="xs" onClick={retry}>
            Try again
          </Button>
        )}
      </Group>
    </Alert>
  )
}

/** Grey lines in the place of what is coming. */
export function Waiting({ lines = 6 }: { lines?: number }) {
  return (
    <Stack gap="sm" p="md" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, i) => (
        <Skeleton key={i} height={14} width={`${92 - ((i * 17) % 45)}%`} radius="sm" />
      ))}
    </Stack>
  )
}

export interface QueryLike<T> {
  data: T | undefined
  error: unknown
  isPending: boolean
  refetch: () => unknown
}

/** Shows a query: loading, failed, or its data. */
export function Loaded<T>({
  query,
  lines,
  children,
}: {
  query: QueryLike<T>
  lines?: number
  children: (data: T) => ReactNode
}) {
  if (query.data !== undefined) return <>{children(query.data)}</>
  if (query.isPending) return <Waiting lines={lines} />
  return (
    <div style={{ padding: 12 }}>
      <Failure error={query.error} retry={() => void query.refetch()} />
    </div>
  )
}
