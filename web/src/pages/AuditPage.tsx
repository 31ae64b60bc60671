import { Alert, Button, Group, List, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useInfiniteQuery } from '@tanstack/react-query'
import { IconAlertTriangle, IconDownload, IconHistory, IconLink, IconShieldCheck } from '@tabler/icons-react'
import { useState } from 'react'
import { Page } from '../components/Page.tsx'
import { Section } from '../components/Section.tsx'
import { Empty, Failure, Waiting } from '../components/states.tsx'
import { useAct } from '../components/useAct.tsx'
import { useMore } from '../components/useMore.ts'
import { VirtualList, type Column } from '../components/VirtualList.tsx'
import { When } from '../components/When.tsx'
import { count } from '../lib/words.ts'
import { audit, verifyAudit, type AuditFilter } from '../queries/work.ts'
import type { Schema } from '../../../client/index.ts'

type AuditRow = Schema<'AuditRow'>

const columns: Column<AuditRow>[] = [
  {
    key: 'at',
    title: 'When',
    width: '170px',
    cell: (row) => (
      <span className="dim">
        <When at={row.at} exact />
      </span>
    ),
  },
  { key: 'says', title: 'What', width: '4fr', cell: (row) => row.says },
  { key: 'actor', title: 'Who', width: '1.3fr', cell: (row) => <Text truncate>{row.actor.name}</Text> },
  {
    key: 'action',
    title: 'Action',
    width: '1.3fr',
    wide: true,
    cell: (row) => <span className="mono dim">{row.action}</span>,
  },
  {
    key: 'hash',
    title: 'Sealed',
    width: '110px',
    wide: true,
    cell: (row) =>
      row.hash ? (
        <Group gap={4} wrap="nowrap" title={row.hash}>
          <IconLink size={13} aria-label="sealed" />
          <span className="mono dim">{row.position}</span>
        </Group>
      ) : (
        <span className="dim">soon</span>
      ),
  },
]

/** Every decision and change, chained so that nobody can alter it unseen. */
export function AuditPage() {
  const [filter, setFilter] = useState<AuditFilter>({})
  const [asked] = useDebouncedValue(filter, 250)
  const query = useInfiniteQuery(audit(asked))
  const { items, more } = useMore(query)
  const verify = useAct(verifyAudit)
  const field = (name: keyof AuditFilter, label: string) => (
    <TextInput
      aria-label={label}
      placeholder={label}
      w={{ base: '100%', xs: 170 }}
      value={filter[name] ?? ''}
      {...(name === 'subject' ? { 'data-search': true } : {})}
      onChange={(event) => {
        const text = event.currentTarget.value
        setFilter((before) => ({ ...before, [name]: text === '' ? undefined : text }))
      }}
    />
  )
  return (
    <Page
      title="Audit"
      lead="Every decision and change. The rows are chained and the heads signed: an altered, removed or cut-off row is found."
      actions={
        <>
          <Button
            component="a"
            href="/api/audit/export"
            download="usher-audit.ndjson"
            variant="default"
            leftSection={<IconDownload size={16} />}
          >
            Export
          </Button>
          <Button
            leftSection={<IconShieldCheck size={16} />}
            loading={verify.isPending}
            onClick={() => verify.mutate(undefined)}
          >
            Verify the chain
          </Button>
        </>
      }
    >
      {verify.data && <Verdict of={verify.data} />}
      <Section
        title="Log"
        flush
        actions={
          <>
            {field('subject', 'Subject')}
            {field('action', 'Action')}
            {field('actor', 'Who')}
          </>
        }
      >
        {query.isPending ? (
          <Waiting lines={12} />
        ) : query.error ? (
          <Failure error={query.error} retry={() => void query.refetch()} />
        ) : items.length === 0 ? (
          <Empty icon={IconHistory} title="No entries">
            {Object.keys(asked).length > 0
              ? 'No entry fits. Take a filter away.'
              : 'Each decision and change will be listed here.'}
          </Empty>
        ) : (
          <VirtualList label="Audit" items={items} columns={columns} idOf={(row) => row.id} more={more} />
        )}
      </Section>
    </Page>
  )
}

function Verdict({ of }: { of: Schema<'Verification'> }) {
  if (of.ok) {
    return (
      <Alert
        color="petrol"
        variant="outline"
        icon={<IconShieldCheck size={18} />}
        title="The chain is whole"
        role="status"
      >
        {count(of.sealed)} sealed rows agree with their signed heads
        {of.unsealed > 0 && `; ${count(of.unsealed)} newer ones are sealed in a moment`}.
        {of.head && (
          <>
            {' '}
            Head <span className="mono">{of.head.slice(0, 16)}</span>
          </>
        )}
      </Alert>
    )
  }
  return (
    <Alert
      color="red"
      variant="outline"
      icon={<IconAlertTriangle size={18} />}
      title="The chain is broken"
      role="alert"
    >
      <List size="sm">
        {of.problems.map((p, i) => (
          <List.Item key={i}>{p.message}</List.Item>
        ))}
      </List>
    </Alert>
  )
}
