import { Radio, Stack, Text, Textarea } from '@mantine/core'
import { useState } from 'react'
import { settleChange, type SettledHow, type StuckChange } from '../../queries/plan.ts'
import { Dialog } from '../Dialog.tsx'
import { useAct } from '../useAct.tsx'

/** Says that a stuck change is dealt with, and how. */
export function SettleStuck({ of: { plan, change }, onClose }: { of: StuckChange; onClose: () => void }) {
  const [how, setHow] = useState<SettledHow>('by-hand')
  const [note, setNote] = useState('')
  const settle = useAct(() => settleChange(plan.id, change.id, { how, note }), {
    says: 'Settled. The next plan looks for itself.',
    forgets: ['plans', 'stuck', 'overview'],
    onDone: onClose,
    quiet: true,
  })
  return (
    <Dialog
      title="Settle this change"
      action="Settle"
      size="lg"
      ready={note.trim() !== ''}
      busy={settle.isPending}
      error={settle.error}
      onSubmit={() => settle.mutate(undefined)}
      onClose={onClose}
    >
      <Text size="sm">
        <b>{change.says}</b> Usher does not try it again. What is still to be done, the next plan plans anew.
      </Text>
      <Radio.Group label="How it ends" value={how} onChange={(value) => setHow(value as SettledHow)}>
        <Stack gap={6} mt={6}>
          <Radio value="by-hand" label="Done by hand" description={`Somebody did it in ${change.system.name}`} />
          <Radio value="not-needed" label="Not needed" description="It need not be done" />
        </Stack>
      </Radio.Group>
      <Textarea
        label="Note"
        description="For whoever asks later: what was done, or why not"
        required
        withAsterisk={false}
        autosize
        minRows={2}
        maxLength={1000}
        value={note}
        data-autofocus
        onChange={(event) => setNote(event.currentTarget.value)}
      />
    </Dialog>
  )
}
