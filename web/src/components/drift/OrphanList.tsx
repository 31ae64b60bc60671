import { Button } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { IconDownload, IconMoodSmile } from '@tabler/icons-react'
import { useState } from 'react'
import { orphans, type Orphan, type OrphanKind } from '../../queries/drift.ts'
import { useMay } from '../../queries/session.ts'
import { Choice } from '../Choice.tsx'
import { Listed } from '../Listed.tsx'
import { Rows, type RowColumn } from '../Rows.tsx'
import { SearchField } from '../SearchField.tsx'
import { Section } from '../Section.tsx'
import { Empty } from '../states.tsx'
import { Tag } from '../Tag.tsx'
import { When } from '../When.tsx'
import { OrphanDialog, type OrphanAction } from './OrphanDialog.tsx'
import { OrphanMenu } from './OrphanMenu.tsx'
import { SystemChoice } from './SystemChoice.tsx'

const kinds: Record<OrphanKind, { label: string; says: string; none: string }> = {
  nobody: {
    label: 'Of nobody',
    says: 'They belong to no person that Usher knows. Usher does nothing to them; say whose they are.',
    none: "Every account that the last read saw is somebody's, protected, or declared a service's.",
  },
  shared: {
    label: 'Used by several',
    says: 'Match rules find several people for them, or somebody noted that several use them.',
    none: 'No account is known to be used by several people.',
  },
  service: {
    label: 'Services',
    says: 'They belong to no person; somebody answers for each.',
    none: 'Nobody declared a service account yet.',
  },
  ignored: { label: 'Hidden', says: 'They come back to the list after their date.', none: 'No account is hidden.' },
}

const columns: RowColumn<Orphan>[] = [
  {
    title: 'Account',
    cell: (o) => (
      <>
        <span className="mono">{o.name}</span> {!o.enabled && <Tag>disabled</Tag>}
      </>
    ),
  },
  { title: 'System', whole: true, cell: (o) => o.system.name },
  { title: 'Groups and roles', end: true, cell: (o) => o.entitlements },
  { title: 'Known of it', cell: (o) => <Known of={o} /> },
  {
    title: 'Seen',
    whole: true,
    cell: (o) => (
      <span className="dim">
        <When at={o.seenAt} />
      </span>
    ),
  },
]

/** Accounts of nobody, in one system or in all of them. Protected ones are not listed: nobody touches them. */
export function OrphanList({ systemId }: { systemId?: string }) {
  const may = useMay()
  const [system, setSystem] = useState<string>()
  const [other, setOther] = useState<OrphanKind>()
  const [search, setSearch] = useState('')
  const [asking, setAsking] = useState<{ orphan: Orphan; action: OrphanAction }>()
  const only = systemId ?? system
  const kind = other ?? 'nobody'
  const query = useInfiniteQuery(orphans({ system: only, kind, ...(search === '' ? {} : { search }) }))
  const shown = [
    ...columns.filter((c) => (systemId === undefined || c.title !== 'System') && (kind !== 'nobody' || c.title !== 'Known of it')),
    ...(may('drift:settle')
      ? [
          {
            title: 'Actions',
            untitled: true,
            end: true,
            cell: (orphan: Orphan) => <OrphanMenu orphan={orphan} onAsk={(action) => setAsking({ orphan, action })} />,
          },
        ]
      : []),
  ]
  return (
    <Section
      title={kind === 'nobody' ? 'Accounts of nobody' : kinds[kind].label}
      says={kinds[kind].says}
      flush
      actions={
        <>
          <SearchField label="Search accounts" onSearch={setSearch} />
          {systemId === undefined && <SystemChoice value={system} onChange={setSystem} />}
          <Choice
            label="Kind"
            any={kinds.nobody.label}
            value={other}
            onChange={setOther}
            options={(['shared', 'service', 'ignored'] as const).map((value) => ({ value, label: kinds[value].label }))}
          />
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
      <Listed
        query={query}
        empty={
          <Empty icon={IconMoodSmile} title={search === '' ? 'There is none' : 'Nothing fits'}>
            {search === '' ? kinds[kind].none : 'Choose another kind, or search for another name.'}
          </Empty>
        }
      >
        {(items) => <Rows label={kinds[kind].label} items={items} columns={shown} idOf={(o) => o.id} />}
      </Listed>
      {asking !== undefined && <OrphanDialog {...asking} onClose={() => setAsking(undefined)} />}
    </Section>
  )
}

const markWords: Record<Orphan['marks'][number]['kind'], string> = {
  service: 'A service',
  shared: 'Used by several people',
  ignored: 'Hidden',
}

/** What somebody said of it, and who it may be. */
function Known({ of }: { of: Orphan }) {
  return (
    <>
      {of.marks.map((m) => (
        <div key={m.kind}>
          {markWords[m.kind]}
          {m.owner !== null && `; ${m.owner.name} answers for it`}
          {m.until !== null && (
            <>
              {' until '}
              <When at={m.until} exact />
            </>
          )}
          {m.note !== '' && <span className="dim"> · {m.note}</span>}
        </div>
      ))}
      {of.claimedBy.length > 0 && <span className="dim">May be {of.claimedBy.map((p) => p.name).join(' or ')}</span>}
    </>
  )
}
