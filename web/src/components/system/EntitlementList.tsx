import { Drawer, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { IconKey } from '@tabler/icons-react'
import { useState } from 'react'
import { count } from '../../lib/words.ts'
import { entitlements, members } from '../../queries/system.ts'
import type { Schema } from '../../../../client/index.ts'
import { TextLink } from '../links.tsx'
import { SearchField } from '../SearchField.tsx'
import { Section } from '../Section.tsx'
import { Empty, Failure, Waiting } from '../states.tsx'
import { useMore } from '../useMore.ts'
import { VirtualList, type Column } from '../VirtualList.tsx'
import { When } from '../When.tsx'
import { Anchor, Button, List } from '@mantine/core'

type Entitlement = Schema<'Entitlement'>

/** Groups, roles and privileges of a system, and who holds them. */
export function EntitlementList({ systemId }: { systemId: string }) {
  const [search, setSearch] = useState('')
  const [shown, setShown] = useState<Entitlement>()
  const query = useInfiniteQuery(entitlements(systemId, search))
  const { items, more } = useMore(query)
  const columns: Column<Entitlement>[] = [
    {
      key: 'name',
      title: 'Entitlement',
      width: '3fr',
      cell: (e) => (
        <Anchor component="button" type="button" inherit ta="start" onClick={() => setShown(e)}>
          {e.name}
        </Anchor>
      ),
    },
    { key: 'type', title: 'Kind', width: '1fr', wide: true, cell: (e) => <span className="dim">{e.objectType}</span> },
    { key: 'members', title: 'Members', width: '90px', align: 'end', cell: (e) => count(e.members) },
    {
      key: 'seen',
      title: 'Seen',
      width: '110px',
      wide: true,
      cell: (e) => (
        <span className="dim">
          <When at={e.seenAt} />
        </span>
      ),
    },
  ]
  return (
    <Section
      title="Entitlements"
      flush
      actions={<SearchField label="Search entitlements" onSearch={setSearch} width={240} />}
    >
      {query.isPending ? (
        <Waiting />
      ) : query.error ? (
        <Failure error={query.error} retry={() => void query.refetch()} />
      ) : items.length === 0 ? (
        <Empty icon={IconKey} title="No entitlement fits">
          {search === '' && 'Read the system to see its groups and roles.'}
        </Empty>
      ) : (
        <VirtualList
          label="Entitlements"
          items={items}
          columns={columns}
          idOf={(e) => e.id}
          more={more}
          onOpen={setShown}
        />
      )}
      <Drawer
        opened={shown !== undefined}
        onClose={() => setShown(undefined)}
        position="right"
        title={shown?.name}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {shown && <Members systemId={systemId} entitlement={shown} />}
      </Drawer>
    </Section>
  )
}

function Members({ systemId, entitlement }: { systemId: string; entitlement: Entitlement }) {
  const query = useInfiniteQuery(members(systemId, entitlement.id))
  const { items, more } = useMore(query)
  if (query.isPending) return <Waiting />
  if (query.error) return <Failure error={query.error} />
  return (
    <>
      <Text c="dimmed" size="sm" mb="sm">
        {count(entitlement.members)} members, as last seen
      </Text>
      <List listStyleType="none" spacing={6}>
        {items.map((account) => (
          <List.Item key={account.id}>
            {account.name}
            {account.person && (
              <Text size="sm" c="dimmed" component="div">
                <TextLink to="/people/$id" params={{ id: account.person.id }} search={{}}>
                  {account.person.name}
                </TextLink>
              </Text>
            )}
          </List.Item>
        ))}
      </List>
      {more.has && (
        <Button mt="md" variant="default" loading={more.loading} onClick={more.load}>
          Show more
        </Button>
      )}
    </>
  )
}
