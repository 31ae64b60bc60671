import { UnstyledButton } from '@mantine/core'
import { useState } from 'react'
import classes from './Reasons.module.css'

const shownFirst = 2

/** Why, as sentences. */
export function Reasons({ of }: { of: { says: string }[] }) {
  const [all, setAll] = useState(false)
  const says = [...new Set(of.map((reason) => reason.says))]
  if (says.length === 0) return null
  return (
    <div className={classes.reasons}>
      <ul>
        {(all ? says : says.slice(0, shownFirst)).map((sentence, i) => (
          <li key={sentence}>
            {i === 0 ? 'because' : 'and'} {sentence}
          </li>
        ))}
      </ul>
      {says.length > shownFirst && (
        <UnstyledButton className={classes.more} onClick={() => setAll(!all)} aria-expanded={all}>
          {all ? 'Show fewer reasons' : `${says.length - shownFirst} more reasons`}
        </UnstyledButton>
      )}
    </div>
  )
}
