import { Group, SegmentedControl, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { IconUserOff } from '@tabler/icons-react'
import { useState } from 'react'
import { accounts, type AccountFilter } from '../../queries/system.ts'
import type { Schema } from '../../../../client/index.ts'
import { AccountTags } from '../AccountTags.tsx'
import { TextLink } from '../links.tsx'
import { SearchField } from '../SearchField.tsx'
import { Section } from '../Section.tsx'
import { Empty, Failure, Waiting } from '../states.tsx'
import { Tag } from '../Tag.tsx'
import { useMore } from '../useMore.ts'
import { VirtualList, type Column } from '../VirtualList.tsx'
import { When } from '../When.tsx'

type Account = Schema<'Account'>

export const accountColumns: Column<Account>[] = [
  {
    key: 'name',
    title: 'Account',
    width: '2.6fr',
    cell: (a) => (
      <>
        <Text fw={540}>{a.name}</Text>
      </>
    ),
  },
  {
    key: 'person',
    title: 'Person',
    width: '1.6fr',
    cell: (a) =>
      a.person ? (
        <TextLink to="/people/$id" params={{ id: a.person.id }} search={{}}>
          {a.person.name}
        </TextLink>
      ) : (
        <Tag tone={a.protected ? 'neutral' : 'warn'}>{a.protected ? 'nobody' : 'orphan'}</Tag>
      ),
  },
  {
    key: 'state',
    title: 'State',
    width: '1.4fr',
    cell: (a) => (
      <Group gap={4}>
        <AccountTags account={a} />
      </Group>
    ),
  },
  { key: 'entitlements', title: 'Holds', width: '70px', align: 'end', wide: true, cell: (a) => a.entitlements },
  {
    key: 'seen',
    title: 'Seen',
    width: '110px',
    wide: true,
    cell: (a) => (
      <span className="dim">
        <When at={a.seenAt} />
      </span>
    ),
  },
]

const filters: { value: AccountFilter; label: string }[] = [
  { value: 'all', label: 'All' },
  { value: 'linked', label: 'Linked' },
  { value: 'orphan', label: 'Orphans' },
  { value: 'disabled', label: 'Disabled' },
  { value: 'protected', label: 'Protected' },
]

/** Accounts of a system as last seen. */
export function AccountList({ systemId }: { systemId: string }) {
  const [filter, setFilter] = useState<AccountFilter>('all')
  const [search, setSearch] = useState('')
  const query = useInfiniteQuery(accounts(systemId, filter, search))
  const { items, more } = useMore(query)
  return (
    <Section
      title="Accounts"
      flush
      actions={
        <>
          <SearchField label="Search accounts" onSearch={setSearch} width={200} />
          <SegmentedControl
            size="xs"
            aria-label="Which accounts"
            value={filter}
            data={filters}
            onChange={(value) => setFilter(filters.find((f) => f.value === value)?.value ?? 'all')}
          />
        </>
      }
    >
      {query.isPending ? (
        <Waiting />
      ) : query.error ? (
        <Failure error={query.error} retry={() => void query.refetch()} />
      ) : items.length === 0 ? (
        <Empty icon={IconUserOff} title="No account fits">
          {search === '' && filter === 'all' && 'Read the system to see its accounts.'}
        </Empty>
      ) : (
        <VirtualList label="Accounts" items={items} columns={accountColumns} idOf={(a) => a.id} more={more} />
      )}
    </Section>
  )
}
