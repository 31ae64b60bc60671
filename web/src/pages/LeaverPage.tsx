import { Button, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { IconCircleCheck, IconDownload, IconHourglass, IconPlugX, IconRotate2 } from '@tabler/icons-react'
import { TextLink } from '../components/links.tsx'
import { Facts } from '../components/Facts.tsx'
import { Page, PageOf } from '../components/Page.tsx'
import { Rows, type RowColumn } from '../components/Rows.tsx'
import { Section } from '../components/Section.tsx'
import { Empty } from '../components/states.tsx'
import { Symbol } from '../components/Symbol.tsx'
import { StateTag } from '../components/Tag.tsx'
import { When } from '../components/When.tsx'
import { changeStates, leaverCauses, leaverStates, leaverSystemStates, stateWords } from '../lib/states.ts'
import { leaver, type Leaver } from '../queries/leaver.ts'
import { useMay } from '../queries/session.ts'
import classes from './LeaverPage.module.css'

/** One leaver: the clock, and what is left in each system. It moves by itself as long as the clock runs. */
export function LeaverPage() {
  const { id } = useParams({ from: '/inside/leavers/$id' })
  const query = useQuery(leaver(id))
  return <PageOf query={query}>{(data) => <Shown key={data.id} leaver={data} />}</PageOf>
}

function Shown({ leaver: of }: { leaver: Leaver }) {
  const may = useMay()
  return (
    <Page
      title={of.person.name}
      aside={<StateTag table={leaverStates} state={of.state} />}
      trail={[
        <TextLink key="leavers" to="/leavers">
          Leavers
        </TextLink>,
      ]}
      actions={
        may('people:export') && (
          <Button
            component="a"
            variant="default"
            leftSection={<IconDownload size={16} />}
            href={`/api/leavers/${of.id}/receipt`}
            download={`leaver-${of.id}.json`}
          >
            Signed receipt
          </Button>
        )
      }
    >
      <Headline of={of} />
      <Section title="Systems" count={of.systems.length} flush>
        {of.systems.length === 0 ? (
          <Empty icon={IconPlugX} title="No account anywhere">
            {of.state === 'running'
              ? 'The lane for leavers is about to look.'
              : 'There was nothing to take away in any system.'}
          </Empty>
        ) : (
          <Rows label="Systems" items={of.systems} columns={columns} idOf={({ system }) => system.id} />
        )}
      </Section>
      <Section title="About">
        <Facts
          of={[
            [
              'Person',
              <TextLink key="person" to="/people/$id" params={{ id: of.person.id }} search={{}}>
                {of.person.name}
              </TextLink>,
            ],
            ['Because', `${leaverCauses[of.cause]}${of.cause === 'hand' ? `, by ${of.by.name}` : ''}`],
            ['Note', of.note ?? '—'],
            ['Takes effect', <When key="effective" at={of.effectiveAt} exact />],
            ['Clock started', <When key="started" at={of.startedAt} exact />],
            [
              'Plan',
              of.plan === null ? (
                '—'
              ) : (
                <TextLink key="plan" to="/plans/$id" params={{ id: of.plan.id }} search={{}}>
                  Plan {of.plan.number}
                </TextLink>
              ),
            ],
          ]}
        />
      </Section>
    </Page>
  )
}

const signs = { running: IconHourglass, gone: IconCircleCheck, returned: IconRotate2 }

/** The one line that says it all; a live region, so that it is read out when it changes. */
function Headline({ of }: { of: Leaver }) {
  const Sign = signs[of.state]
  const open = of.systems.some((s) => s.error !== null)
  return (
    <div className={classes.headline} data-state={of.state === 'running' && open ? 'trouble' : of.state} role="status">
      <Sign size={28} stroke={1.6} aria-hidden />
      <span>{of.says}</span>
    </div>
  )
}

type SystemOf = Leaver['systems'][number]

const columns: RowColumn<SystemOf>[] = [
  {
    title: 'System',
    whole: true,
    cell: ({ system }) => (
      <TextLink to="/systems/$id" params={{ id: system.id }} search={{}}>
        {system.name}
      </TextLink>
    ),
  },
  { title: 'State', whole: true, cell: ({ state }) => <StateTag table={leaverSystemStates} state={state} /> },
  {
    title: 'After',
    end: true,
    whole: true,
    cell: ({ seconds }) =>
      seconds === null ? '—' : `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`,
  },
  {
    title: 'Account',
    cell: ({ accounts }) => <span className="mono">{accounts.map((a) => a.name).join(', ')}</span>,
  },
  { title: 'What is taken away', cell: (system) => <TakenAway of={system} /> },
]

/** Each change, and what keeps those that are not done yet. */
function TakenAway({ of: { changes, words, error, nextAttemptAt } }: { of: SystemOf }) {
  return (
    <>
      {changes.length === 0 && words === null && error === null && <span className="dim">Nothing was there</span>}
      <ul className={classes.changes}>
        {changes.map((change, i) => (
          <li key={i}>
            <span aria-hidden>
              <Symbol kind={change.kind} />
            </span>
            <span>
              {change.says}
              {change.state !== 'done' && (
                <span className="dim"> · {stateWords(changeStates, change.state).label.toLowerCase()}</span>
              )}
            </span>
          </li>
        ))}
      </ul>
      {words !== null && (
        <Text size="sm" c="dimmed">
          {words}
        </Text>
      )}
      {error !== null && (
        <Text size="sm" component="div" mt={6}>
          <span className={classes.words}>“{error.words}”</span>{' '}
          <span className="dim">
            {error.advice}
            {nextAttemptAt === null && changes.some((c) => c.state !== 'done') && ' See the stuck changes.'}
          </span>
        </Text>
      )}
    </>
  )
}
