import { Button, List, Text } from '@mantine/core'
import { IconCheck } from '@tabler/icons-react'
import { useState } from 'react'
import { kindOrder, kindWords, verbOf } from '../../lib/change-kinds.ts'
import { count, plural } from '../../lib/words.ts'
import { approvePlan, type Plan } from '../../queries/plan.ts'
import { useMay } from '../../queries/session.ts'
import { Confirm } from '../Confirm.tsx'
import { Symbol } from '../Symbol.tsx'
import { useAct } from '../useAct.tsx'

/** Approves exactly what was reviewed: the dialog repeats the counts, and asks for a number where something is taken away. */
export function Approve({ plan }: { plan: Plan }) {
  const [opened, setOpened] = useState(false)
  const may = useMay()
  const hash = plan.hash ?? ''
  const approve = useAct(() => approvePlan(plan.id, hash), {
    says: `Plan ${plan.number} is approved.`,
    forgets: ['plans', 'overview'],
    onDone: () => setOpened(false),
    quiet: true,
  })
  const goes = plan.counts.filter((c) => c.state === 'planned')
  const held = total(plan.counts.filter((c) => c.state === 'held'))
  const observed = total(plan.counts.filter((c) => c.state === 'observed'))
  const away = total(goes.filter((c) => c.stage === 2 && kindWords(c.kind).takesAway))
  const lines = groups(goes)
  return (
    <>
      <Button
        leftSection={<IconCheck size={16} />}
        disabled={!may('plans:write') || lines.length === 0}
        onClick={() => setOpened(true)}
        title={
          lines.length === 0 ? 'Nothing in it can be carried out: everything is held or only observed.' : undefined
        }
      >
        Approve…
      </Button>
      <Confirm
        opened={opened}
        onClose={() => setOpened(false)}
        title={`Approve plan ${plan.number}?`}
        action={`Approve ${plural(total(goes), 'change')}`}
        typed={away > 0 ? String(away) : undefined}
        typedSays="the number of changes that take something away"
        busy={approve.isPending}
        error={approve.error}
        onConfirm={() => approve.mutate(undefined)}
      >
        <Text>
          Exactly this is carried out, and each change is read back. Anything that differs by then is refused and
          planned anew.
        </Text>
        <List listStyleType="none" spacing={4}>
          {lines.map((line) => (
            <List.Item key={line.key} icon={<Symbol kind={line.kind} />}>
              {verbOf(line.kind, line.stage)} <b>{count(line.count)}</b>{' '}
              <span className="dim">
                {line.stage === 1 ? (line.count === 1 ? 'person' : 'people') : `in ${line.system}`}
              </span>
            </List.Item>
          ))}
        </List>
        {held > 0 && (
          <Text size="sm" c="dimmed">
            {plural(held, 'change')} {held === 1 ? 'stays' : 'stay'} held by a brake and {held === 1 ? 'is' : 'are'} not
            part of this.
          </Text>
        )}
        {observed > 0 && (
          <Text size="sm" c="dimmed">
            {plural(observed, 'change')} {observed === 1 ? 'is' : 'are'} only observed, and not carried out.
          </Text>
        )}
        <Text size="xs" c="dimmed">
          Hash <span className="mono">{hash.slice(0, 16)}</span>
        </Text>
      </Confirm>
    </>
  )
}

type Counts = Plan['counts']

const total = (counts: Counts) => counts.reduce((sum, c) => sum + c.count, 0)

function groups(counts: Counts): { key: string; stage: number; kind: string; system: string; count: number }[] {
  const lines = new Map<string, { key: string; stage: number; kind: string; system: string; count: number }>()
  for (const c of counts) {
    const key = `${c.stage}/${c.system.id}/${c.kind}`
    const line = lines.get(key) ?? { key, stage: c.stage, kind: c.kind, system: c.system.name, count: 0 }
    lines.set(key, { ...line, count: line.count + c.count })
  }
  return [...lines.values()].sort(
    (a, b) =>
      a.stage - b.stage || a.system.localeCompare(b.system) || kindOrder.indexOf(a.kind) - kindOrder.indexOf(b.kind),
  )
}
