import { Breadcrumbs, Group, Stack, Text, Title } from '@mantine/core'
import { IconChevronLeft } from '@tabler/icons-react'
import { useEffect, type ReactNode } from 'react'
import { Failure, Waiting, type QueryLike } from './states.tsx'
import classes from './Page.module.css'

interface PageProps {
  title: string
  /** Beside the title: tags and the like. */
  aside?: ReactNode
  lead?: ReactNode
  actions?: ReactNode
  /** Links to what this is part of. */
  trail?: ReactNode[]
  children: ReactNode
}

/** Frame of every page: where we are, what it is called, what can be done, then the content. */
export function Page({ title, aside, lead, actions, trail, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Usher`
  }, [title])
  return (
    <Stack gap="lg" className={classes.page}>
      <header className={classes.header}>
        <div className={classes.words}>
          {trail && (
            <nav aria-label="Where" className={classes.trail}>
              <IconChevronLeft size={14} aria-hidden />
              <Breadcrumbs separator="/">{trail}</Breadcrumbs>
            </nav>
          )}
          <Group gap="sm" align="center">
            <Title order={1}>{title}</Title>
            {aside}
          </Group>
          {lead && (
            <Text c="dimmed" component="div" mt={4} maw={820}>
              {lead}
            </Text>
          )}
        </div>
        {actions && (
          <Group gap="xs" className={classes.actions}>
            {actions}
          </Group>
        )}
      </header>
      {children}
    </Stack>
  )
}

/** A page that is about one thing: shown when the thing is there, else loading or failed. */
export function PageOf<T>({ query, children }: { query: QueryLike<T>; children: (data: T) => ReactNode }) {
  if (query.data !== undefined) return <>{children(query.data)}</>
  if (query.isPending) {
    return (
      <div className={classes.page}>
        <Waiting lines={12} />
      </div>
    )
  }
  return (
    <Page title="This cannot be shown">
      <Failure error={query.error} retry={() => void query.refetch()} />
    </Page>
  )
}
