import { Button, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useNavigate } from '@tanstack/react-router'
import { IconArrowBackUp } from '@tabler/icons-react'
import { useState } from 'react'
import { daysAhead, afterDay } from '../../lib/time.ts'
import { undoPlan } from '../../queries/drift.ts'
import type { Plan } from '../../queries/plan.ts'
import { Confirm } from '../Confirm.tsx'
import { useAct } from '../useAct.tsx'

/** Begins the plan that takes this one back. It is reviewed like any other before anything is written. */
export function Undo({ plan }: { plan: Plan }) {
  const [opened, dialog] = useDisclosure(false)
  const [until, setUntil] = useState(daysAhead(7))
  const navigate = useNavigate()
  const undo = useAct(() => undoPlan(plan.id, afterDay(until)), {
    forgets: ['plans', 'overview'],
    quiet: true,
    onDone: ({ planId }) => {
      dialog.close()
      return navigate({ to: '/plans/$id', params: { id: planId }, search: {} })
    },
  })
  return (
    <>
      <Button variant="default" leftSection={<IconArrowBackUp size={16} />} onClick={dialog.open}>
        Undo
      </Button>
      <Confirm
        opened={opened}
        title={`Undo plan ${plan.number}`}
        action="Make the plan"
        busy={undo.isPending}
        error={undo.error}
        onConfirm={() => undo.mutate(undefined)}
        onClose={dialog.close}
      >
        <p style={{ margin: 0 }}>
          A new plan takes back what this one did: it enables and disables again, restores values and memberships. It deletes nothing, lists what
          cannot be taken back, and waits for your approval.
        </p>
        <TextInput
          type="date"
          label="Leave it so until and including"
          description="Until then no plan does it all again. Correct the policy or the source before."
          value={until}
          onChange={(e) => setUntil(e.currentTarget.value)}
        />
      </Confirm>
    </>
  )
}
