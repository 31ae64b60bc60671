import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { daysAhead, afterDay } from '../../lib/time.ts'
import { linkOrphan, markOrphan, type Orphan } from '../../queries/drift.ts'
import { PersonPicker } from '../PersonPicker.tsx'
import { Failure } from '../states.tsx'
import { useAct } from '../useAct.tsx'

export type OrphanAction = 'link' | 'service' | 'shared' | 'ignored'

const words: Record<OrphanAction, { title: string; says: string; action: string }> = {
  link: { title: 'Link to a person', says: 'A plan makes the account this person\'s. What it holds becomes a reason; nothing is taken from it.', action: 'Make the plan' },
  service: { title: 'It is a service\'s account', says: 'It belongs to no person; somebody answers for it. It is not matched with people.', action: 'Declare it' },
  shared: { title: 'Several people use it', says: 'It is noted and listed as such.', action: 'Note it' },
  ignored: { title: 'Leave it out of the list', says: 'It comes back to the list after the date. Nothing is done to the account.', action: 'Leave it out' },
}

/** Asks for what is needed to say what an account of nobody is. */
export function OrphanDialog({ orphan, action, onClose }: { orphan: Orphan; action: OrphanAction; onClose: () => void }) {
  const navigate = useNavigate()
  const [personId, setPersonId] = useState<string>()
  const [until, setUntil] = useState(daysAhead(30))
  const [note, setNote] = useState('')
  const { title, says, action: does } = words[action]
  const act = useAct(
    async () => {
      if (action === 'link') return await linkOrphan(orphan.id, personId!)
      const about = note === '' ? {} : { note }
      await markOrphan(orphan.id, {
        kind: action,
        ...about,
        ...(personId === undefined ? {} : { ownerId: personId }),
        ...(action === 'ignored' ? { until: afterDay(until) } : {}),
      })
      return null
    },
    {
      forgets: ['drift', 'plans'],
      quiet: true,
      onDone: (made) => {
        onClose()
        if (made !== null) void navigate({ to: '/plans/$id', params: { id: made.planId }, search: {} })
      },
    },
  )
  const needsPerson = action === 'link' || action === 'service'
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          act.mutate(undefined)
        }}
      >
        <Stack>
          <Text size="sm">
            <b className="mono">{orphan.name}</b> in {orphan.system.name}. {says}
          </Text>
          {action !== 'ignored' && <PersonPicker label={action === 'link' ? 'Person' : 'Who answers for it'} onPick={setPersonId} />}
          {action === 'ignored' && (
            <TextInput type="date" label="Until and including" value={until} onChange={(e) => setUntil(e.currentTarget.value)} />
          )}
          {action !== 'link' && (
            <TextInput label="Note" description="The auditor reads this" value={note} onChange={(e) => setNote(e.currentTarget.value)} />
          )}
          {act.error !== null && <Failure error={act.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={act.isPending} disabled={(needsPerson && personId === undefined) || (action === 'ignored' && until === '')}>
              {does}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
