import { Button, Group, Text } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { IconDownload, IconUsers } from '@tabler/icons-react'
import { useState } from 'react'
import { Choice } from '../components/Choice.tsx'
import { ButtonLink, NameLink } from '../components/links.tsx'
import { Page } from '../components/Page.tsx'
import { SearchField } from '../components/SearchField.tsx'
import { Section } from '../components/Section.tsx'
import { Empty, Failure, Waiting } from '../components/states.tsx'
import { StateTag } from '../components/Tag.tsx'
import { useMore } from '../components/useMore.ts'
import { VirtualList, type Column } from '../components/VirtualList.tsx'
import { personStates } from '../lib/states.ts'
import { count } from '../lib/words.ts'
import { people, peopleFilters, type PeopleFilter } from '../queries/person.ts'
import { useMay } from '../queries/session.ts'
import type { Schema } from '../../../client/index.ts'

type PersonRow = Schema<'PersonRow'>

const columns: Column<PersonRow>[] = [
  {
    key: 'name',
    title: 'Name',
    width: '2.2fr',
    cell: (p) => (
      <NameLink to="/people/$id" params={{ id: p.id }} search={{}}>
        {p.name}
      </NameLink>
    ),
  },
  { key: 'id', title: 'Employee id', width: '100px', cell: (p) => <span className="numbers dim">{p.employeeId}</span> },
  { key: 'title', title: 'Position', width: '2fr', cell: (p) => <Text truncate>{p.title ?? '—'}</Text> },
  { key: 'department', title: 'Department', width: '1.4fr', cell: (p) => <Text truncate>{p.department ?? '—'}</Text> },
  {
    key: 'location',
    title: 'Location',
    width: '1.1fr',
    wide: true,
    cell: (p) => <Text truncate>{p.location ?? '—'}</Text>,
  },
  {
    key: 'state',
    title: 'State',
    width: '150px',
    cell: (p) => <StateTag table={personStates} state={p.state} suffix={suffix(p)} />,
  },
  { key: 'accounts', title: 'Accounts', width: '70px', align: 'end', wide: true, cell: (p) => count(p.accounts) },
]

/** Everybody whom Usher knows. */
export function PeoplePage() {
  const navigate = useNavigate({ from: '/people' })
  const may = useMay()
  const { state } = useSearch({ from: '/inside/people' })
  const [rest, setRest] = useState<PeopleFilter>({ sort: 'name' })
  const known = isState(state) ? state : undefined
  const filter: PeopleFilter = { ...rest, ...(known === undefined ? {} : { state: known }) }
  const query = useInfiniteQuery(people(filter))
  const filters = useQuery(peopleFilters).data
  const { items, more } = useMore(query)
  const total = query.data?.pages[0]?.total ?? undefined
  const set = (change: Partial<PeopleFilter>) => setRest((before) => ({ ...before, ...change }))
  const nobody = filters !== undefined && filters.states.length === 0
  const exported = new URLSearchParams(
    Object.entries({ state: filter.state, department: filter.department, location: filter.location }).filter(
      (e): e is [string, string] => e[1] !== undefined,
    ),
  )
  return (
    <Page
      title="People"
      actions={
        may('people:export') &&
        !nobody && (
          <Button
            component="a"
            href={`/api/people.csv?${exported}`}
            download
            variant="default"
            leftSection={<IconDownload size={16} />}
          >
            Export CSV
          </Button>
        )
      }
    >
      <Section
        title={total === undefined ? 'Everybody' : `${count(total)} ${total === 1 ? 'person' : 'people'}`}
        flush
        actions={
          <Group gap="xs">
            <SearchField
              label="Search name, e-mail, employee id"
              width={270}
              onSearch={(search) => set({ search: search === '' ? undefined : search })}
            />
            <Choice
              label="State"
              any="All states"
              width={140}
              value={known}
              onChange={(next) => void navigate({ search: { state: next }, replace: true })}
              options={(filters?.states ?? []).map((s) => ({
                value: s.value,
                label: `${personStates[s.value]?.label ?? s.value} (${count(s.people)})`,
              }))}
            />
            <Choice
              label="Department"
              any="All departments"
              width={170}
              value={filter.department}
              onChange={(department) => set({ department })}
              options={(filters?.departments ?? []).map((d) => ({
                value: d.value,
                label: `${d.value} (${count(d.people)})`,
              }))}
            />
            <Choice
              label="Location"
              any="All locations"
              width={150}
              value={filter.location}
              onChange={(location) => set({ location })}
              options={(filters?.locations ?? []).map((l) => ({
                value: l.value,
                label: `${l.value} (${count(l.people)})`,
              }))}
            />
          </Group>
        }
      >
        {query.isPending ? (
          <Waiting lines={12} />
        ) : query.error ? (
          <Failure error={query.error} retry={() => void query.refetch()} />
        ) : items.length === 0 ? (
          nobody ? (
            <Empty
              icon={IconUsers}
              title="Nobody yet"
              action={
                may('policy:write') && (
                  <ButtonLink to="/systems/new" search={{ connector: 'file' }}>
                    Add your HR file
                  </ButtonLink>
                )
              }
            >
              People come from a source, such as your HR spreadsheet, through a job and an applied plan.
            </Empty>
          ) : (
            <Empty icon={IconUsers} title="Nobody fits">
              Search for less, or take a filter away.
            </Empty>
          )
        ) : (
          <VirtualList
            label="People"
            items={items}
            columns={columns}
            idOf={(p) => p.id}
            total={total}
            more={more}
            onOpen={(p) => void navigate({ to: '/people/$id', params: { id: p.id }, search: {} })}
          />
        )}
      </Section>
    </Page>
  )
}

function isState(state: string | undefined): state is PersonRow['state'] {
  return state !== undefined && state in personStates
}

function suffix(p: PersonRow): string {
  if (p.state === 'before-start' && p.start) return `, ${p.start}`
  return ''
}
