import { Button, Switch, Text, TextInput } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { IconCalendarTime } from '@tabler/icons-react'
import { useState } from 'react'
import { dateOf, endOfDay } from '../../lib/time.ts'
import { startForecast } from '../../queries/plan.ts'
import { Dialog } from '../Dialog.tsx'
import { useAct } from '../useAct.tsx'

/** Asks for a day to come, and shows what would be then. */
export function ForecastButton() {
  const navigate = useNavigate()
  const [opened, setOpened] = useState(false)
  const [date, setDate] = useState('')
  const [readAnew, setReadAnew] = useState(false)
  const act = useAct(() => startForecast(endOfDay(date), readAnew), {
    forgets: ['plans'],
    onDone: ({ planId }) => navigate({ to: '/plans/$id', params: { id: planId } }),
    quiet: true,
  })
  return (
    <>
      <Button variant="default" leftSection={<IconCalendarTime size={16} />} onClick={() => setOpened(true)}>
        Forecast…
      </Button>
      <Dialog
        opened={opened}
        title="What would be on a day to come?"
        action="Show the day"
        ready={date !== ''}
        busy={act.isPending}
        error={act.error}
        onSubmit={() => act.mutate(undefined)}
        onClose={() => setOpened(false)}
      >
        <Text size="sm" c="dimmed">
          Who starts, leaves, goes on leave and returns until then, what ends by itself, and the plan of that day. It is
          only shown, never carried out.
        </Text>
        <TextInput
          type="date"
          label="At the end of"
          required
          withAsterisk={false}
          min={dateOf(Date.now())}
          value={date}
          onChange={(event) => setDate(event.currentTarget.value)}
          data-autofocus
        />
        <Switch
          label="Read the systems first"
          description="Otherwise they are taken as last seen, which is faster"
          checked={readAnew}
          onChange={(event) => setReadAnew(event.currentTarget.checked)}
        />
      </Dialog>
    </>
  )
}
