import { Button } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { IconHourglass } from '@tabler/icons-react'
import { endException, exceptions, type Exception } from '../../queries/drift.ts'
import { useMay } from '../../queries/session.ts'
import { TextLink } from '../links.tsx'
import { Listed } from '../Listed.tsx'
import { Rows, type RowColumn } from '../Rows.tsx'
import { Section } from '../Section.tsx'
import { Empty } from '../states.tsx'
import { useAct } from '../useAct.tsx'
import { When } from '../When.tsx'

const columns: RowColumn<Exception>[] = [
  { title: 'What', cell: (x) => x.says },
  {
    title: 'Person',
    whole: true,
    cell: (x) => (
      <TextLink to="/people/$id" params={{ id: x.person.id }} search={{}}>
        {x.person.name}
      </TextLink>
    ),
  },
  { title: 'System', whole: true, cell: (x) => x.system.name },
  { title: 'Until', whole: true, cell: (x) => (x.until === null ? 'no date' : <When at={x.until} exact />) },
  { title: 'Why', cell: (x) => x.note },
  { title: 'Decided by', cell: (x) => <span className="dim">{x.by.name}</span> },
]

/** What is left as it is by decision, the next to end first. */
export function ExceptionList() {
  const may = useMay()
  const navigate = useNavigate()
  const query = useInfiniteQuery(exceptions)
  const end = useAct(endException, {
    forgets: ['drift', 'plans'],
    onDone: ({ planId }) => navigate({ to: '/plans/$id', params: { id: planId }, search: {} }),
  })
  const actions: RowColumn<Exception> = {
    title: 'Actions',
    untitled: true,
    end: true,
    cell: (x) => (
      <Button
        size="compact-xs"
        variant="default"
        aria-label={`End now: ${x.says}`}
        loading={end.isPending && end.variables === x.id}
        onClick={() => end.mutate(x.id)}
      >
        End now
      </Button>
    ),
  }
  return (
    <Section
      title="Exceptions"
      says="What somebody decided to leave as it is, although policy says otherwise. When one ends, a plan treats the thing like everything else."
      flush
    >
      <Listed
        query={query}
        empty={
          <Empty icon={IconHourglass} title="No exceptions">
            Leave something under “Changed by hand” as it is, or undo a plan: it then stands here, with its date.
          </Empty>
        }
      >
        {(items) => (
          <Rows
            label="Exceptions"
            items={items}
            columns={may('drift:settle') ? [...columns, actions] : columns}
            idOf={(x) => x.id}
          />
        )}
      </Listed>
    </Section>
  )
}
