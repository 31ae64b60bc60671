import { Group, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { IconPlus, IconRoute } from '@tabler/icons-react'
import { ButtonLink, NameLink, TextLink } from '../components/links.tsx'
import { Page } from '../components/Page.tsx'
import { Section } from '../components/Section.tsx'
import { Empty, Loaded } from '../components/states.tsx'
import { StateTag, Tag } from '../components/Tag.tsx'
import { VirtualList, type Column } from '../components/VirtualList.tsx'
import { When } from '../components/When.tsx'
import { methods } from '../lib/states.ts'
import { plural } from '../lib/words.ts'
import { jobs } from '../queries/job.ts'
import { useMay } from '../queries/session.ts'
import type { Schema } from '../../../client/index.ts'

type JobRow = Schema<'JobRow'>

const columns: Column<JobRow>[] = [
  {
    key: 'name',
    title: 'Job',
    width: '2.4fr',
    cell: (j) => (
      <div>
        <NameLink to="/jobs/$id" params={{ id: j.id }} search={{}}>
          {j.name}
        </NameLink>
        <Text size="xs" c="dimmed">
          {j.source.name} → {j.destination.name}
        </Text>
      </div>
    ),
  },
  {
    key: 'method',
    title: 'Method',
    width: '130px',
    cell: (j) => <StateTag table={methods} state={j.effectiveMethod} />,
  },
  {
    key: 'schedule',
    title: 'Schedule',
    width: '1.4fr',
    cell: (j) =>
      j.schedule ? (
        <div>
          <span className="mono">{j.schedule.cron}</span>
          <Text size="xs" c="dimmed" component="div">
            {j.nextRunAt && (
              <>
                next <When at={j.nextRunAt} />
              </>
            )}
          </Text>
        </div>
      ) : (
        <span className="dim">by hand</span>
      ),
  },
  {
    key: 'last',
    title: 'Last plan',
    width: '1.6fr',
    cell: (j) =>
      j.lastPlan ? (
        <Group gap={6}>
          <TextLink to="/plans/$id" params={{ id: j.lastPlan.id }} search={{}}>
            Plan {j.lastPlan.number}
          </TextLink>
          <span className="dim">
            <When at={j.lastPlan.madeAt} />
          </span>
        </Group>
      ) : (
        <span className="dim">never</span>
      ),
  },
  {
    key: 'aside',
    title: 'Rows',
    width: '120px',
    cell: (j) => j.setAside > 0 && <Tag tone="warn">{plural(j.setAside, 'row')} set aside</Tag>,
  },
]

/** The ways from sources to destinations. */
export function JobsPage() {
  const query = useQuery(jobs)
  const navigate = useNavigate()
  const may = useMay()
  const add = may('policy:write') && (
    <ButtonLink to="/jobs/new" search={{}} leftSection={<IconPlus size={16} />}>
      New job
    </ButtonLink>
  )
  return (
    <Page
      title="Jobs"
      lead="A job maps what a source says to what a destination needs: first into people, then from people into systems."
      actions={add}
    >
      <Section title="All jobs" count={query.data?.items.length} flush>
        <Loaded query={query}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty icon={IconRoute} title="No jobs yet" action={add}>
                Add your HR file as a system first; then a job says which column becomes what.
              </Empty>
            ) : (
              <VirtualList
                label="Jobs"
                items={items}
                columns={columns}
                idOf={(j) => j.id}
                rowHeight={58}
                onOpen={(j) => void navigate({ to: '/jobs/$id', params: { id: j.id }, search: {} })}
              />
            )
          }
        </Loaded>
      </Section>
    </Page>
  )
}
