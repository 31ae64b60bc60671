import { Alert, Button, Group, Radio, Text, TextInput } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { IconDoorExit } from '@tabler/icons-react'
import { useState } from 'react'
import { listed } from '../../lib/words.ts'
import { endPerson, liftPersonEnd } from '../../queries/leaver.ts'
import { useMay } from '../../queries/session.ts'
import { Confirm } from '../Confirm.tsx'
import { Dialog } from '../Dialog.tsx'
import { TextLink } from '../links.tsx'
import { useAct } from '../useAct.tsx'
import { When } from '../When.tsx'
import type { Schema } from '../../../../client/index.ts'

/** Ends a person, now or at a moment, in every system; then shows the clock. */
export function EndPerson({ person: of, onClose }: { person: Schema<'Person'>; onClose: () => void }) {
  const navigate = useNavigate()
  const [when, setWhen] = useState<'now' | 'later'>('now')
  const [at, setAt] = useState('')
  const [note, setNote] = useState('')
  const end = useAct(
    () =>
      endPerson(of.id, {
        at: when === 'now' ? undefined : new Date(at).toISOString(),
        note: note === '' ? undefined : note,
      }),
    {
      says: when === 'now' ? `${of.name} is being taken out of every system.` : 'The end is set.',
      forgets: ['people', 'plans', 'leavers', 'overview'],
      quiet: true,
      onDone: ({ leaverId }) => {
        onClose()
        if (leaverId !== null) void navigate({ to: '/leavers/$id', params: { id: leaverId } })
      },
    },
  )
  const systems = [...new Set(of.accounts.filter((a) => a.goneAt === null).map((a) => a.system.name))]
  return (
    <Dialog
      title={`End ${of.name}`}
      action={when === 'now' ? `End ${of.name} now` : 'Set the end'}
      ready={when === 'now' || at !== ''}
      danger
      busy={end.isPending}
      error={end.error}
      onSubmit={() => end.mutate(undefined)}
      onClose={onClose}
    >
      <Text>
        {systems.length === 0
          ? 'They have no account in any system. They count as ended, whatever the source says.'
          : `Sessions end, accounts are disabled and access is taken away in ${listed(systems)} at once, whatever the source says.`}{' '}
        Nothing is deleted, and it can be taken back.
      </Text>
      <Radio.Group label="When" value={when} onChange={(next) => setWhen(next === 'later' ? 'later' : 'now')}>
        <Group mt={4}>
          <Radio value="now" label="Now" data-autofocus />
          <Radio value="later" label="Later" />
        </Group>
      </Radio.Group>
      {when === 'later' && (
        <TextInput
          type="datetime-local"
          label="At"
          description="In your time zone"
          required
          withAsterisk={false}
          value={at}
          onChange={(e) => setAt(e.currentTarget.value)}
        />
      )}
      <TextInput
        label="Why"
        description="It stays with the end; the auditor reads this"
        value={note}
        onChange={(e) => setNote(e.currentTarget.value)}
      />
    </Dialog>
  )
}

/** Says that somebody ended this person by hand, or that their clock is there to be seen; and takes the end back. */
export function EndNotice({ person: of }: { person: Schema<'Person'> }) {
  const may = useMay()
  const [lifting, setLifting] = useState(false)
  const lift = useAct(() => liftPersonEnd(of.id), {
    says: 'Lifted. What they had comes back.',
    forgets: ['people', 'plans', 'leavers', 'overview'],
    quiet: true,
    onDone: () => setLifting(false),
  })
  if (of.end === null && of.leaverId === null) return null
  const pending = of.end !== null && of.leaverId === null
  return (
    <Alert
      icon={<IconDoorExit size={18} />}
      color={pending ? 'orange' : 'gray'}
      variant="light"
      title={of.end === null ? 'This person left' : pending ? 'Ends by hand' : 'Ended by hand'}
    >
      <Group justify="space-between" gap="sm">
        <Text size="sm" component="div">
          {of.end !== null && (
            <>
              By {of.end.by.name}, <When at={of.end.effectiveAt} exact />
              {of.end.note !== null && <>: {of.end.note}</>}.{' '}
            </>
          )}
          {of.leaverId !== null && (
            <TextLink to="/leavers/$id" params={{ id: of.leaverId }}>
              How fast they were gone
            </TextLink>
          )}
        </Text>
        {of.end !== null && may('people:end') && (
          <Button variant="default" size="xs" onClick={() => setLifting(true)}>
            {pending ? 'Take it back' : 'Lift the end'}
          </Button>
        )}
      </Group>
      <Confirm
        opened={lifting}
        title={pending ? 'Take the end back' : 'Lift the end'}
        action={pending ? 'Take it back' : 'Lift the end'}
        busy={lift.isPending}
        error={lift.error}
        onConfirm={() => lift.mutate(undefined)}
        onClose={() => setLifting(false)}
      >
        <Text>
          {pending
            ? `${of.name} stays as they are.`
            : `${of.name} is back as their source says, with what was taken from them. A plan enables their accounts again; where a system needs approval, it waits for it.`}
        </Text>
      </Confirm>
    </Alert>
  )
}
