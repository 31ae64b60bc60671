import { Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { daysAhead, afterDay } from '../../lib/time.ts'
import { plural } from '../../lib/words.ts'
import { adoptDrift, leaveDrift } from '../../queries/drift.ts'
import { Dialog } from '../Dialog.tsx'
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
      says: how === 'adopt' ? `${things} adopted.` : `${things} left as ${ids.length === 1 ? 'it is' : 'they are'}.`,
      forgets: ['drift', 'people', 'plans'],
      onDone,
      quiet: true,
    },
  )
  return (
    <Dialog
      title={how === 'adopt' ? `Adopt ${things}` : `Leave ${things} until a date`}
      action={how === 'adopt' ? 'Adopt' : 'Leave it'}
      ready={how === 'adopt' || until !== ''}
      busy={settle.isPending}
      error={settle.error}
      onSubmit={() => settle.mutate(undefined)}
      onClose={onClose}
    >
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
    </Dialog>
  )
}
