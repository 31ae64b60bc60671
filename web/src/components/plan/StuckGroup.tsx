import { Button, Group, Text } from '@mantine/core'
import { IconChecks, IconRefresh } from '@tabler/icons-react'
import { useState } from 'react'
import { plural } from '../../lib/words.ts'
import { retryChange, type StuckChange } from '../../queries/plan.ts'
import { useMay } from '../../queries/session.ts'
import { TextLink } from '../links.tsx'
import { Rows, type RowColumn } from '../Rows.tsx'
import { Section } from '../Section.tsx'
import { useAct } from '../useAct.tsx'
import { When } from '../When.tsx'
import { SettleStuck } from './SettleStuck.tsx'

const fewMax = 8
const nouns = ['plans', 'stuck', 'overview']

/**
 * Changes that a system refused for the same cause: what it said, who is concerned, and the two ways to deal with them.
 * `all`: there are no others of the same cause that are not loaded yet.
 */
export function StuckGroup({ changes, all: complete }: { changes: StuckChange[]; all: boolean }) {
  const may = useMay()
  const [open, setOpen] = useState(false)
  const [settling, setSettling] = useState<StuckChange>()
  const { system, error } = changes[0]!.change
  const words = [...new Set(changes.map((c) => c.change.error?.words))]
  const retryAll = useAct(
    async () => {
      for (const { plan, change } of changes) await retryChange(plan.id, change.id)
    },
    { says: `${plural(changes.length, 'change')} tried again now.`, forgets: nouns },
  )
  const shown = open ? changes : changes.slice(0, fewMax)
  const columns = [...columnsFor(words.length > 1), ...(may('plans:retry') || may('plans:write') ? [actions(setSettling)] : [])]
  return (
    <Section
      title={system.name}
      count={complete ? changes.length : undefined}
      says={
        error && (
          <>
            {words.length === 1 && <Text component="span" c="var(--mantine-color-text)" inherit>“{error.words}” </Text>}
            {error.advice} <span className="mono">{error.code}</span>
          </>
        )
      }
      flush
      actions={
        may('plans:retry') &&
        changes.length > 1 && (
          <Button
            variant="default"
            leftSection={<IconRefresh size={16} />}
            loading={retryAll.isPending}
            onClick={() => retryAll.mutate(undefined)}
          >
            Retry {complete ? 'all' : 'these'} {changes.length}
          </Button>
        )
      }
    >
      <Rows label={`Stuck in ${system.name}`} items={shown} columns={columns} idOf={({ change }) => change.id} />
      {shown.length < changes.length && (
        <Group justify="center" p="xs">
          <Button variant="subtle" size="xs" onClick={() => setOpen(true)}>
            Show {complete ? 'all' : 'these'} {changes.length}
          </Button>
        </Group>
      )}
      {settling !== undefined && <SettleStuck of={settling} onClose={() => setSettling(undefined)} />}
    </Section>
  )
}

const columnsFor = (ownWords: boolean): RowColumn<StuckChange>[] => [
  {
    title: 'What',
    cell: ({ change }) => (
      <>
        {change.says}
        {ownWords && change.error && (
          <Text size="xs" c="dimmed">
            “{change.error.words}”
          </Text>
        )}
      </>
    ),
  },
  {
    title: 'Person',
    whole: true,
    cell: ({ change }) =>
      change.person && (
        <TextLink to="/people/$id" params={{ id: change.person.id }} search={{}}>
          {change.person.name}
        </TextLink>
      ),
  },
  {
    title: 'Plan',
    whole: true,
    cell: ({ plan }) => (
      <TextLink to="/plans/$id" params={{ id: plan.id }} search={{}}>
        Plan {plan.number}
      </TextLink>
    ),
  },
  {
    title: 'Stuck',
    whole: true,
    cell: ({ change, stuckSince }) => (
      <span className="dim">
        <When at={stuckSince} />, {change.attempts === 1 ? '1 try' : `${change.attempts} tries`}
      </span>
    ),
  },
]

const actions = (settle: (one: StuckChange) => void): RowColumn<StuckChange> => ({
  title: 'Actions',
  untitled: true,
  end: true,
  cell: (one) => <Actions of={one} onSettle={() => settle(one)} />,
})

function Actions({ of: { plan, change }, onSettle }: { of: StuckChange; onSettle: () => void }) {
  const may = useMay()
  const retry = useAct(() => retryChange(plan.id, change.id), { says: 'It is tried again now.', forgets: nouns })
  return (
    <Group gap={6} wrap="nowrap" display="inline-flex">
      {may('plans:retry') && (
        <Button
          size="compact-xs"
          variant="default"
          leftSection={<IconRefresh size={13} />}
          aria-label={`Retry now: ${change.says}`}
          loading={retry.isPending}
          onClick={() => retry.mutate(undefined)}
        >
          Retry
        </Button>
      )}
      {may('plans:write') && (
        <Button
          size="compact-xs"
          variant="default"
          leftSection={<IconChecks size={13} />}
          aria-label={`Settle: ${change.says}`}
          onClick={onSettle}
        >
          Settle…
        </Button>
      )}
    </Group>
  )
}
