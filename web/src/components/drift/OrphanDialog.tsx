import { Text, TextInput } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { daysAhead, afterDay } from '../../lib/time.ts'
import { linkOrphan, markOrphan, type Orphan } from '../../queries/drift.ts'
import { Dialog } from '../Dialog.tsx'
import { PersonPicker } from '../PersonPicker.tsx'
import { useAct } from '../useAct.tsx'

export type OrphanAction = 'link' | 'service' | 'shared' | 'ignored'

const words: Record<OrphanAction, { title: string; says: string; action: string }> = {
  link: {
    title: 'Link to a person',
    says: "A plan makes the account this person's. What it holds becomes a reason; nothing is taken from it.",
    action: 'Make the plan',
  },
  service: {
    title: "It is a service's account",
    says: 'It belongs to no person; somebody answers for it. It is not matched with people.',
    action: 'Declare it',
  },
  shared: { title: 'Several people use it', says: 'It is noted and listed as such.', action: 'Note it' },
  ignored: {
    title: 'Hide it from the list',
    says: 'It comes back to the list after the date. Nothing is done to the account.',
    action: 'Hide it',
  },
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
      await markOrphan(orphan.id, {
        kind: action,
        ...(note === '' ? {} : { note }),
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
    <Dialog
      title={title}
      action={does}
      ready={!(needsPerson && personId === undefined) && !(action === 'ignored' && until === '')}
      busy={act.isPending}
      error={act.error}
      onSubmit={() => act.mutate(undefined)}
      onClose={onClose}
    >
      <Text size="sm">
        <b className="mono">{orphan.name}</b> in {orphan.system.name}. {says}
      </Text>
      {action !== 'ignored' && (
        <PersonPicker label={action === 'link' ? 'Person' : 'Who answers for it'} onPick={setPersonId} />
      )}
      {action === 'ignored' && (
        <TextInput
          type="date"
          label="Until and including"
          value={until}
          onChange={(e) => setUntil(e.currentTarget.value)}
        />
      )}
      {action !== 'link' && (
        <TextInput
          label="Note"
          description="The auditor reads this"
          value={note}
          onChange={(e) => setNote(e.currentTarget.value)}
        />
      )}
    </Dialog>
  )
}
