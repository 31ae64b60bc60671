import { Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { IconFileOff, IconMoodSmile } from '@tabler/icons-react'
import { setAside } from '../../queries/job.ts'
import type { Schema } from '../../../../client/index.ts'
import { Section } from '../Section.tsx'
import { Empty, Failure, Waiting } from '../states.tsx'
import { useMore } from '../useMore.ts'
import { VirtualList, type Column } from '../VirtualList.tsx'

type Row = Schema<'SetAside'>

const columns: Column<Row>[] = [
  { key: 'address', title: 'Cell', width: '130px', cell: (r) => <b className="mono">{r.address}</b> },
  { key: 'column', title: 'Column', width: '1fr', cell: (r) => r.column ?? '—' },
  {
    key: 'value',
    title: 'It says',
    width: '1.4fr',
    cell: (r) =>
      r.value === null || r.value === '' ? (
        <span className="dim">nothing</span>
      ) : (
        <span className="mono">{r.value}</span>
      ),
  },
  {
    key: 'expected',
    title: 'Expected',
    width: '2fr',
    cell: (r) => (
      <div>
        {r.expected}
        <Text size="xs" c="dimmed">
          {r.advice}
        </Text>
      </div>
    ),
  },
  { key: 'code', title: 'Code', width: '1.4fr', wide: true, cell: (r) => <span className="mono dim">{r.code}</span> },
]

/** Rows of the last read that could not be used; the good ones went on. Mended rows come back by themselves. */
export function SetAside({ job }: { job: Schema<'Job'> }) {
  const query = useInfiniteQuery(setAside(job.id))
  const { items, more } = useMore(query)
  return (
    <Section
      title="Rows set aside"
      flush
      says="The other rows went on. A row comes back by itself when its cell is mended."
    >
      {query.isPending ? (
        <Waiting />
      ) : query.error ? (
        <Failure error={query.error} retry={() => void query.refetch()} />
      ) : items.length === 0 ? (
        <None lastSnapshot={job.lastSnapshot} />
      ) : (
        <VirtualList
          label="Rows set aside"
          items={items}
          columns={columns}
          idOf={(r) => `${r.address}/${r.code}/${r.expected}`}
          rowHeight={58}
          more={more}
        />
      )}
    </Section>
  )
}

/** No row was set aside: all could be used, or none was read. */
function None({ lastSnapshot }: { lastSnapshot: Schema<'Job'>['lastSnapshot'] }) {
  if (lastSnapshot === null) return <Empty icon={IconFileOff} title="Nothing was read yet" />
  if (lastSnapshot.state === 'reading') return <Waiting />
  if (lastSnapshot.state === 'complete') return <Empty icon={IconMoodSmile} title="Every row could be used" />
  return (
    <Empty icon={IconFileOff} title="The last read did not come to its end">
      {lastSnapshot.because}
    </Empty>
  )
}
