import { Button, Center, Checkbox, Group, Table, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { IconArrowBackUp, IconDownload, IconMoodSmile } from '@tabler/icons-react'
import { useState } from 'react'
import { plural } from '../../lib/words.ts'
import { drift, putBackDrift, type Drift } from '../../queries/drift.ts'
import { useMay } from '../../queries/session.ts'
import { Choice } from '../Choice.tsx'
import { TextLink } from '../links.tsx'
import { SearchField } from '../SearchField.tsx'
import { Section } from '../Section.tsx'
import { Empty, Failure, Waiting } from '../states.tsx'
import { useAct } from '../useAct.tsx'
import { useMore } from '../useMore.ts'
import { When } from '../When.tsx'
import { WideTable } from '../WideTable.tsx'
import { Settle } from './Settle.tsx'
import { SystemChoice } from './SystemChoice.tsx'

const kinds = { changed: 'Changed', extra: 'Nobody granted it', gone: 'Gone' }
const settledHow = { 'put-back': 'put back', adopted: 'adopted', left: 'left', agrees: 'right again', explained: 'policy changed' }

/** What somebody changed in systems by hand; several can be chosen and settled together. */
export function DriftList() {
  const may = useMay()
  const navigate = useNavigate()
  const [system, setSystem] = useState<string>()
  const [kind, setKind] = useState<Drift['kind']>()
  const [state, setState] = useState<'settled'>()
  const [search, setSearch] = useState('')
  const [chosen, setChosen] = useState<string[]>([])
  const [asking, setAsking] = useState<'adopt' | 'leave'>()
  const query = useInfiniteQuery(drift({ system, kind, settled: state === 'settled', ...(search === '' ? {} : { search }) }))
  const { items, more } = useMore(query)
  const ids = items.map((d) => d.id).filter((id) => chosen.includes(id))
  const putBack = useAct(() => putBackDrift(ids), {
    forgets: ['plans', 'overview'],
    onDone: ({ planId }) => navigate({ to: '/plans/$id', params: { id: planId }, search: {} }),
  })
  const choosing = may('drift:settle') && state !== 'settled'
  const filtered = system !== undefined || kind !== undefined || search !== ''
  return (
    <Section
      title={state === 'settled' ? 'Settled' : 'Changed by hand'}
      count={query.data?.pages[0]?.total}
      flush
      actions={
        <>
          <SearchField label="Search drift" onSearch={setSearch} />
          <SystemChoice value={system} onChange={setSystem} />
          <Choice
            label="Kind"
            any="All kinds"
            value={kind}
            onChange={setKind}
            options={Object.entries(kinds).map(([value, label]) => ({ value: value as Drift['kind'], label }))}
          />
          <Choice label="State" any="To settle" value={state} onChange={setState} options={[{ value: 'settled', label: 'Settled' }]} />
          {may('drift:export') && (
            <Button
              component="a"
              href={`/api/drift.csv?${new URLSearchParams({ ...(system ? { system } : {}), ...(kind ? { kind } : {}), settled: String(state === 'settled') }).toString()}`}
              download
              variant="default"
              leftSection={<IconDownload size={16} />}
            >
              CSV
            </Button>
          )}
        </>
      }
    >
      {choosing && ids.length > 0 && (
        <Group p="sm" gap="xs" role="toolbar" aria-label="Settle what is chosen">
          <Text size="sm">{plural(ids.length, 'thing')} chosen</Text>
          <Button size="xs" leftSection={<IconArrowBackUp size={14} />} loading={putBack.isPending} onClick={() => putBack.mutate(undefined)}>
            Put back
          </Button>
          <Button size="xs" variant="default" onClick={() => setAsking('adopt')}>
            Adopt
          </Button>
          <Button size="xs" variant="default" onClick={() => setAsking('leave')}>
            Leave until…
          </Button>
        </Group>
      )}
      {query.isPending ? (
        <Waiting />
      ) : query.error ? (
        <Failure error={query.error} retry={() => void query.refetch()} />
      ) : items.length === 0 ? (
        <Empty icon={IconMoodSmile} title={filtered ? 'Nothing fits' : state === 'settled' ? 'Nothing was settled yet' : 'Nothing drifted'}>
          {filtered ? 'Choose another system or kind, or search for another name.' : 'Every plan looks for what somebody changed in the systems. What it finds stands here.'}
        </Empty>
      ) : (
        <WideTable label="Drift" minWidth={760}>
          <Table>
          <Table.Thead>
            <Table.Tr>
              {choosing && (
                <Table.Th w={40}>
                  <Checkbox
                    aria-label="Choose all"
                    checked={ids.length === items.length}
                    indeterminate={ids.length > 0 && ids.length < items.length}
                    onChange={(e) => setChosen(e.currentTarget.checked ? items.map((d) => d.id) : [])}
                  />
                </Table.Th>
              )}
              <Table.Th>What</Table.Th>
              <Table.Th>Person</Table.Th>
              <Table.Th>System</Table.Th>
              <Table.Th>{state === 'settled' ? 'Settled' : 'When'}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {items.map((d) => (
              <Table.Tr key={d.id}>
                {choosing && (
                  <Table.Td>
                    <Checkbox
                      aria-label={`Choose: ${d.says}`}
                      checked={chosen.includes(d.id)}
                      onChange={(e) => setChosen(e.currentTarget.checked ? [...chosen, d.id] : chosen.filter((id) => id !== d.id))}
                    />
                  </Table.Td>
                )}
                <Table.Td>
                  {d.says}
                </Table.Td>
                <Table.Td style={{ whiteSpace: 'nowrap' }}>
                  <TextLink to="/people/$id" params={{ id: d.person.id }} search={{}}>
                    {d.person.name}
                  </TextLink>
                </Table.Td>
                <Table.Td style={{ whiteSpace: 'nowrap' }}>{d.system.name}</Table.Td>
                <Table.Td className="dim">
                  {d.settled !== null ? (
                    <>
                      {settledHow[d.settled.how]} <When at={d.settled.at} />
                      {d.settled.by !== null && d.settled.by.id !== 'usher' && ` by ${d.settled.by.name}`}
                    </>
                  ) : d.lastRightAt === null ? (
                    <>
                      seen <When at={d.firstSeenAt} />
                    </>
                  ) : (
                    <>
                      between <When at={d.lastRightAt} exact /> and <When at={d.firstSeenAt} exact />
                    </>
                  )}
                </Table.Td>
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
      {asking !== undefined && (
        <Settle
          ids={ids}
          how={asking}
          onClose={() => setAsking(undefined)}
          onDone={() => {
            setAsking(undefined)
            setChosen([])
          }}
        />
      )}
    </Section>
  )
}
