import { VisuallyHidden } from '@mantine/core'
import { kindWords } from '../lib/change-kinds.ts'
import classes from './Symbol.module.css'

/** The sign of a kind of change. Read aloud as its verb. */
export function Symbol({ kind }: { kind: string }) {
  const words = kindWords(kind)
  return (
    <span className={classes.symbol} data-tone={words.tone} title={words.verb}>
      <span aria-hidden>{words.symbol}</span>
      <VisuallyHidden>{words.verb}</VisuallyHidden>
    </span>
  )
}
