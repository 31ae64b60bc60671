import { Group, SimpleGrid, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import {
  IconArrowsSplit2,
  IconClipboardCheck,
  IconHandStop,
  IconMoodSmile,
  IconRefreshAlert,
  IconTableOff,
} from '@tabler/icons-react'
import { FindingRow } from '../components/FindingRow.tsx'
import { ButtonLink, NameLink, TextLink } from '../components/links.tsx'
import { FirstSteps } from '../components/overview/FirstSteps.tsx'
import { Leavers } from '../components/overview/Leavers.tsx'
import { PeopleByState } from '../components/overview/PeopleByState.tsx'
import { Waits, type Wait } from '../components/overview/Waits.tsx'
import { Page } from '../components/Page.tsx'
import { Section } from '../components/Section.tsx'
import { Empty, Loaded } from '../components/states.tsx'
import { StateTag, Tag } from '../components/Tag.tsx'
import { When } from '../components/When.tsx'
import { methods, planStates, systemStates } from '../lib/states.ts'
import { count, plural } from '../lib/words.ts'
import { useMay } from '../queries/session.ts'
import { overview } from '../queries/work.ts'
import type { Schema } from '../../../client/index.ts'
import classes from './OverviewPage.module.css'

type Overview = Schema<'Overview'>

/** What waits for me, what ran, what is wrong. */
export function OverviewPage() {
  const query = useQuery(overview)
  return (
    <Page title="Overview" lead={query.data?.organisation}>
      <Loaded query={query} lines={12}>
        {(data) => <Shown of={data} />}
      </Loaded>
    </Page>
  )
}

function Shown({ of }: { of: Overview }) {
  const may = useMay()
  const { start } = of
  const others = of.lastPlans.filter((plan) => !of.plansToReview.some((p) => p.id === plan.id))
  const wrong = of.findings.filter((finding) => finding.severity !== 'info')
  const fresh = !start.hasPlan || !start.hasSource || !start.hasJob
  return (
    <>
      {fresh && may('policy:write') && <FirstSteps start={start} />}
      <Waits of={waits(of)} />
      {of.plansToReview.length > 0 && (
        <Section title="To review" says="Nothing in these plans is written until you approve it." flush>
          <Plans of={of.plansToReview} review />
        </Section>
      )}
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg" className={classes.halves}>
        <Stack gap="lg">
          <Section title="Last plans" flush actions={<TextLink to="/plans">All plans</TextLink>}>
            {others.length === 0 ? (
              <Empty icon={IconClipboardCheck} title="No plans yet">
                A plan shows what would change. It writes nothing.
              </Empty>
            ) : (
              <Plans of={others} />
            )}
          </Section>
          <Section title="Systems" flush actions={<TextLink to="/systems">All systems</TextLink>}>
            <Systems of={of.systems} />
          </Section>
        </Stack>
        <Stack gap="lg">
          <Section
            title="What is wrong"
            count={of.waiting.findings}
            flush
            actions={of.findings.length > 0 && <TextLink to="/findings">All findings</TextLink>}
          >
            {wrong.length === 0 ? (
              <Empty icon={IconMoodSmile} title="Nothing is wrong">
                Findings appear here by themselves, and go when they are mended.
              </Empty>
            ) : (
              wrong.slice(0, 8).map((finding) => <FindingRow key={finding.id} finding={finding} />)
            )}
          </Section>
          {of.leavers.length > 0 && (
            <Section title="Leavers" flush actions={<TextLink to="/leavers">All leavers</TextLink>}>
              <Leavers of={of.leavers} />
            </Section>
          )}
          <Section
            title="People"
            actions={
              <TextLink to="/people" search={{}}>
                All people
              </TextLink>
            }
          >
            <PeopleByState of={of.people} />
          </Section>
        </Stack>
      </SimpleGrid>
    </>
  )
}

function waits({ waiting }: Overview): Wait[] {
  return [
    {
      icon: IconClipboardCheck,
      count: waiting.plansOpen,
      says: waiting.plansOpen === 1 ? 'plan to review' : 'plans to review',
      to: '/plans',
      tone: 'info',
    },
    {
      icon: IconHandStop,
      count: waiting.plansHeld,
      says: waiting.plansHeld === 1 ? 'plan held' : 'plans held',
      to: '/plans',
      tone: 'warn',
    },
    {
      icon: IconArrowsSplit2,
      count: waiting.cases,
      says: waiting.cases === 1 ? 'case to decide' : 'cases to decide',
      to: '/cases',
      tone: 'warn',
    },
    {
      icon: IconRefreshAlert,
      count: waiting.stuck,
      says: waiting.stuck === 1 ? 'change stuck' : 'changes stuck',
      to: '/stuck',
      tone: 'bad',
    },
    {
      icon: IconTableOff,
      count: waiting.setAside,
      says: waiting.setAside === 1 ? 'row set aside' : 'rows set aside',
      to: '/jobs',
      tone: 'warn',
    },
  ]
}

function Plans({ of, review = false }: { of: Overview['lastPlans']; review?: boolean }) {
  return (
    <ul className={classes.rows}>
      {of.map((plan) => (
        <li key={plan.id}>
          <div className={classes.words}>
            <Group gap="xs">
              <NameLink to="/plans/$id" params={{ id: plan.id }}>
                Plan {plan.number}
              </NameLink>
              <StateTag table={planStates} state={plan.state} />
              {plan.failed > 0 && <Tag tone="bad">{count(plan.failed)} failed</Tag>}
              <span className="dim">
                <When at={plan.madeAt} />
              </span>
            </Group>
            <Text size="sm">{plan.says}</Text>
          </div>
          {review && (
            <ButtonLink to="/plans/$id" params={{ id: plan.id }} size="xs">
              Review
            </ButtonLink>
          )}
        </li>
      ))}
    </ul>
  )
}

function Systems({ of }: { of: Overview['systems'] }) {
  if (of.length === 0)
    return (
      <Empty icon={IconTableOff} title="No systems yet">
        Add your HR file first, then a directory or a database.
      </Empty>
    )
  return (
    <ul className={classes.rows}>
      {of.map((system) => (
        <li key={system.id}>
          <div className={classes.words}>
            <Group gap="xs">
              <NameLink to="/systems/$id" params={{ id: system.id }}>
                {system.name}
              </NameLink>
              <StateTag table={systemStates} state={system.state} />
              {system.destination && <StateTag table={methods} state={system.method} />}
            </Group>
            <Text size="sm" c="dimmed" component="div">
              {system.destination && (
                <>
                  {plural(system.accounts, 'account')}, {plural(system.orphans, 'orphan')} ·{' '}
                </>
              )}
              {system.source && system.lastRead !== null && (!system.destination || system.lastRead.rows > 0) && <>{plural(system.lastRead.rows, 'row')} · </>}
              read <When at={system.lastRead?.at} />
            </Text>
          </div>
        </li>
      ))}
    </ul>
  )
}
