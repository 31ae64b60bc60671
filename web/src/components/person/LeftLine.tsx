import { Text } from '@mantine/core'
import { showInstant } from '../../lib/time.ts'
import type { Schema } from '../../../../client/index.ts'
import classes from './ReasonLine.module.css'

/** A decision to leave a thing as it is, although policy says otherwise. */
export function LeftLine({ of }: { of: Schema<'WhyException'> }) {
  return (
    <li className={classes.reason} data-left>
      <Text size="sm" component="div">
        {of.says} Decided by {of.by.name}, until {of.until === null ? 'somebody ends it' : showInstant(of.until)}
        {of.note === '' ? '.' : `, because: ${of.note}`}{' '}
        <span className="dim nowrap">since {showInstant(of.from)}</span>
      </Text>
    </li>
  )
}
