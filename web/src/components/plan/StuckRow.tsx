import { Button, Group, Radio, Stack, Text, Textarea } from '@mantine/core'
import { IconChecks, IconRefresh } from '@tabler/icons-react'
import { useState } from 'react'
import { retryChange, settleChange, type SettledHow, type StuckChange } from '../../queries/plan.ts'
import { useMay } from '../../queries/session.ts'
import { Confirm } from '../Confirm.tsx'
import findingClasses from '../FindingRow.module.css'
import { TextLink } from '../links.tsx'
import { useAct } from '../useAct.tsx'
import { When } from '../When.tsx'

/** One stuck change: what it was to do, what the system said, and the two ways to deal with it. */
export function StuckRow({ of: { plan, change, stuckSince } }: { of: StuckChange }) {
  const may = useMay()
  const [settling, setSettling] = useState(false)
  const retry = useAct(() => retryChange(plan.id, change.id), { says: 'It is tried again now.', forgets: ['plans', 'stuck', 'overview'] })
  return (
    <div className={findingClasses.row}>
      <div className={findingClasses.words}>
        <Text>{change.says}</Text>
        {change.error && (
          <Text size="sm" component="div">
            <b>{change.system.name}</b> said: “{change.error.words}” <span className="dim">{change.error.advice}</span>
          </Text>
        )}
        <Text size="xs" c="dimmed" component="div">
          {change.person && (
            <>
              <TextLink to="/people/$id" params={{ id: change.person.id }}>
                {change.person.name}
              </TextLink>{' '}
              ·{' '}
            </>
          )}
          <TextLink to="/plans/$id" params={{ id: plan.id }}>
            Plan {plan.number}
          </TextLink>{' '}
          · {change.attempts === 1 ? '1 try' : `${change.attempts} tries`} · since <When at={stuckSince} />
          {change.error && (
            <>
              {' '}
              · <span className="mono">{change.error.code}</span>
            </>
          )}
        </Text>
        <Group gap="xs" mt={6}>
          {may('plans:retry') && (
            <Button
              size="compact-xs"
              variant="default"
              leftSection={<IconRefresh size={13} />}
              loading={retry.isPending}
              onClick={() => retry.mutate(undefined)}
            >
              Retry now
            </Button>
          )}
          {may('plans:write') && (
            <Button size="compact-xs" variant="default" leftSection={<IconChecks size={13} />} onClick={() => setSettling(true)}>
              Settle…
            </Button>
          )}
        </Group>
      </div>
      <Settle of={{ plan, change, stuckSince }} opened={settling} onClose={() => setSettling(false)} />
    </div>
  )
}

function Settle({ of: { plan, change }, opened, onClose }: { of: StuckChange; opened: boolean; onClose: () => void }) {
  const [how, setHow] = useState<SettledHow>('by-hand')
  const [note, setNote] = useState('')
  const settle = useAct(() => settleChange(plan.id, change.id, { how, note }), {
    says: 'Settled. The next plan looks for itself.',
    forgets: ['plans', 'stuck', 'overview'],
    onDone: onClose,
    quiet: true,
  })
  return (
    <Confirm
      opened={opened}
      title="Settle this change"
      action="Settle"
      busy={settle.isPending}
      error={settle.error}
      onConfirm={() => note.trim() !== '' && settle.mutate(undefined)}
      onClose={onClose}
    >
      <Text size="sm">{change.says} Usher does not try it again. What is still to be done, the next plan plans anew.</Text>
      <Radio.Group label="How it ends" value={how} onChange={(value) => setHow(value as SettledHow)}>
        <Stack gap={6} mt={6}>
          <Radio value="by-hand" label="Done by hand" description={`Somebody did it in ${change.system.name}`} />
          <Radio value="not-needed" label="Not needed" description="It need not be done" />
        </Stack>
      </Radio.Group>
      <Textarea
        label="Note"
        description="For whoever asks later: what was done, or why not"
        required
        autosize
        minRows={2}
        maxLength={1000}
        value={note}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
    </Confirm>
  )
}
