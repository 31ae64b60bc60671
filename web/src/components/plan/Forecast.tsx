import { Alert, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { IconCalendarTime } from '@tabler/icons-react'
import { showInstant } from '../../lib/time.ts'
import { forecast, type Plan } from '../../queries/plan.ts'
import { TextLink } from '../links.tsx'
import { Rows, type RowColumn } from '../Rows.tsx'
import { Section } from '../Section.tsx'
import { Empty, Loaded } from '../states.tsx'
import type { Schema } from '../../../../client/index.ts'

/** Says that this is a day to come, and who comes and goes until then. */
export function Forecast({ plan }: { plan: Plan }) {
  const query = useQuery(forecast(plan.id))
  return (
    <>
      <Alert
        variant="light"
        icon={<IconCalendarTime size={18} />}
        title="What would be then if nothing but the calendar changed"
      >
        Plan {plan.number}, made {showInstant(plan.madeAt)}. It is only shown: nobody can approve it, and it is never carried out.
      </Alert>
      <Section title="Until then" says="Who starts, leaves and returns, and what begins and ends by itself." flush>
        <Loaded query={query} lines={4}>
          {(data) => <Comings of={data} />}
        </Loaded>
      </Section>
    </>
  )
}

function Comings({ of }: { of: Schema<'Forecast'> }) {
  const rows: Coming[] = [
    ...of.people.map((p) => ({ key: `p${p.person.id}`, at: p.at, person: p.person, says: p.says })),
    ...of.reasons.map((r, i) => ({ key: `r${i}`, at: r.at, person: r.person, says: r.says })),
  ].sort((a, b) => (a.at ?? '').localeCompare(b.at ?? ''))
  if (rows.length === 0)
    return (
      <Empty icon={IconCalendarTime} title="Nobody comes or goes">
        No reason begins or ends by itself until then, either.
      </Empty>
    )
  return (
    <>
      <Rows label="Until then" items={rows} columns={columns} idOf={(row) => row.key} />
      {of.more && (
        <Text size="xs" c="dimmed" p="sm">
          There are more than are listed here.
        </Text>
      )}
    </>
  )
}

interface Coming {
  key: string
  at: string | null
  person: { id: string; name: string }
  says: string
}

const columns: RowColumn<Coming>[] = [
  { title: 'When', whole: true, cell: (row) => (row.at === null ? '—' : showInstant(row.at)) },
  {
    title: 'Who',
    whole: true,
    cell: (row) => (
      <TextLink to="/people/$id" params={{ id: row.person.id }} search={{}}>
        {row.person.name}
      </TextLink>
    ),
  },
  { title: 'What', cell: (row) => row.says },
]
