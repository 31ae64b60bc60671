import { Group, Text, Title } from '@mantine/core'
import { useId, type ReactNode } from 'react'
import { count as amount } from '../lib/words.ts'
import classes from './Section.module.css'

interface SectionProps {
  title: string
  count?: number
  /** How many there are without a filter. */
  of?: number
  says?: ReactNode
  actions?: ReactNode
  flush?: boolean
  children: ReactNode
}

/** A titled card. `flush` lets a table or list reach its edges. */
export function Section({ title, count, of = count, says, actions, flush = false, children }: SectionProps) {
  const id = useId()
  return (
    <section className={classes.section} aria-labelledby={id}>
      <Group justify="space-between" gap="sm" className={classes.head} wrap="wrap">
        <div>
          <Title order={2} id={id}>
            {title}
            {count !== undefined && (
              <span className={classes.count}>
                {count === of ? amount(count) : `${amount(count)} of ${amount(of ?? count)}`}
              </span>
            )}
          </Title>
          {says && (
            <Text size="sm" c="dimmed" component="div">
              {says}
            </Text>
          )}
        </div>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      <div className={flush ? classes.flush : classes.body}>{children}</div>
    </section>
  )
}
