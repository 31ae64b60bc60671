import { Text } from '@mantine/core'
import { IconFilterOff } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { changes, type Change, type ChangeFilter } from '../../queries/plan.ts'
import { NameLink, TextLink } from '../links.tsx'
import { Empty, Failure, Waiting } from '../states.tsx'
import { Symbol } from '../Symbol.tsx'
import { useMore } from '../useMore.ts'
import { VirtualList, type Column } from '../VirtualList.tsx'
import { ChangeState } from './ChangeState.tsx'
import { Diff } from './Diff.tsx'
import { Reasons } from './Reasons.tsx'
import classes from './ChangeList.module.css'

/** Changes of a plan in their order: what, from what to what, why, and how far it is. */
export function ChangeList({
  planId,
  filter,
  live,
  total,
}: {
  planId: string
  filter: ChangeFilter
  live: boolean
  total?: number
}) {
  const query = useInfiniteQuery(changes(planId, filter, live))
  const { items, more } = useMore(query)
  if (query.isPending) return <Waiting lines={10} />
  if (query.error) return <Failure error={query.error} retry={() => void query.refetch()} />
  if (items.length === 0)
    return (
      <Empty icon={IconFilterOff} title="No change fits">
        Take a filter away to see the others.
      </Empty>
    )
  return (
    <VirtualList
      label="Changes"
      items={items}
      columns={columnsOf(planId)}
      idOf={(c) => c.id}
      top
      rowHeight={66}
      more={more}
      total={total}
    />
  )
}

const columnsOf = (planId: string): Column<Change>[] => [
  { key: 'what', title: 'What', width: '3fr', cell: (change) => <What change={change} /> },
  { key: 'diff', title: 'Before → after', width: '3.4fr', cell: (change) => <Diff fields={change.fields} /> },
  { key: 'why', title: 'Why', width: '3fr', cell: (change) => <Reasons of={change.reasons} /> },
  { key: 'state', title: 'State', width: '1.7fr', cell: (change) => <ChangeState planId={planId} change={change} /> },
]

/** The sign, what it is about, where, and whose it is. */
export function What({ change }: { change: Change }) {
  return (
    <div className={classes.what}>
      <Symbol kind={change.kind} />
      <div>
        <Text fw={560} component="div">
          {titleOf(change)}
        </Text>
        <Text size="xs" c="dimmed" component="div">
          {change.stage === 1 ? 'People' : change.system.name}
          {change.person && change.person.name !== change.subject && (
            <>
              {' '}
              ·{' '}
              <TextLink to="/people/$id" params={{ id: change.person.id }}>
                {change.person.name}
              </TextLink>
            </>
          )}
        </Text>
      </div>
    </div>
  )
}

function titleOf(change: Change) {
  if (change.entitlement && change.kind === 'grant')
    return (
      <>
        {change.subject} <span className="dim quiet">gets</span> {change.entitlement.name}
      </>
    )
  if (change.entitlement && change.kind === 'revoke')
    return (
      <>
        {change.subject} <span className="dim quiet">loses</span> {change.entitlement.name}
      </>
    )
  if (change.stage === 1 && change.person)
    return (
      <NameLink to="/people/$id" params={{ id: change.person.id }}>
        {change.subject}
      </NameLink>
    )
  return change.subject
}
