import { Alert, Table } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { IconCalendarTime } from '@tabler/icons-react'
import { showInstant } from '../../lib/time.ts'
import { forecast, type Plan } from '../../queries/plan.ts'
import { TextLink } from '../links.tsx'
import { Section } from '../Section.tsx'
import { Empty, Loaded } from '../states.tsx'
import { WideTable } from '../WideTable.tsx'
import type { Schema } from '../../../../client/index.ts'

/** Says that this is a day to come, and who comes and goes until then. */
export function Forecast({ plan }: { plan: Plan }) {
  const query = useQuery(forecast(plan.id))
  return (
    <>
      <Alert
        color="blue"
        variant="light"
        icon={<IconCalendarTime size={18} />}
        title={`A forecast for ${showInstant(plan.asOf)}`}
      >
        What would be then if nothing but the calendar changed since {showInstant(plan.madeAt)}. It is never carried
        out; nobody can approve it.
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
  const rows = [
    ...of.people.map((p) => ({ key: `p${p.person.id}`, at: p.at, person: p.person, says: p.says })),
    ...of.reasons.map((r, i) => ({ key: `r${i}`, at: r.at as string | null, person: r.person, says: r.says })),
  ].sort((a, b) => (a.at ?? '').localeCompare(b.at ?? ''))
  if (rows.length === 0)
    return (
      <Empty icon={IconCalendarTime} title="Nobody comes or goes">
        No reason begins or ends by itself until then, either.
      </Empty>
    )
  return (
    <WideTable label="Until then" minWidth={420}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>When</Table.Th>
            <Table.Th>Who</Table.Th>
            <Table.Th>What</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.key}>
              <Table.Td>{row.at === null ? '—' : showInstant(row.at)}</Table.Td>
              <Table.Td>
                <TextLink to="/people/$id" params={{ id: row.person.id }} search={{}}>
                  {row.person.name}
                </TextLink>
              </Table.Td>
              <Table.Td>{row.says}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
        {of.more && <Table.Caption>There are more than are listed here.</Table.Caption>}
      </Table>
    </WideTable>
  )
}
