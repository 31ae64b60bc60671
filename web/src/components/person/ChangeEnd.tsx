import { Button, Group, Popover, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { afterDay, dateOf } from '../../lib/time.ts'
import { changeEnd } from '../../queries/person.ts'
import { Failure } from '../states.tsx'
import { useAct } from '../useAct.tsx'
import type { Schema } from '../../../../client/index.ts'

/** Moves the end of what was given, later or earlier. Nothing is taken away in between. */
export function ChangeEnd({ reason }: { reason: Schema<'WhyReason'> }) {
  const [opened, setOpened] = useState(false)
  const [until, setUntil] = useState(reason.until === null ? '' : dateOf(Date.parse(reason.until) - 1))
  const act = useAct((end: string | null) => changeEnd(reason.reasonId, end), {
    says: 'The end is changed; a plan follows.',
    forgets: ['people', 'plans', 'overview'],
    onDone: () => setOpened(false),
    quiet: true,
  })
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-start" shadow="md" trapFocus withinPortal>
      <Popover.Target>
        <Button size="compact-xs" variant="default" aria-expanded={opened} onClick={() => setOpened(!opened)}>
          Change the end…
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <form
          onSubmit={(event) => {
            event.preventDefault()
            act.mutate(until === '' ? null : afterDay(until))
          }}
        >
          <Stack gap="xs">
            <TextInput
              type="date"
              label="Until and including"
              description="Empty: no end"
              value={until}
              min={dateOf(Date.now())}
              onChange={(event) => setUntil(event.currentTarget.value)}
              data-autofocus
            />
            <Text size="xs" c="dimmed">
              Nothing is taken away and given again.
            </Text>
            {act.error !== null && <Failure error={act.error} />}
            <Group justify="flex-end">
              <Button type="submit" size="xs" loading={act.isPending}>
                Change
              </Button>
            </Group>
          </Stack>
        </form>
      </Popover.Dropdown>
    </Popover>
  )
}
