import { Text } from '@mantine/core'
import { showInstant } from '../../lib/time.ts'
import type { Drift } from '../../queries/drift.ts'
import { Between } from '../Between.tsx'
import { TextLink } from '../links.tsx'
import type { RowColumn } from '../Rows.tsx'
import { When } from '../When.tsx'

export const driftKinds: Record<Drift['kind'], string> = {
  changed: 'Changed',
  extra: 'Nobody granted it',
  gone: 'Account gone',
}

const settledHow: Record<NonNullable<Drift['settled']>['how'], string> = {
  'put-back': 'Put back',
  adopted: 'Adopted',
  left: 'Left as it is',
  agrees: 'Right again by itself',
  explained: 'Policy has come to say so',
}

const whose: RowColumn<Drift>[] = [
  { title: 'What', cell: (d) => <What of={d} /> },
  {
    title: 'Person',
    whole: true,
    cell: (d) => (
      <TextLink to="/people/$id" params={{ id: d.person.id }} search={{}}>
        {d.person.name}
      </TextLink>
    ),
  },
  { title: 'System', whole: true, cell: (d) => d.system.name },
]

export const driftColumns: RowColumn<Drift>[] = [
  ...whose,
  {
    title: 'When',
    cell: (d) => (
      <span className="dim">
        <Between from={d.lastRightAt} to={d.firstSeenAt} />
      </span>
    ),
  },
]

export const settledColumns: RowColumn<Drift>[] = [
  ...whose,
  {
    title: 'Settled',
    cell: ({ settled }) =>
      settled !== null && (
        <>
          {settledHow[settled.how]}
          {settled.by !== null && settled.by.id !== 'usher' && ` by ${settled.by.name}`}
          {settled.plan !== null && (
            <>
              {', '}
              <TextLink to="/plans/$id" params={{ id: settled.plan.id }} search={{}}>
                plan {settled.plan.number}
              </TextLink>
            </>
          )}{' '}
          <span className="dim">
            <When at={settled.at} />
          </span>
        </>
      ),
  },
]

/** What is otherwise, and what the system itself says of who did it. */
function What({ of: { says, system, trace } }: { of: Drift }) {
  return (
    <>
      {says}
      {trace !== null && (
        <Text size="xs" c="dimmed" component="div">
          {system.name} says: {trace.says}
          {trace.at !== null && ` ${showInstant(trace.at)}`}
        </Text>
      )}
    </>
  )
}
