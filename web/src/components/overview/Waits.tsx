import type { Icon } from '@tabler/icons-react'
import { IconMoodSmile } from '@tabler/icons-react'
import { count } from '../../lib/words.ts'
import { BareLink } from '../links.tsx'
import type { Tone } from '../Tag.tsx'
import classes from './Waits.module.css'

export interface Wait {
  icon: Icon
  count: number
  says: string
  to: '/plans' | '/stuck' | '/cases' | '/jobs' | '/findings'
  tone: Tone
}

/** What waits for somebody, as tiles; only what is there. */
export function Waits({ of }: { of: Wait[] }) {
  const there = of.filter((wait) => wait.count > 0)
  if (there.length === 0)
    return (
      <p className={classes.calm}>
        <IconMoodSmile size={18} aria-hidden /> Nothing waits for you.
      </p>
    )
  return (
    <ul className={classes.waits} aria-label="What waits for you">
      {there.map((wait) => (
        <li key={wait.says}>
          <BareLink to={wait.to} className={classes.wait} data-tone={wait.tone} data-plain>
            <wait.icon size={20} stroke={1.7} aria-hidden />
            <b>{count(wait.count)}</b> <span>{wait.says}</span>
          </BareLink>
        </li>
      ))}
    </ul>
  )
}
