import { Alert, Anchor, Button, CopyButton, Group, Popover, SegmentedControl, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { IconAlertTriangle, IconCopy, IconDownload, IconMinus, IconPlayerPlay, IconPlayerStop, IconRefresh } from '@tabler/icons-react'
import { useState } from 'react'
import { Choice } from '../components/Choice.tsx'
import { Facts } from '../components/Facts.tsx'
import { TextLink } from '../components/links.tsx'
import { Page, PageOf } from '../components/Page.tsx'
import { Approve } from '../components/plan/Approve.tsx'
import { Brakes } from '../components/plan/Brakes.tsx'
import { ChangeList } from '../components/plan/ChangeList.tsx'
import { Matrix } from '../components/plan/Matrix.tsx'
import { PeopleList } from '../components/plan/PeopleList.tsx'
import { Progress } from '../components/plan/Progress.tsx'
import { SearchField } from '../components/SearchField.tsx'
import { Section } from '../components/Section.tsx'
import { Empty, Waiting } from '../components/states.tsx'
import { StateTag } from '../components/Tag.tsx'
import { useAct } from '../components/useAct.tsx'
import { When } from '../components/When.tsx'
import { kindOrder, kindWords } from '../lib/change-kinds.ts'
import { changeStates, planStates, severities, stateWords } from '../lib/states.ts'
import { count, plural } from '../lib/words.ts'
import { isMoving, plan, resumePlan, startPlan, stopPlan, type ChangeFilter, type Plan } from '../queries/plan.ts'
import { useMay } from '../queries/session.ts'

/** One plan: what would happen and why, what holds it, and how far it is. */
export function PlanPage() {
  const { id } = useParams({ from: '/inside/plans/$id' })
  const query = useQuery(plan(id))
  return <PageOf query={query}>{(data) => <Shown plan={data} />}</PageOf>
}

function Shown({ plan }: { plan: Plan }) {
  return (
    <Page
      title={`Plan ${plan.number}`} lead={plan.says} aside={<StateTag table={planStates} state={plan.state} />}
      trail={[<TextLink key="plans" to="/plans">Plans</TextLink>]} actions={<Actions plan={plan} />}
    >
      {plan.error && <Alert color="red" variant="outline" icon={<IconAlertTriangle size={18} />} title={plan.error.message}>{plan.error.advice}</Alert>}
      <About plan={plan} />
      {plan.state === 'computing' && (
        <Section title="Computing" says={plan.progress ?? 'Sources and systems are being read and compared. Nothing is written.'}><Waiting lines={4} /></Section>
      )}
      {plan.state === 'empty' && <Empty icon={IconMinus} title="Nothing to change">Sources, people and systems agree.</Empty>}
      <Progress plan={plan} />
      <Brakes plan={plan} />
      <Findings plan={plan} />
      {plan.counts.length > 0 && <Section title="At a glance" flush><Matrix plan={plan} /></Section>}
      {plan.counts.length > 0 && <Changes plan={plan} />}
    </Page>
  )
}

function Actions({ plan }: { plan: Plan }) {
  const may = useMay()
  const navigate = useNavigate()
  const stop = useAct(() => stopPlan(plan.id), { says: 'It stops between two changes.', forgets: ['plans'] })
  const resume = useAct(() => resumePlan(plan.id), { says: 'It goes on.', forgets: ['plans'] })
  const again = useAct(() => startPlan(plan.scope), {
    forgets: ['plans', 'overview'], onDone: ({ planId }) => navigate({ to: '/plans/$id', params: { id: planId } }),
  })
  const icon = { size: 16 }
  return (
    <>
      {may('plans:export') && plan.total > 0 && (
        <Button component="a" href={`/api/plans/${plan.id}/changes.csv`} download variant="default" leftSection={<IconDownload {...icon} />}>Export CSV</Button>
      )}
      {may('plans:write') && !isMoving(plan) && plan.state !== 'stopped' && (
        <Button variant="default" leftSection={<IconRefresh {...icon} />} loading={again.isPending} onClick={() => again.mutate(undefined)}>Plan again</Button>
      )}
      {may('plans:write') && isMoving(plan) && plan.state !== 'computing' && (
        <Button variant="default" leftSection={<IconPlayerStop {...icon} />} loading={stop.isPending} onClick={() => stop.mutate(undefined)}>Stop</Button>
      )}
      {may('plans:write') && plan.state === 'stopped' && (
        <Button leftSection={<IconPlayerPlay {...icon} />} loading={resume.isPending} onClick={() => resume.mutate(undefined)}>Resume</Button>
      )}
      {['open', 'held'].includes(plan.state) && <Approve plan={plan} />}
    </>
  )
}

function About({ plan }: { plan: Plan }) {
  const reads = plan.basedOn.filter((basis) => !basis.says.startsWith('Policy revision'))
  return (
    <Facts of={[
      ['As of', <When key="asof" at={plan.asOf} exact />],
      ['Made', <span key="made"><When at={plan.madeAt} /> by {plan.madeBy.name}</span>],
      ...(plan.approvedBy ? [['Approved', <span key="approved"><When at={plan.approvedAt} /> by {plan.approvedBy.name}</span>] as [string, React.ReactNode]] : []),
      ['Because', plan.cause],
      ['Based on', (
        <Popover width={340} position="bottom-start" withArrow shadow="md">
          <Popover.Target><Anchor component="button" type="button" inherit ta="start">{plural(reads.length, 'read')}, policy revision {plan.policyRevision}</Anchor></Popover.Target>
          <Popover.Dropdown>
            <Stack gap={6}>
              {reads.map((basis) => <Text key={basis.says} size="sm">{basis.says} <span className="dim"><When at={basis.at} exact /></span></Text>)}
              <Text size="sm">Policy revision {plan.policyRevision}</Text>
            </Stack>
          </Popover.Dropdown>
        </Popover>
      )],
      ...(plan.hash ? [['Hash', (
        <CopyButton value={plan.hash}>
          {({ copied, copy }) => (
            <Anchor component="button" type="button" inherit className="mono" onClick={copy} aria-label="Copy the hash">
              {copied ? 'copied' : plan.hash!.slice(0, 12)} <IconCopy size={13} aria-hidden />
            </Anchor>
          )}
        </CopyButton>
      )] as [string, React.ReactNode]] : []),
    ]}
    />
  )
}

function Findings({ plan }: { plan: Plan }) {
  if (plan.findings.length === 0) return null
  return (
    <Section title="Findings" count={plan.findings.length} says="Seen while planning. Nobody loses anything because of them.">
      <Stack gap="xs">
        {plan.findings.slice(0, 50).map((finding, i) => (
          <Group key={i} gap="sm" wrap="nowrap" align="flex-start">
            <Severity of={finding.severity} />
            <Text>{finding.message} <span className="dim">{finding.advice}</span></Text>
          </Group>
        ))}
        {plan.findings.length > 50 && <TextLink to="/findings">All {count(plan.findings.length)} findings</TextLink>}
      </Stack>
    </Section>
  )
}

/** A sign for how bad it is. */
function Severity({ of }: { of: string }) {
  const words = stateWords(severities, of)
  return <words.icon size={16} color={`var(--tone-${words.tone})`} style={{ flex: 'none', marginTop: 3 }} aria-label={words.label} />
}

function Changes({ plan }: { plan: Plan }) {
  const search = useSearch({ from: '/inside/plans/$id' })
  const navigate = useNavigate({ from: '/plans/$id' })
  const [text, setText] = useState('')
  const view = search.view ?? 'person'
  const set = (change: Partial<typeof search>) => void navigate({ search: (before) => ({ ...before, ...change }), replace: true, resetScroll: false })
  const kinds = kindOrder.filter((kind) => plan.counts.some((c) => c.kind === kind))
  const systems = [...new Map(plan.counts.map((c) => [c.system.id, { value: c.system.id, label: c.system.name }])).values()]
  const states = [...new Set(plan.counts.map((c) => c.state))]
  const filter: ChangeFilter = {
    stage: search.stage, system: search.system, ...(text === '' ? {} : { search: text }),
    kind: kinds.find((kind) => kind === search.kind) as ChangeFilter['kind'], state: states.find((state) => state === search.state),
  }
  const live = isMoving(plan)
  return (
    <Section
      title="Changes" count={plan.total} flush
      actions={(
        <SegmentedControl
          size="xs" value={view} onChange={(next) => set({ view: next })} aria-label="View"
          data={[{ value: 'person', label: 'By person' }, { value: 'system', label: 'By system' }, { value: 'kind', label: 'By kind' }]}
        />
      )}
    >
      <Group gap="xs" px="md" py="sm">
        <SearchField label="Search names and accounts" onSearch={setText} />
        <Choice
          label="Stage" any="Both stages" width={130} value={search.stage === undefined ? undefined : search.stage === 1 ? '1' : '2'}
          options={[{ value: '1', label: '1 People' }, { value: '2', label: '2 Systems' }]} onChange={(stage) => set({ stage: stage === undefined ? undefined : Number(stage) })}
        />
        {view !== 'system' && <Choice label="System" any="All systems" width={150} value={search.system} options={systems} onChange={(system) => set({ system })} />}
        {view !== 'kind' && (
          <Choice
            label="Kind" any="All kinds" width={130} value={search.kind} onChange={(kind) => set({ kind })}
            options={kinds.map((kind) => ({ value: kind, label: `${kindWords(kind).symbol}  ${kindWords(kind).verb}` }))}
          />
        )}
        <Choice
          label="State" any="All states" width={150} value={filter.state} onChange={(state) => set({ state })}
          options={states.map((state) => ({ value: state, label: stateWords(changeStates, state).label }))}
        />
      </Group>
      {view === 'system' && (
        <Groups
          label="System" chosen={search.system} onChoose={(system) => set({ system })}
          groups={systems.map((s) => ({ value: s.value, label: s.label, count: countOf(plan, (c) => c.system.id === s.value) }))}
        />
      )}
      {view === 'kind' && (
        <Groups
          label="Kind" chosen={search.kind} onChoose={(kind) => set({ kind })}
          groups={kinds.map((kind) => ({ value: kind, label: `${kindWords(kind).symbol} ${kindWords(kind).verb}`, count: countOf(plan, (c) => c.kind === kind) }))}
        />
      )}
      {view === 'person'
        ? <PeopleList planId={plan.id} filter={filter} live={live} />
        : <ChangeList planId={plan.id} filter={filter} live={live} />}
    </Section>
  )
}

interface GroupsProps { label: string; groups: { value: string; label: string; count: number }[]; chosen?: string; onChoose: (value: string | undefined) => void }

/** One button per group, with how many are in it. */
function Groups({ label, groups, chosen, onChoose }: GroupsProps) {
  return (
    <Group gap={6} px="md" pb="sm" role="group" aria-label={label}>
      {[{ value: undefined, label: 'All', count: groups.reduce((sum, g) => sum + g.count, 0) }, ...groups].map((group) => (
        <Button
          key={group.value ?? ''} size="compact-sm" variant={chosen === group.value ? 'filled' : 'default'} aria-pressed={chosen === group.value}
          onClick={() => onChoose(group.value)} className="numbers"
        >
          {group.label} {count(group.count)}
        </Button>
      ))}
    </Group>
  )
}

const countOf = (plan: Plan, which: (c: Plan['counts'][number]) => boolean) => plan.counts.filter(which).reduce((sum, c) => sum + c.count, 0)
