import { Button, Checkbox, Group, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { IconArrowBackUp, IconDownload, IconMoodSmile } from '@tabler/icons-react'
import { useState } from 'react'
import { plural } from '../../lib/words.ts'
import { drift, putBackDrift, type Drift } from '../../queries/drift.ts'
import { useMay } from '../../queries/session.ts'
import { Choice } from '../Choice.tsx'
import { Listed } from '../Listed.tsx'
import { Rows, type RowColumn } from '../Rows.tsx'
import { SearchField } from '../SearchField.tsx'
import { Section } from '../Section.tsx'
import { Empty } from '../states.tsx'
import { useAct } from '../useAct.tsx'
import { useMore } from '../useMore.ts'
import { driftColumns, driftKinds, settledColumns } from './drift-columns.tsx'
import { Settle } from './Settle.tsx'
import { SystemChoice } from './SystemChoice.tsx'

const kindOptions = Object.entries(driftKinds).map(([value, label]) => ({ value: value as Drift['kind'], label }))

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
  const settled = state === 'settled'
  const query = useInfiniteQuery(drift({ system, kind, settled, ...(search === '' ? {} : { search }) }))
  const { items } = useMore(query)
  const ids = items.map((d) => d.id).filter((id) => chosen.includes(id))
  const putBack = useAct(() => putBackDrift(ids), {
    forgets: ['plans', 'overview'],
    onDone: ({ planId }) => navigate({ to: '/plans/$id', params: { id: planId }, search: {} }),
  })
  const filtered = system !== undefined || kind !== undefined || search !== ''
  return (
    <Section
      title={settled ? 'Settled' : 'Changed by hand'}
      count={query.data?.pages[0]?.total}
      flush
      actions={
        <>
          <SearchField label="Search drift" onSearch={setSearch} />
          <SystemChoice value={system} onChange={setSystem} />
          <Choice label="Kind" any="All kinds" value={kind} onChange={setKind} options={kindOptions} />
          <Choice
            label="State"
            any="To settle"
            value={state}
            onChange={setState}
            options={[{ value: 'settled', label: 'Settled' }]}
            width={130}
          />
          {may('drift:export') && (
            <Button
              component="a"
              href={`/api/drift.csv?${new URLSearchParams({ ...(system ? { system } : {}), ...(kind ? { kind } : {}), settled: String(settled) }).toString()}`}
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
      {ids.length > 0 && !settled && (
        <Group px="md" py="xs" gap="xs" role="toolbar" aria-label="Settle what is chosen">
          <Text size="sm" mr="xs">
            {plural(ids.length, 'thing')} chosen
          </Text>
          <Button
            size="xs"
            leftSection={<IconArrowBackUp size={14} />}
            loading={putBack.isPending}
            title="Makes a plan of exactly these, to be reviewed"
            onClick={() => putBack.mutate(undefined)}
          >
            Put back
          </Button>
          <Button size="xs" variant="default" title="It is right as it is" onClick={() => setAsking('adopt')}>
            Adopt…
          </Button>
          <Button size="xs" variant="default" title="Nothing is done about it until then" onClick={() => setAsking('leave')}>
            Leave until…
          </Button>
        </Group>
      )}
      <Listed query={query} empty={<NothingThere filtered={filtered} settled={settled} />}>
        {(all) => (
          <Rows
            label="Drift"
            items={all}
            columns={
              settled ? settledColumns : may('drift:settle') ? [choosing(all, ids, setChosen), ...driftColumns] : driftColumns
            }
            idOf={(d) => d.id}
          />
        )}
      </Listed>
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

function NothingThere({ filtered, settled }: { filtered: boolean; settled: boolean }) {
  if (filtered)
    return (
      <Empty icon={IconMoodSmile} title="Nothing fits">
        Choose another system or kind, or search for another name.
      </Empty>
    )
  return (
    <Empty icon={IconMoodSmile} title={settled ? 'Nothing was settled yet' : 'Nothing drifted'}>
      {settled
        ? 'What you put back, adopt or leave stands here afterwards.'
        : 'Every plan looks for what somebody changed in the systems. What it finds stands here.'}
    </Empty>
  )
}

/** A box before each row, and one for all of them. */
function choosing(items: Drift[], ids: string[], choose: (ids: string[]) => void): RowColumn<Drift> {
  return {
    choose: true,
    title: (
      <Checkbox
        aria-label="Choose all"
        checked={ids.length === items.length}
        indeterminate={ids.length > 0 && ids.length < items.length}
        onChange={(e) => choose(e.currentTarget.checked ? items.map((d) => d.id) : [])}
      />
    ),
    cell: (d) => (
      <Checkbox
        aria-label={`Choose: ${d.says}`}
        checked={ids.includes(d.id)}
        onChange={(e) => choose(e.currentTarget.checked ? [...ids, d.id] : ids.filter((id) => id !== d.id))}
      />
    ),
  }
}
