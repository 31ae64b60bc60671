import { Button, Center, Table } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { IconHourglass } from '@tabler/icons-react'
import { endException, exceptions } from '../../queries/drift.ts'
import { useMay } from '../../queries/session.ts'
import { TextLink } from '../links.tsx'
import { Section } from '../Section.tsx'
import { Empty, Failure, Waiting } from '../states.tsx'
import { useAct } from '../useAct.tsx'
import { useMore } from '../useMore.ts'
import { When } from '../When.tsx'
import { WideTable } from '../WideTable.tsx'

/** What is left as it is by decision, the next to end first. */
export function ExceptionList() {
  const may = useMay()
  const navigate = useNavigate()
  const query = useInfiniteQuery(exceptions)
  const { items, more } = useMore(query)
  const end = useAct(endException, {
    forgets: ['drift', 'plans'],
    onDone: ({ planId }) => navigate({ to: '/plans/$id', params: { id: planId }, search: {} }),
  })
  return (
    <Section title="Exceptions" says="Deviations from policy that somebody decided. At its end the next plan treats a thing like everything else." flush>
      {query.isPending ? (
        <Waiting />
      ) : query.error ? (
        <Failure error={query.error} retry={() => void query.refetch()} />
      ) : items.length === 0 ? (
        <Empty icon={IconHourglass} title="No exceptions">
          Leave drift as it is, or undo a plan, and what is left stands here with its date.
        </Empty>
      ) : (
        <WideTable label="Exceptions" minWidth={760}>
          <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>What</Table.Th>
              <Table.Th>Person</Table.Th>
              <Table.Th>System</Table.Th>
              <Table.Th>Until</Table.Th>
              <Table.Th>Why</Table.Th>
              {may('drift:settle') && <Table.Th aria-label="Actions" />}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {items.map((x) => (
              <Table.Tr key={x.id}>
                <Table.Td>{x.says}</Table.Td>
                <Table.Td>
                  <TextLink to="/people/$id" params={{ id: x.person.id }} search={{}}>
                    {x.person.name}
                  </TextLink>
                </Table.Td>
                <Table.Td style={{ whiteSpace: 'nowrap' }}>{x.system.name}</Table.Td>
                <Table.Td>{x.until === null ? 'somebody ends it' : <When at={x.until} exact />}</Table.Td>
                <Table.Td className="dim">
                  {x.note} {x.by.name}
                </Table.Td>
                {may('drift:settle') && (
                  <Table.Td>
                    <Button size="compact-xs" variant="default" loading={end.isPending && end.variables === x.id} onClick={() => end.mutate(x.id)}>
                      End now
                    </Button>
                  </Table.Td>
                )}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        </WideTable>
      )}
      {more.has && (
        <Center p="sm">
          <Button variant="default" loading={more.loading} onClick={more.load}>
            Show more
          </Button>
        </Center>
      )}
    </Section>
  )
}
