import { Select, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { afterDay } from '../../lib/time.ts'
import { grant } from '../../queries/person.ts'
import { policy } from '../../queries/policy.ts'
import { Dialog } from '../Dialog.tsx'
import { useAct } from '../useAct.tsx'

/** Gives a role by hand, until an inclusive date. The plan that follows shows what it changes. */
export function Grant({
  id,
  name,
  opened,
  onClose,
}: {
  id: string
  name: string
  opened: boolean
  onClose: () => void
}) {
  const roles = useQuery({ ...policy, enabled: opened }).data?.policy.roles ?? []
  const [roleId, setRoleId] = useState<string | null>(null)
  const [from, setFrom] = useState('')
  const [until, setUntil] = useState('')
  const [note, setNote] = useState('')
  const give = useAct(
    () =>
      grant(id, {
        roleId: roleId!,
        from: from === '' ? undefined : new Date(`${from}T00:00:00`).toISOString(),
        until: until === '' ? undefined : afterDay(until),
        note: note === '' ? undefined : note,
      }),
    {
      says: 'Given. A plan for this person follows.',
      forgets: ['people', 'plans', 'overview'],
      onDone: onClose,
      quiet: true,
    },
  )
  return (
    <Dialog
      opened={opened}
      title={`Give ${name} a role`}
      action="Give the role"
      ready={roleId !== null}
      busy={give.isPending}
      error={give.error}
      onSubmit={() => give.mutate(undefined)}
      onClose={onClose}
    >
      <Select
        label="Role"
        required
        searchable
        data={roles.map((role) => ({ value: role.id, label: role.name }))}
        value={roleId}
        onChange={setRoleId}
        nothingFoundMessage="No such role"
        withAsterisk={false}
        data-autofocus
      />
      <TextInput
        type="date"
        label="From"
        description="Empty: at once"
        value={from}
        onChange={(e) => setFrom(e.currentTarget.value)}
      />
      <TextInput
        type="date"
        label="Until and including"
        description="Empty: until somebody ends it"
        value={until}
        onChange={(e) => setUntil(e.currentTarget.value)}
      />
      <TextInput
        label="Why"
        description="The auditor reads this"
        value={note}
        onChange={(e) => setNote(e.currentTarget.value)}
      />
      <Text size="sm" c="dimmed">
        Nothing is written before a plan that shows it; where the system is automatic, at once after it.
      </Text>
    </Dialog>
  )
}
