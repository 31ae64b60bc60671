import { Button, Group, List, ScrollArea, Stack, Text } from '@mantine/core'
import { IconHandStop } from '@tabler/icons-react'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { kindWords, verbOf } from '../../lib/change-kinds.ts'
import { count, plural } from '../../lib/words.ts'
import { changes, releaseHeld, type Plan } from '../../queries/plan.ts'
import { me, useMay } from '../../queries/session.ts'
import { Confirm } from '../Confirm.tsx'
import { Section } from '../Section.tsx'
import { Waiting } from '../states.tsx'
import { useAct } from '../useAct.tsx'
import { useMore } from '../useMore.ts'
import { When } from '../When.tsx'
import classes from './Brakes.module.css'

type Brake = Plan['brakes'][number]

/** What holds the plan. Releasing names exactly the set that is let go. */
export function Brakes({ plan }: { plan: Plan }) {
  if (plan.brakes.length === 0) return null
  return (
    <Section
      title="Brakes"
      count={plan.brakes.length}
      says="These changes are not carried out with the plan until somebody releases exactly this set."
    >
      <Stack gap="sm">
        {plan.brakes.map((brake) => (
          <BrakeRow key={brake.setHash} plan={plan} brake={brake} />
        ))}
      </Stack>
    </Section>
  )
}

function BrakeRow({ plan, brake }: { plan: Plan; brake: Brake }) {
  const [opened, setOpened] = useState(false)
  const navigate = useNavigate()
  const may = useMay()
  const user = useQuery(me).data?.user
  // A read that is right as it is concerns the next plan, whatever became of this one.
  const ofRead = brake.code?.endsWith('_OUT_OF_CONTRACT') === true
  const over = (ofRead ? ['superseded', 'failed', 'forecast'] : ['applied', 'superseded', 'failed', 'forecast']).includes(plan.state)
  const mine = brake.pending !== null && brake.pending.by.id === user?.id
  const release = useAct(() => releaseHeld(plan.id, brake.setHash), {
    says: ({ pending, planId }) =>
      pending
        ? 'Noted. A second person must confirm it.'
        : planId !== plan.id
          ? `${ofRead ? 'Accepted' : 'Released'}: with it everything is planned anew. This is the new plan.`
          : `Released: ${plural(brake.planned, 'change')} go on with the plan.`,
    forgets: ['plans', 'overview'],
    onDone: async ({ planId }) => {
      setOpened(false)
      if (planId !== plan.id) await navigate({ to: '/plans/$id', params: { id: planId } })
    },
    quiet: true,
  })
  return (
    <div className={classes.brake} data-released={brake.released !== null || undefined}>
      <IconHandStop size={18} aria-hidden className={classes.hand} />
      <div className={classes.words}>
        <Text fw={560}>{brake.says}</Text>
        <Text size="sm" c="dimmed" component="div">
          {brake.system.name}
          {!ofRead && (
            <>
              {' '}
              · {verbOf(brake.kind, brake.system.id === 'people' ? 1 : 2).toLowerCase()} {count(brake.planned)} of{' '}
              {count(brake.of)}
              {brake.privileged && ' · privileged'}
              {brake.window && ` · with ${count(brake.window.counted)} in the last ${brake.window.hours} h`}
            </>
          )}
          {limitOf(brake) !== '' && <> · limit {limitOf(brake)}</>}
          {brake.released && (
            <>
              {' '}
              · released by {brake.released.by.name}
              {brake.released.second && ` and ${brake.released.second.name}`} <When at={brake.released.at} />
            </>
          )}
          {brake.pending && (
            <>
              {' '}
              · released by {brake.pending.by.name} <When at={brake.pending.at} />, a second person must confirm
            </>
          )}
        </Text>
      </div>
      {!brake.released && !over && (
        <Button
          variant="default"
          disabled={!may('plans:write') || mine}
          title={mine ? 'You released it already; another user must confirm it.' : undefined}
          onClick={() => setOpened(true)}
        >
          {releaseWords(brake)}…
        </Button>
      )}
      <Confirm
        opened={opened}
        onClose={() => setOpened(false)}
        title={titleOf(brake)}
        action={releaseWords(brake)}
        danger={kindWords(brake.kind).takesAway}
        busy={release.isPending}
        error={release.error}
        onConfirm={() => release.mutate(undefined)}
      >
        <Text>
          {ofRead
            ? `${brake.says} If it is right as it is, what is missing in it counts from now on.`
            : 'Only this exact list is let go. If anything in it changes before, the release no longer counts.'}
        </Text>
        {brake.secondPerson && brake.pending === null && (
          <Text c="dimmed">Nothing goes on yet: another user must confirm the same.</Text>
        )}
        {opened && !ofRead && <Held plan={plan} brake={brake} />}
      </Confirm>
    </div>
  )
}

/** The names behind a brake. */
function Held({ plan, brake }: { plan: Plan; brake: Brake }) {
  const query = useInfiniteQuery(
    changes(
      plan.id,
      {
        kind: brake.kind,
        state: 'held',
        ...(brake.system.id === 'people' ? { stage: 1 } : { system: brake.system.id }),
      },
      false,
    ),
  )
  const { items, more } = useMore(query)
  if (query.isPending) return <Waiting lines={4} />
  return (
    <ScrollArea.Autosize mah={300} className={classes.list}>
      <List size="sm" spacing={3} p="sm" listStyleType="none">
        {items.map((change) => (
          <List.Item key={change.id}>
            <b>{change.person?.name ?? change.subject}</b>{' '}
            <span className="dim">
              {change.person && change.person.name !== change.subject && `${change.subject}, `}
              {change.reasons[0] && `because ${change.reasons[0].says}`}
            </span>
          </List.Item>
        ))}
      </List>
      {more.has && (
        <Group justify="center" pb="sm">
          <Button size="xs" variant="default" loading={more.loading} onClick={more.load}>
            Show more names
          </Button>
        </Group>
      )}
    </ScrollArea.Autosize>
  )
}

function releaseWords(brake: Brake): string {
  const verb = brake.pending === null ? 'Release' : 'Confirm'
  if (brake.code?.endsWith('_OUT_OF_CONTRACT')) return brake.pending === null ? 'It is right' : 'Confirm that it is right'
  return brake.planned === 1 ? `${verb} this one` : `${verb} these ${count(brake.planned)}`
}

function titleOf({ kind, planned, system, code, job }: Brake): string {
  if (code?.endsWith('_OUT_OF_CONTRACT')) return `Is what ${job?.name ?? system.name} shows right?`
  if (system.id === 'people')
    return `${kind === 'disable' ? 'End' : kindWords(kind).verb} ${plural(planned, 'person', 'people')}?`
  const what = kindWords(kind).noun === 'grant' ? 'membership' : 'account'
  return `${kindWords(kind).verb} ${plural(planned, what)} in ${system.name}?`
}

function limitOf({ limit }: Brake): string {
  const share = limit.share === undefined ? undefined : `${Math.round(limit.share * 100)} %`
  return [share, limit.count === undefined ? undefined : count(limit.count)].filter(Boolean).join(' and ')
}
