import { Card, Stack, Text, Title } from '@mantine/core'
import { useEffect, type ReactNode } from 'react'
import { Logo } from './Logo.tsx'
import classes from './Gate.module.css'

/** Frame of the pages before one is inside: sign in, set up, set a password. */
export function Gate({ title, says, children }: { title: string; says?: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Usher`
  }, [title])
  return (
    <main className={classes.gate}>
      <div className={classes.box}>
        <Stack gap={6} mb="lg" align="center" ta="center">
          <Logo size={44} />
          <Title order={1} mt="xs">
            {title}
          </Title>
          {says && (
            <Text c="dimmed" component="div">
              {says}
            </Text>
          )}
        </Stack>
        <Card padding="lg">{children}</Card>
      </div>
    </main>
  )
}
