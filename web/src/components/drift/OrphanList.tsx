import { Button, Center, Menu, Table, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { IconDots, IconDownload, IconMoodSmile } from '@tabler/icons-react'
import { useState } from 'react'
import { orphans, protectOrphan, unmarkOrphan, type Orphan, type OrphanKind } from '../../queries/drift.ts'
import { useMay } from '../../queries/session.ts'
import { Choice } from '../Choice.tsx'
import { SearchField } from '../SearchField.tsx'
import { Section } from '../Section.tsx'
import { Empty, Failure, Waiting } from '../states.tsx'
import { Tag } from '../Tag.tsx'
import { useAct } from '../useAct.tsx'
import { useMore } from '../useMore.ts'
import { When } from '../When.tsx'
import { WideTable } from '../WideTable.tsx'
import { OrphanDialog, type OrphanAction } from './OrphanDialog.tsx'
import { SystemChoice } from './SystemChoice.tsx'

const kinds: { value: OrphanKind; label: string }[] = [
  { value: 'nobody', label: 'Of nobody' },
  { value: 'shared', label: 'Used by several' },
  { value: 'service', label: 'Services' },
  { value: 'ignored', label: 'Left out' },
]

/** Accounts of nobody, in one system or in all of them. Protected ones are not listed: nobody touches them. */
export function OrphanList({ systemId }: { systemId?: string }) {
  const may = useMay()
  const [system, setSystem] = useState<string>()
  const [kind, setKind] = useState<OrphanKind>('nobody')
  const [search, setSearch] = useState('')
  const [asking, setAsking] = useState<{ orphan: Orphan; action: OrphanAction }>()
  const only = systemId ?? system
  const query = useInfiniteQuery(orphans({ system: only, kind, ...(search === '' ? {} : { search }) }))
  const { items, more } = useMore(query)
  const protect = useAct(protectOrphan, { says: 'Protected: Usher never touches it.', forgets: ['drift', 'systems', 'policy'] })
  const unmark = useAct(({ id, as }: { id: string; as: 'service' | 'shared' | 'ignored' }) => unmarkOrphan(id, as), { says: 'Taken back.', forgets: ['drift'] })
  return (
    <Section
      title="Accounts of nobody"
      flush
      actions={
        <>
          <SearchField label="Search accounts" onSearch={setSearch} />
          {systemId === undefined && <SystemChoice value={system} onChange={setSystem} />}
          <Choice label="Kind" any="Of nobody" value={kind} onChange={(next) => setKind(next ?? 'nobody')} options={kinds} />
          {may('drift:export') && (
            <Button
              component="a"
              href={`/api/orphans.csv?${new URLSearchParams({ ...(only ? { system: only } : {}), kind }).toString()}`}
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
      {query.isPending ? (
        <Waiting />
      ) : query.error ? (
        <Failure error={query.error} retry={() => void query.refetch()} />
      ) : items.length === 0 ? (
        <Empty icon={IconMoodSmile} title={search === '' ? 'There is none' : 'Nothing fits'}>
          {kind === 'nobody' ? 'Every account that the last read saw is somebody\'s, protected, or declared a service\'s.' : 'Choose another kind, or search for another name.'}
        </Empty>
      ) : (
        <WideTable label="Accounts of nobody" minWidth={720}>
          <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Account</Table.Th>
              {systemId === undefined && <Table.Th>System</Table.Th>}
              <Table.Th>Holds</Table.Th>
              <Table.Th>Known of it</Table.Th>
              <Table.Th>Seen</Table.Th>
              {may('drift:settle') && <Table.Th aria-label="Actions" />}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {items.map((o) => (
              <Table.Tr key={o.id}>
                <Table.Td>
                  <Text className="mono" size="sm" style={{ overflowWrap: 'anywhere' }}>
                    {o.name}
                  </Text>
                  {!o.enabled && <Tag>disabled</Tag>}
                </Table.Td>
                {systemId === undefined && <Table.Td>{o.system.name}</Table.Td>}
                <Table.Td>{o.entitlements}</Table.Td>
                <Table.Td className="dim">
                  {o.marks.map((m) => (
                    <div key={m.kind}>
                      {m.kind === 'service' ? 'service' : m.kind === 'shared' ? 'used by several' : 'left out'}
                      {m.owner !== null && `, owner ${m.owner.name}`}
                      {m.until !== null && (
                        <>
                          {' until '}
                          <When at={m.until} exact />
                        </>
                      )}{' '}
                      {m.note}
                    </div>
                  ))}
                  {o.claimedBy.length > 0 && `may be ${o.claimedBy.map((p) => p.name).join(' or ')}`}
                </Table.Td>
                <Table.Td className="dim">
                  <When at={o.seenAt} />
                </Table.Td>
                {may('drift:settle') && (
                  <Table.Td>
                    <Menu position="bottom-end" shadow="md">
                      <Menu.Target>
                        <Button size="compact-sm" variant="default" aria-label={`What to do with ${o.name}`}>
                          <IconDots size={16} />
                        </Button>
                      </Menu.Target>
                      <Menu.Dropdown>
                        {o.person === null && <Menu.Item onClick={() => setAsking({ orphan: o, action: 'link' })}>Link to a person…</Menu.Item>}
                        {o.person === null && <Menu.Item onClick={() => setAsking({ orphan: o, action: 'service' })}>It is a service's…</Menu.Item>}
                        <Menu.Item onClick={() => setAsking({ orphan: o, action: 'shared' })}>Several people use it…</Menu.Item>
                        <Menu.Item onClick={() => setAsking({ orphan: o, action: 'ignored' })}>Leave out until a date…</Menu.Item>
                        {o.marks.map((m) => (
                          <Menu.Item key={m.kind} onClick={() => unmark.mutate({ id: o.id, as: m.kind })}>
                            Take back: {kinds.find((k) => k.value === m.kind)?.label}
                          </Menu.Item>
                        ))}
                        {may('policy:write') && <Menu.Item onClick={() => protect.mutate(o.id)}>Protect: never touch it</Menu.Item>}
                      </Menu.Dropdown>
                    </Menu>
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
      {asking !== undefined && <OrphanDialog {...asking} onClose={() => setAsking(undefined)} />}
    </Section>
  )
}
