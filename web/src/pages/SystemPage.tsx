import { Alert, Button, Stack, Tabs } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { IconAlertTriangle, IconPlayerPlay, IconPlugConnected, IconRefresh } from '@tabler/icons-react'
import { OrphanList } from '../components/drift/OrphanList.tsx'
import { Facts } from '../components/Facts.tsx'
import { FindingRow } from '../components/FindingRow.tsx'
import { ButtonLink, TextLink } from '../components/links.tsx'
import { Page, PageOf } from '../components/Page.tsx'
import { Section } from '../components/Section.tsx'
import { Failure, Waiting } from '../components/states.tsx'
import { AccountList } from '../components/system/AccountList.tsx'
import { CheckSteps } from '../components/system/CheckSteps.tsx'
import { EntitlementList } from '../components/system/EntitlementList.tsx'
import { Shape } from '../components/system/Shape.tsx'
import { SystemSettings } from '../components/system/SystemSettings.tsx'
import { StateTag } from '../components/Tag.tsx'
import { useAct } from '../components/useAct.tsx'
import { When } from '../components/When.tsx'
import { methods, systemStates } from '../lib/states.ts'
import { count } from '../lib/words.ts'
import { useMay } from '../queries/session.ts'
import { checkSystem, inspectSystem, readSystem, resumeSystem, system, type System } from '../queries/system.ts'

/** One system: what is in it, how it was last read, how it is changed. */
export function SystemPage() {
  const { id } = useParams({ from: '/inside/systems/$id' })
  const query = useQuery(system(id))
  return <PageOf query={query}>{(data) => <Shown key={data.id} system={data} />}</PageOf>
}

function Shown({ system: of }: { system: System }) {
  const { tab } = useSearch({ from: '/inside/systems/$id' })
  const navigate = useNavigate({ from: '/systems/$id' })
  const may = useMay()
  const check = useAct(() => checkSystem(of.id), { forgets: ['systems'] })
  const read = useAct(() => readSystem(of.id), {
    says: `${of.name} has been read.`,
    forgets: ['systems', 'overview', 'findings'],
  })
  const resume = useAct(() => resumeSystem(of.id), {
    says: `${of.name} goes on.`,
    forgets: ['systems', 'overview', 'findings', 'plans'],
  })
  const paused = of.openFindings.some((f) => f.code === 'BRAKE_ERROR_RATE')
  return (
    <Page
      title={of.name}
      trail={[
        <TextLink key="systems" to="/systems">
          Systems
        </TextLink>,
      ]}
      lead={of.description}
      aside={
        <>
          <StateTag table={systemStates} state={of.state} />
          {of.destination && <StateTag table={methods} state={of.method} />}
        </>
      }
      actions={
        may('systems:check') && (
          <>
            {paused && may('plans:write') && (
              <Button leftSection={<IconPlayerPlay size={16} />} loading={resume.isPending} onClick={() => resume.mutate(undefined)}>
                Resume
              </Button>
            )}
            <Button
              variant="default"
              leftSection={<IconPlugConnected size={16} />}
              loading={check.isPending}
              onClick={() => check.mutate(undefined)}
            >
              Check
            </Button>
            <Button
              variant="default"
              leftSection={<IconRefresh size={16} />}
              loading={read.isPending}
              onClick={() => read.mutate(undefined)}
            >
              Read now
            </Button>
          </>
        )
      }
    >
      {of.problem && (
        <Alert
          color="red"
          variant="outline"
          icon={<IconAlertTriangle size={18} />}
          title="The configuration cannot be used"
        >
          {of.problem}
        </Alert>
      )}
      {check.data && (
        <Section title={check.data.ok ? 'The check went well' : 'The check found something'}>
          <CheckSteps of={check.data} />
        </Section>
      )}
      {of.openFindings.length > 0 && (
        <Section title="What is wrong" count={of.openFindings.length} flush>
          {of.openFindings.map((f) => (
            <FindingRow key={f.id} finding={f} />
          ))}
        </Section>
      )}
      <Facts
        of={[
          ['Last read', <LastRead key="read" system={of} />],
          ...(of.destination
            ? ([
                ['Accounts', count(of.accounts)],
                ['Linked to people', count(of.linked)],
                ['Orphans', count(of.orphans)],
                ['Entitlements', count(of.entitlements)],
              ] as [string, string][])
            : ([
                ['Rows', count(of.lastRead?.rows ?? 0)],
                ['Set aside', count(of.lastRead?.setAside ?? 0)],
              ] as [string, string][])),
          [
            'Jobs',
            of.jobs.length === 0 ? (
              <ButtonLink key="jobs" to="/jobs/new" search={{ system: of.id }} size="compact-xs" variant="default">
                New job
              </ButtonLink>
            ) : (
              <span key="jobs">
                {of.jobs.map((j, i) => (
                  <span key={j.id}>
                    {i > 0 && ', '}
                    <TextLink to="/jobs/$id" params={{ id: j.id }} search={{}}>
                      {j.name}
                    </TextLink>
                  </span>
                ))}
              </span>
            ),
          ],
        ]}
      />
      <Tabs
        value={tab ?? (of.destination ? 'accounts' : 'source')}
        onChange={(next) => void navigate({ search: { tab: next ?? undefined }, replace: true, resetScroll: false })}
      >
        <Tabs.List mb="md">
          {of.destination && <Tabs.Tab value="accounts">Accounts</Tabs.Tab>}
          {of.destination && <Tabs.Tab value="orphans">Orphans</Tabs.Tab>}
          {of.destination && <Tabs.Tab value="entitlements">Entitlements</Tabs.Tab>}
          {of.source && !of.destination && <Tabs.Tab value="source">Inside</Tabs.Tab>}
          <Tabs.Tab value="settings">Settings</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="accounts">
          <AccountList systemId={of.id} />
        </Tabs.Panel>
        <Tabs.Panel value="orphans">
          <OrphanList systemId={of.id} />
        </Tabs.Panel>
        <Tabs.Panel value="entitlements">
          <EntitlementList systemId={of.id} />
        </Tabs.Panel>
        <Tabs.Panel value="source">
          <Inside id={of.id} />
        </Tabs.Panel>
        <Tabs.Panel value="settings">
          <SystemSettings system={of} />
        </Tabs.Panel>
      </Tabs>
    </Page>
  )
}

/** Columns and first rows, as they are now. */
function Inside({ id }: { id: string }) {
  const may = useMay()
  const query = useQuery({
    queryKey: ['systems', id, 'inspect'],
    queryFn: () => inspectSystem(id),
    enabled: may('systems:check'),
    retry: false,
  })
  return (
    <Section title="Columns and first rows">
      {query.data ? (
        <Shape of={query.data} />
      ) : query.error ? (
        <Failure error={query.error} retry={() => void query.refetch()} />
      ) : (
        <Stack>
          <Waiting />
        </Stack>
      )}
    </Section>
  )
}

function LastRead({ system: of }: { system: System }) {
  if (!of.lastRead) return <span className="dim">never</span>
  return (
    <>
      <When at={of.lastRead.at} />
      {of.lastRead.state === 'incomplete' && (
        <span style={{ color: 'var(--tone-bad)' }}>
          {' '}
          incomplete
          {/* Findings say it where there are any. */}
          {of.openFindings.length === 0 && `: ${of.lastRead.because}`}
        </span>
      )}
    </>
  )
}
