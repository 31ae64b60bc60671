import { Button, Stack, Text } from '@mantine/core'
import { IconRefresh } from '@tabler/icons-react'
import { changeStates } from '../../lib/states.ts'
import { retryChange, type Change } from '../../queries/plan.ts'
import { useMay } from '../../queries/session.ts'
import { StateTag } from '../Tag.tsx'
import { useAct } from '../useAct.tsx'
import { When } from '../When.tsx'

/** These failed in the system; of all others it is Usher that says why. */
const failed = ['stuck', 'again']

/** State of a change and why; for a failure the system's own words, and trying again. */
export function ChangeState({ planId, change }: { planId: string; change: Change }) {
  const may = useMay()
  const retry = useAct(() => retryChange(planId, change.id), { says: 'It is tried again now.', forgets: ['plans'] })
  return (
    <Stack gap={4} align="flex-start">
      <StateTag
        table={changeStates}
        state={change.state}
        suffix={change.attempts > 1 ? `, ${change.attempts} tries` : ''}
      />
      {change.error && (
        <Text size="xs" component="div">
          {failed.includes(change.state) ? (
            <>
              <b>{change.system.name}</b> said: “{change.error.words}”
            </>
          ) : (
            change.error.words
          )}{' '}
          <span className="dim">{change.error.advice}</span>
          {change.nextAttemptAt && (
            <>
              {' '}
              Next try <When at={change.nextAttemptAt} />.
            </>
          )}
        </Text>
      )}
      {failed.includes(change.state) && may('plans:retry') && (
        <Button
          size="compact-xs"
          variant="default"
          leftSection={<IconRefresh size={13} />}
          loading={retry.isPending}
          onClick={() => retry.mutate(undefined)}
        >
          Retry
        </Button>
      )}
    </Stack>
  )
}
