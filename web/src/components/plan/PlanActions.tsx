import { Button } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { IconCertificate, IconDownload, IconPlayerPlay, IconPlayerStop, IconRefresh } from '@tabler/icons-react'
import { Approve } from './Approve.tsx'
import { Undo } from './Undo.tsx'
import { useAct } from '../useAct.tsx'
import { isMoving, plan, resumePlan, startPlan, stopPlan, type Plan } from '../../queries/plan.ts'
import { useMay } from '../../queries/session.ts'

/** What can be done with a plan as it is now. */
export function PlanActions({ plan }: { plan: Plan }) {
  const may = useMay()
  const waits = plan.approvedAt === null || plan.counts.some((c) => c.state === 'planned')
  const navigate = useNavigate()
  const stop = useAct(() => stopPlan(plan.id), { says: 'It stops between two changes.', forgets: ['plans'] })
  const resume = useAct(() => resumePlan(plan.id), { says: 'It goes on.', forgets: ['plans'] })
  const again = useAct(() => startPlan(plan.scope), {
    forgets: ['plans', 'overview'],
    onDone: ({ planId }) => navigate({ to: '/plans/$id', params: { id: planId } }),
  })
  const icon = { size: 16 }
  return (
    <>
      {may('plans:export') && plan.total > 0 && (
        <Button
          component="a"
          href={`/api/plans/${plan.id}/changes.csv`}
          download
          variant="default"
          leftSection={<IconDownload {...icon} />}
        >
          Export CSV
        </Button>
      )}
      {may('audit:read') && plan.approvedAt !== null && (
        <Button
          component="a"
          href={`/api/plans/${plan.id}/evidence`}
          download
          variant="default"
          leftSection={<IconCertificate {...icon} />}
          title="The plan, its results and its audit trail in one signed file"
        >
          Evidence
        </Button>
      )}
      {may('plans:write') && !isMoving(plan) && plan.counts.some((c) => c.stage === 2 && c.state === 'done') && <Undo plan={plan} />}
      {may('plans:write') && !isMoving(plan) && !['stopped', 'forecast'].includes(plan.state) && (
        <Button
          variant="default"
          leftSection={<IconRefresh {...icon} />}
          loading={again.isPending}
          onClick={() => again.mutate(undefined)}
        >
          Plan again
        </Button>
      )}
      {may('plans:write') && isMoving(plan) && plan.state !== 'computing' && (
        <Button
          variant="default"
          leftSection={<IconPlayerStop {...icon} />}
          loading={stop.isPending}
          onClick={() => stop.mutate(undefined)}
        >
          Stop
        </Button>
      )}
      {may('plans:write') && plan.state === 'stopped' && (
        <Button
          leftSection={<IconPlayerPlay {...icon} />}
          loading={resume.isPending}
          onClick={() => resume.mutate(undefined)}
        >
          Resume
        </Button>
      )}
      {['open', 'held'].includes(plan.state) && waits && <Approve plan={plan} />}
    </>
  )
}
