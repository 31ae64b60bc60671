import { Group, UnstyledButton } from '@mantine/core'
import { IconChevronRight, IconFilterOff } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { changes, planPeople, type ChangeFilter } from '../../queries/plan.ts'
import type { Schema } from '../../../../client/index.ts'
import { NameLink } from '../links.tsx'
import { Empty, Failure, Waiting } from '../states.tsx'
import { Symbol } from '../Symbol.tsx'
import { Tag } from '../Tag.tsx'
import { useMore } from '../useMore.ts'
import { VirtualList, type Column } from '../VirtualList.tsx'
import { ChangeState } from './ChangeState.tsx'
import { What } from './ChangeList.tsx'
import { Diff } from './Diff.tsx'
import { Reasons } from './Reasons.tsx'
import classes from './PeopleList.module.css'

type PlanPerson = Schema<'PlanPerson'>

interface PeopleListProps {
  planId: string
  filter: ChangeFilter
  live: boolean
}

/** A plan by person: one row each, opened to everything that happens to them. */
export function PeopleList({ planId, filter, live }: PeopleListProps) {
  const [open, setOpen] = useState<Set<string>>(new Set())
  const query = useInfiniteQuery(planPeople(planId, filter, live))
  const { items, more } = useMore(query)
  const toggle = (id: string) =>
    setOpen((before) => (before.has(id) ? new Set([...before].filter((x) => x !== id)) : new Set(before).add(id)))
  if (query.isPending) return <Waiting lines={10} />
  if (query.error) return <Failure error={query.error} retry={() => void query.refetch()} />
  if (items.length === 0)
    return (
      <Empty icon={IconFilterOff} title="Nobody fits">
        Take a filter away to see the others.
      </Empty>
    )
  const columns: Column<PlanPerson>[] = [
    {
      key: 'person',
      title: 'Person',
      width: '1fr',
      cell: (row) => (
        <>
          <div className={classes.person}>
            <UnstyledButton
              className={classes.toggle}
              aria-expanded={open.has(row.person.id)}
              aria-label={`Changes of ${row.person.name}`}
              onClick={() => toggle(row.person.id)}
            >
              <IconChevronRight size={16} aria-hidden />
            </UnstyledButton>
            <div className={classes.name}>
              <NameLink to="/people/$id" params={{ id: row.person.id }}>
                {row.person.name}
              </NameLink>
            </div>
            <Group gap={10} className={classes.symbols}>
              {row.symbols.map((s) => (
                <span key={s.kind} className={classes.symbol}>
                  <Symbol kind={s.kind} /> {s.count}
                </span>
              ))}
            </Group>
            <span className={classes.systems}>{row.systems.join(', ')}</span>
            <Group gap={4}>
              {row.held > 0 && <Tag tone="warn">{row.held} held</Tag>}
              {row.failed > 0 && <Tag tone="bad">{row.failed} failed</Tag>}
            </Group>
          </div>
          {open.has(row.person.id) && (
            <ChangesOf planId={planId} filter={{ ...filter, search: undefined, person: row.person.id }} />
          )}
        </>
      ),
    },
  ]
  return (
    <VirtualList
      label="People in this plan"
      items={items}
      columns={columns}
      idOf={(row) => row.person.id}
      rowHeight={42}
      more={more}
      onOpen={(row) => toggle(row.person.id)}
    />
  )
}

function ChangesOf({ planId, filter }: { planId: string; filter: ChangeFilter }) {
  const query = useInfiniteQuery(changes(planId, filter, false))
  const { items } = useMore(query)
  if (query.isPending) return <Waiting lines={2} />
  if (query.error) return <Failure error={query.error} />
  return (
    <ul className={classes.changes}>
      {items.map((change) => (
        <li key={change.id}>
          <What change={change} />
          <Diff fields={change.fields} open />
          <Reasons of={change.reasons} />
          <ChangeState planId={planId} change={change} />
        </li>
      ))}
    </ul>
  )
}
