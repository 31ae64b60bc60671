import { Alert } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { IconAlertTriangle, IconMinus } from '@tabler/icons-react'
import { TextLink } from '../components/links.tsx'
import { Page, PageOf } from '../components/Page.tsx'
import { Brakes } from '../components/plan/Brakes.tsx'
import { Forecast } from '../components/plan/Forecast.tsx'
import { Left } from '../components/plan/Left.tsx'
import { Matrix } from '../components/plan/Matrix.tsx'
import { Progress } from '../components/plan/Progress.tsx'
import { Section } from '../components/Section.tsx'
import { Empty, Waiting } from '../components/states.tsx'
import { StateTag } from '../components/Tag.tsx'
import { showInstant } from '../lib/time.ts'
import { planStates } from '../lib/states.ts'
import { plan, type Plan } from '../queries/plan.ts'
import { PlanChanges } from '../components/plan/PlanChanges.tsx'
import { PlanActions } from '../components/plan/PlanActions.tsx'
import { PlanAbout } from '../components/plan/PlanAbout.tsx'
import { PlanFindings } from '../components/plan/PlanFindings.tsx'

/** One plan: what would happen and why, what holds it, and how far it is. */
export function PlanPage() {
  const { id } = useParams({ from: '/inside/plans/$id' })
  const query = useQuery(plan(id))
  return <PageOf query={query}>{(data) => <Shown plan={data} />}</PageOf>
}

function Shown({ plan }: { plan: Plan }) {
  return (
    <Page
      title={plan.state === 'forecast' ? `Forecast for ${showInstant(plan.asOf)}` : `Plan ${plan.number}`}
      lead={plan.says}
      aside={<StateTag table={planStates} state={plan.state} />}
      trail={[
        <TextLink key="plans" to="/plans">
          Plans
        </TextLink>,
      ]}
      actions={<PlanActions plan={plan} />}
    >
      {plan.error && (
        <Alert color="red" variant="outline" icon={<IconAlertTriangle size={18} />} title={plan.error.message}>
          {plan.error.advice}
        </Alert>
      )}
      {plan.state === 'forecast' && <Forecast plan={plan} />}
      <PlanAbout plan={plan} />
      {plan.state === 'computing' && (
        <Section
          title="Computing"
          says={plan.progress ?? 'Sources and systems are being read and compared. Nothing is written.'}
        >
          <Waiting lines={4} />
        </Section>
      )}
      {plan.state === 'empty' && (
        <Empty icon={IconMinus} title="Nothing to change">
          Sources, people and systems agree.
        </Empty>
      )}
      <Progress plan={plan} />
      <Brakes plan={plan} />
      <PlanFindings plan={plan} />
      <Left plan={plan} />
      {plan.counts.length > 0 && (
        <Section title="At a glance" flush>
          <Matrix plan={plan} />
        </Section>
      )}
      {plan.counts.length > 0 && <PlanChanges plan={plan} />}
    </Page>
  )
}
