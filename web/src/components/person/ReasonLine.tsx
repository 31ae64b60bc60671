import { Button, Group, Text } from '@mantine/core'
import type { Schema } from '../../../../client/index.ts'
import { useMay } from '../../queries/session.ts'
import { endReason } from '../../queries/person.ts'
import { showInstant } from '../../lib/time.ts'
import { Origins } from '../Origins.tsx'
import { useAct } from '../useAct.tsx'
import { ChangeEnd } from './ChangeEnd.tsx'
import classes from './ReasonLine.module.css'

const byHand = ['manual', 'role', 'grace']

/** One reason as a sentence, with its time and the cells behind it. One given by hand can be ended. */
export function ReasonLine({ reason, past = false }: { reason: Schema<'WhyReason'>; past?: boolean }) {
  const may = useMay()
  const end = useAct(() => endReason(reason.reasonId), {
    says: 'The reason is ended; a plan follows.',
    forgets: ['people', 'plans', 'overview'],
  })
  return (
    <li className={classes.reason}>
      <Text size="sm" component="div">
        {reason.says}{' '}
        <span className="dim nowrap">
          since {showInstant(reason.from)}
          {reason.until && `, until ${showInstant(reason.until)}`}
        </span>
      </Text>
      <div>
        <Origins of={reason.origins} />
        {!past && byHand.includes(reason.kind) && may('people:grant') && (
          <Group gap={6} display="inline-flex">
            <ChangeEnd reason={reason} />
            <Button size="compact-xs" variant="default" loading={end.isPending} onClick={() => end.mutate(undefined)}>
              End it now
            </Button>
          </Group>
        )}
      </div>
    </li>
  )
}
