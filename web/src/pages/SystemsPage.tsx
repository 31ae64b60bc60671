import { Group, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { IconPlugConnected, IconPlus } from '@tabler/icons-react'
import { ButtonLink, NameLink } from '../components/links.tsx'
import { Page } from '../components/Page.tsx'
import { Section } from '../components/Section.tsx'
import { Empty, Loaded } from '../components/states.tsx'
import { StateTag, Tag } from '../components/Tag.tsx'
import { VirtualList, type Column } from '../components/VirtualList.tsx'
import { When } from '../components/When.tsx'
import { methods, systemStates } from '../lib/states.ts'
import { count } from '../lib/words.ts'
import { useMay } from '../queries/session.ts'
import { systems, type SystemRow } from '../queries/system.ts'

const columns: Column<SystemRow>[] = [
  {
    key: 'name',
    title: 'System',
    width: '2.4fr',
    cell: (s) => (
      <div>
        <NameLink to="/systems/$id" params={{ id: s.id }} search={{}}>
          {s.name}
        </NameLink>
        <Text size="xs" c="dimmed">
          {s.connector} · {[s.source && 'source', s.destination && 'destination'].filter(Boolean).join(' and ')}
        </Text>
      </div>
    ),
  },
  {
    key: 'state',
    title: 'State',
    width: '1.4fr',
    cell: (s) => (
      <Group gap={4}>
        <StateTag table={systemStates} state={s.state} />
        {s.findings > 0 && <Tag tone="warn">{s.findings} wrong</Tag>}
      </Group>
    ),
  },
  {
    key: 'method',
    title: 'Method',
    width: '120px',
    cell: (s) =>
      s.destination ? <StateTag table={methods} state={s.method} /> : <span className="dim">read only</span>,
  },
  {
    key: 'accounts',
    title: 'Accounts',
    width: '90px',
    align: 'end',
    cell: (s) => (s.destination ? count(s.accounts) : <span className="dim">{count(s.lastRead?.rows ?? 0)} rows</span>),
  },
  {
    key: 'orphans',
    title: 'Orphans',
    width: '80px',
    align: 'end',
    wide: true,
    cell: (s) => (s.destination ? count(s.orphans) : '—'),
  },
  {
    key: 'entitlements',
    title: 'Entitlements',
    width: '100px',
    align: 'end',
    wide: true,
    cell: (s) => (s.destination ? count(s.entitlements) : '—'),
  },
  {
    key: 'read',
    title: 'Last read',
    width: '120px',
    cell: (s) => (
      <span className="dim">
        <When at={s.lastRead?.at} />
      </span>
    ),
  },
]

/** Everything with records: sources and destinations. */
export function SystemsPage() {
  const query = useQuery(systems)
  const navigate = useNavigate()
  const may = useMay()
  const add = may('policy:write') && (
    <ButtonLink to="/systems/new" search={{}} leftSection={<IconPlus size={16} />}>
      Add a system
    </ButtonLink>
  )
  return (
    <Page
      title="Systems"
      lead="Where people come from, and where they have accounts. A new system starts in observe: Usher reads it and writes nothing."
      actions={add}
    >
      <Section title="All systems" count={query.data?.items.length} flush>
        <Loaded query={query}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty icon={IconPlugConnected} title="No systems yet" action={add}>
                Begin with your HR file. It is read, never written.
              </Empty>
            ) : (
              <VirtualList
                label="Systems"
                items={items}
                columns={columns}
                idOf={(s) => s.id}
                rowHeight={58}
                onOpen={(s) => void navigate({ to: '/systems/$id', params: { id: s.id }, search: {} })}
              />
            )
          }
        </Loaded>
      </Section>
    </Page>
  )
}
