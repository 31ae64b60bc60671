import { Group, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { IconDoorExit } from '@tabler/icons-react'
import { useState } from 'react'
import { Choice } from '../components/Choice.tsx'
import { NameLink, TextLink } from '../components/links.tsx'
import { Page } from '../components/Page.tsx'
import { SearchField } from '../components/SearchField.tsx'
import { Section } from '../components/Section.tsx'
import { Empty, Failure, Waiting } from '../components/states.tsx'
import { StateTag } from '../components/Tag.tsx'
import { useMore } from '../components/useMore.ts'
import { VirtualList, type Column } from '../components/VirtualList.tsx'
import { When } from '../components/When.tsx'
import { leaverCauses, leaverStates } from '../lib/states.ts'
import { leavers, type LeaverFilter, type LeaverRow } from '../queries/leaver.ts'

const columns: Column<LeaverRow>[] = [
  {
    key: 'person',
    title: 'Person',
    width: '2fr',
    cell: (row) => (
      <NameLink to="/leavers/$id" params={{ id: row.id }}>
        {row.person.name}
      </NameLink>
    ),
  },
  { key: 'says', title: 'How it stands', width: '4fr', cell: (row) => <Text lineClamp={2}>{row.says}</Text> },
  { key: 'state', title: 'State', width: '1.3fr', cell: (row) => <StateTag table={leaverStates} state={row.state} /> },
  {
    key: 'cause',
    title: 'Because',
    width: '1.8fr',
    wide: true,
    cell: (row) => (
      <Text truncate>
        {leaverCauses[row.cause]}
        {row.cause === 'hand' && `, by ${row.by.name}`}
      </Text>
    ),
  },
  {
    key: 'when',
    title: 'Left',
    width: '1.2fr',
    cell: (row) => (
      <span className="dim">
        <When at={row.startedAt} />
      </span>
    ),
  },
]

/** People who left, newest first, each with the line of their clock. */
export function LeaversPage() {
  const navigate = useNavigate()
  const [search, setSearch] = useState('')
  const [filter, setFilter] = useState<LeaverFilter['filter']>()
  const query = useInfiniteQuery(leavers({ filter: filter ?? 'all', ...(search === '' ? {} : { search }) }))
  const { items, more } = useMore(query)
  return (
    <Page title="Leavers" lead="Who left, how fast they were gone from every system, and where something is left.">
      <Section
        title="Everybody who left"
        flush
        actions={
          <Group gap="xs">
            <SearchField label="Search leavers" onSearch={setSearch} />
            <Choice
              label="State"
              any="All"
              value={filter}
              onChange={setFilter}
              options={[
                { value: 'running', label: 'Not gone yet' },
                { value: 'gone', label: 'Gone everywhere' },
              ]}
            />
          </Group>
        }
      >
        {query.isPending ? (
          <Waiting lines={8} />
        ) : query.error ? (
          <Failure error={query.error} retry={() => void query.refetch()} />
        ) : items.length === 0 ? (
          <Empty icon={IconDoorExit} title={search === '' && filter === undefined ? 'Nobody left yet' : 'Nobody fits'}>
            {search === '' && filter === undefined ? (
              <>
                When an end date comes, a source ends somebody, or you end them on their page under{' '}
                <TextLink to="/people" search={{}}>
                  People
                </TextLink>
                , their clock appears here.
              </>
            ) : (
              'Search for another part of the name, or show all.'
            )}
          </Empty>
        ) : (
          <VirtualList
            label="Leavers"
            items={items}
            columns={columns}
            idOf={(row) => row.id}
            more={more}
            rowHeight={56}
            onOpen={(row) => void navigate({ to: '/leavers/$id', params: { id: row.id } })}
          />
        )}
      </Section>
    </Page>
  )
}
