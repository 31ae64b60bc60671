import { Button, Group, Table, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { IconCircleCheck, IconDownload, IconHourglass, IconPlugX, IconRotate2 } from '@tabler/icons-react'
import { TextLink } from '../components/links.tsx'
import { Facts } from '../components/Facts.tsx'
import { Page, PageOf } from '../components/Page.tsx'
import { Section } from '../components/Section.tsx'
import { Empty } from '../components/states.tsx'
import { StateTag } from '../components/Tag.tsx'
import { When } from '../components/When.tsx'
import { WideTable } from '../components/WideTable.tsx'
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
          <WideTable label="Systems" minWidth={720}>
            <Table verticalSpacing="sm">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>System</Table.Th>
                  <Table.Th>Account</Table.Th>
                  <Table.Th>State</Table.Th>
                  <Table.Th className={classes.number}>After</Table.Th>
                  <Table.Th>What was taken away</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {of.systems.map((system) => (
                  <SystemRow key={system.system.id} system={system} />
                ))}
              </Table.Tbody>
            </Table>
          </WideTable>
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

function SystemRow({ system }: { system: Leaver['systems'][number] }) {
  const waits = system.changes.filter((c) => c.state !== 'done')
  return (
    <Table.Tr>
      <Table.Td>
        <TextLink to="/systems/$id" params={{ id: system.system.id }} search={{}}>
          {system.system.name}
        </TextLink>
      </Table.Td>
      <Table.Td className="mono">{system.accounts.map((a) => a.name).join(', ')}</Table.Td>
      <Table.Td>
        <StateTag table={leaverSystemStates} state={system.state} />
      </Table.Td>
      <Table.Td className={classes.number}>
        {system.seconds === null ? '—' : `${system.seconds < 10 ? system.seconds.toFixed(1) : Math.round(system.seconds)} s`}
      </Table.Td>
      <Table.Td>
        {system.changes.length === 0 && system.words === null && system.error === null && <span className="dim">Nothing was there</span>}
        <ul className={classes.changes}>
          {system.changes.map((change, i) => (
            <li key={i}>
              <span className="mono" aria-hidden>
                {change.symbol}
              </span>{' '}
              {change.says}
              {change.state !== 'done' && (
                <span className="dim"> · {stateWords(changeStates, change.state).label.toLowerCase()}</span>
              )}
            </li>
          ))}
        </ul>
        {system.words !== null && (
          <Text size="sm" c="dimmed">
            {system.words}
          </Text>
        )}
        {system.error !== null && (
          <Text size="sm" component="div" mt={4}>
            <Group gap={4}>
              <span className={classes.words}>{system.error.words}</span>
            </Group>
            <span className="dim">
              {system.error.advice} {waits.length > 0 && system.nextAttemptAt !== null && 'It is tried again by itself.'}
            </span>
          </Text>
        )}
      </Table.Td>
    </Table.Tr>
  )
}
