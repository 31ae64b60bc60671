import { UnstyledButton } from '@mantine/core'
import { useState } from 'react'
import { showValue } from '../../lib/words.ts'
import type { Change } from '../../queries/plan.ts'
import classes from './Diff.module.css'

const shownFirst = 3

/** What was and what shall be, attribute by attribute. */
export function Diff({ fields, open = false }: { fields: Change['fields']; open?: boolean }) {
  const [all, setAll] = useState(open)
  const shown = all ? fields : fields.slice(0, shownFirst)
  const rest = fields.length - shownFirst
  return (
    <div>
      <dl className={classes.diff}>
        {shown.map((field) => (
          <div key={field.attribute}>
            <dt>{field.attribute}</dt>
            <dd>
              {!isEmpty(field.before) && (
                <>
                  <del>{showValue(field.before)}</del>{' '}
                  <span aria-hidden className="dim">
                    →
                  </span>{' '}
                </>
              )}
              {isEmpty(field.after) ? (
                <span className={classes.none}>{isEmpty(field.before) ? '—' : 'removed'}</span>
              ) : (
                <ins>{showValue(field.after)}</ins>
              )}
            </dd>
          </div>
        ))}
      </dl>
      {rest > 0 && (
        <UnstyledButton className={classes.more} onClick={() => setAll(!all)} aria-expanded={all}>
          {all ? 'Show fewer' : `Show ${rest} more`}
        </UnstyledButton>
      )}
    </div>
  )
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === ''
}
