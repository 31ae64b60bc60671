import { Button, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import { deleteObject, policy, type ObjectKind } from '../queries/policy.ts'
import { useMay } from '../queries/session.ts'
import { Confirm } from './Confirm.tsx'
import { useAct } from './useAct.tsx'

/** Removes one object of the policy, if nothing refers to it. */
export function DeleteObject({
  kind,
  id,
  name,
  onDone,
}: {
  kind: ObjectKind
  id: string
  name: string
  onDone: () => unknown
}) {
  const [asking, setAsking] = useState(false)
  const may = useMay()
  const revision = useQuery(policy).data?.revision
  const remove = useAct(() => deleteObject(kind, id, revision ?? 0), {
    says: `${name} is removed.`,
    onDone,
    quiet: true,
  })
  if (!may('policy:write')) return null
  return (
    <>
      <Button variant="default" leftSection={<IconTrash size={16} />} onClick={() => setAsking(true)}>
        Remove…
      </Button>
      <Confirm
        opened={asking}
        onClose={() => setAsking(false)}
        title={`Remove ${name}?`}
        action="Remove"
        danger
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate(undefined)}
      >
        <Text>
          Whatever people have because of it loses that reason. The next plan lists it, and nothing is written before.
        </Text>
      </Confirm>
    </>
  )
}
