import { Tooltip } from '@mantine/core'
import type { Icon } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import type { StateWords } from '../lib/states.ts'
import { stateWords } from '../lib/states.ts'
import classes from './Tag.module.css'

export type Tone = 'neutral' | 'info' | 'good' | 'warn' | 'bad'

/** A short word with a sign and a tone. */
export function Tag({
  tone = 'neutral',
  icon: Sign,
  children,
  title,
}: {
  tone?: Tone
  icon?: Icon
  children: ReactNode
  title?: string
}) {
  const tag = (
    <span className={classes.tag} data-tone={tone}>
      {Sign && <Sign size={13} stroke={2} aria-hidden />}
      <span>{children}</span>
    </span>
  )
  return title === undefined ? tag : <Tooltip label={title}>{tag}</Tooltip>
}

/** A state as a tag, from one of the tables in `lib/states.ts`. */
export function StateTag({
  table,
  state,
  suffix,
}: {
  table: Record<string, StateWords>
  state: string
  suffix?: string
}) {
  const words = stateWords(table, state)
  return (
    <Tag tone={words.tone} icon={words.icon} title={words.explains}>
      {words.label}
      {suffix}
    </Tag>
  )
}
