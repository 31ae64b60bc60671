import { Button, Group, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { IconClipboardCheck } from '@tabler/icons-react'
import { useState } from 'react'
import { Choice } from '../components/Choice.tsx'
import { NameLink } from '../components/links.tsx'
import { Page } from '../components/Page.tsx'
import { Section } from '../components/Section.tsx'
import { Empty, Failure, Waiting } from '../components/states.tsx'
import { StateTag, Tag } from '../components/Tag.tsx'
import { useAct } from '../components/useAct.tsx'
import { useMore } from '../components/useMore.ts'
import { VirtualList, type Column } from '../components/VirtualList.tsx'
import { When } from '../components/When.tsx'
import { planStates } from '../lib/states.ts'
import { count } from '../lib/words.ts'
import { ForecastButton } from '../components/plan/ForecastButton.tsx'
import { plans, startPlan, type PlanRow } from '../queries/plan.ts'
import { useMay } from '../queries/session.ts'

const columns: Column<PlanRow>[] = [
  {
    key: 'number',
    title: 'Plan',
    width: '70px',
    cell: (plan) => (
      <NameLink to="/plans/$id" params={{ id: plan.id }}>
        Plan {plan.number}
      </NameLink>
    ),
  },
  { key: 'says', title: 'What', width: '5fr', cell: (plan) => <Text lineClamp={2}>{plan.says}</Text> },
  {
    key: 'state',
    title: 'State',
    width: '2fr',
    cell: (plan) => (
      <Group gap={4}>
        <StateTag table={planStates} state={plan.state} />
        {plan.failed > 0 && <Tag tone="bad">{count(plan.failed)} failed</Tag>}
      </Group>
    ),
  },
  { key: 'by', title: 'Made by', width: '1.4fr', wide: true, cell: (plan) => <Text truncate>{plan.madeBy.name}</Text> },
  {
    key: 'when',
    title: 'Made',
    width: '1.2fr',
    cell: (plan) => (
      <span className="dim">
        <When at={plan.madeAt} />
      </span>
    ),
  },
]

/** All plans, newest first. */
export function PlansPage() {
  const navigate = useNavigate()
  const may = useMay()
  const [state, setState] = useState<PlanRow['state']>()
  const query = useInfiniteQuery(plans(state))
  const { items, more } = useMore(query)
  const start = useAct(() => startPlan(null), {
    forgets: ['plans', 'overview'],
    onDone: ({ planId }) => navigate({ to: '/plans/$id', params: { id: planId } }),
  })
  const plan = may('plans:write') && (
    <Button onClick={() => start.mutate(undefined)} loading={start.isPending}>
      Plan everything
    </Button>
  )
  return (
    <Page
      title="Plans"
      lead="What would change, or did, and why. What you review is what is carried out."
      actions={
        <>
          {may('plans:write') && <ForecastButton />}
          {plan}
        </>
      }
    >
      <Section
        title="All plans"
        flush
        actions={
          <Choice
            label="State"
            any="All states"
            value={state}
            onChange={setState}
            options={(Object.keys(planStates) as PlanRow['state'][]).map((value) => ({
              value,
              label: planStates[value]!.label,
            }))}
          />
        }
      >
        {query.isPending ? (
          <Waiting lines={8} />
        ) : query.error ? (
          <Failure error={query.error} retry={() => void query.refetch()} />
        ) : items.length === 0 ? (
          <Empty
            icon={IconClipboardCheck}
            title={state ? 'No plan in this state' : 'No plans yet'}
            action={state ? undefined : plan}
          >
            A plan reads all sources and systems and lists what would change. It writes nothing.
          </Empty>
        ) : (
          <VirtualList
            label="Plans"
            items={items}
            columns={columns}
            idOf={(p) => p.id}
            more={more}
            rowHeight={56}
            onOpen={(p) => void navigate({ to: '/plans/$id', params: { id: p.id } })}
          />
        )}
      </Section>
    </Page>
  )
}
