import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { daysAhead, afterDay } from '../../lib/time.ts'
import { plural } from '../../lib/words.ts'
import { adoptDrift, leaveDrift } from '../../queries/drift.ts'
import { Failure } from '../states.tsx'
import { useAct } from '../useAct.tsx'

interface SettleProps {
  ids: string[]
  how: 'adopt' | 'leave'
  onClose: () => void
  onDone: () => void
}

/** Asks for what a decision about drift needs: why, and until when. */
export function Settle({ ids, how, onClose, onDone }: SettleProps) {
  const [until, setUntil] = useState(daysAhead(30))
  const [note, setNote] = useState('')
  const things = plural(ids.length, 'thing')
  const settle = useAct(
    async () => {
      if (how === 'adopt') await adoptDrift(ids, note)
      else await leaveDrift(ids, afterDay(until), note)
    },
    {
      says: how === 'adopt' ? `${things} adopted.` : `${things} left as they are.`,
      forgets: ['drift', 'people', 'plans'],
      onDone,
      quiet: true,
    },
  )
  return (
    <Modal
      opened
      onClose={onClose}
      title={how === 'adopt' ? `Adopt ${things}` : `Leave ${things} until a date`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          settle.mutate(undefined)
        }}
      >
        <Stack>
          <Text size="sm">
            {how === 'adopt'
              ? 'It is right as it is. Access that somebody gave by hand gets a reason of its own; anything else is left as it is until somebody ends the exception. Where it should hold for everybody, change the mapping or the rule instead.'
              : 'Nothing is done about it until then. After that the next plan treats it like everything else.'}
          </Text>
          {how === 'leave' && (
            <TextInput
              type="date"
              label="Until and including"
              required
              withAsterisk={false}
              value={until}
              onChange={(e) => setUntil(e.currentTarget.value)}
            />
          )}
          <TextInput
            label="Why"
            description="The auditor reads this"
            value={note}
            data-autofocus
            onChange={(e) => setNote(e.currentTarget.value)}
          />
          {settle.error !== null && <Failure error={settle.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={settle.isPending} disabled={how === 'leave' && until === ''}>
              {how === 'adopt' ? 'Adopt' : 'Leave it'}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
