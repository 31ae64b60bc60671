import { Button, Stack, Tabs } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { IconFunction, IconPlayerPlay } from '@tabler/icons-react'
import { useState } from 'react'
import { Facts } from '../components/Facts.tsx'
import { ExpressionField } from '../components/job/ExpressionField.tsx'
import { FunctionHelp } from '../components/job/FunctionHelp.tsx'
import { JobPreviewPanel } from '../components/job/JobPreviewPanel.tsx'
import { JobSettings } from '../components/job/JobSettings.tsx'
import { Mapping } from '../components/job/Mapping.tsx'
import { SetAside } from '../components/job/SetAside.tsx'
import { useAttributes } from '../components/job/useAttributes.ts'
import { TextLink } from '../components/links.tsx'
import { Page, PageOf } from '../components/Page.tsx'
import { SaveBar } from '../components/SaveBar.tsx'
import { Section } from '../components/Section.tsx'
import { StateTag } from '../components/Tag.tsx'
import { useAct } from '../components/useAct.tsx'
import { usePolicyObject } from '../components/usePolicyObject.ts'
import { When } from '../components/When.tsx'
import type { JobPolicy } from '../lib/policy.ts'
import { methods } from '../lib/states.ts'
import { count } from '../lib/words.ts'
import { job, runJob, type Job } from '../queries/job.ts'
import { useMay } from '../queries/session.ts'

/** One job: its mapping, tried on a real case, and when it runs. */
export function JobPage() {
  const { id } = useParams({ from: '/inside/jobs/$id' })
  const query = useQuery(job(id))
  return <PageOf query={query}>{(data) => <Shown key={data.id} job={data} />}</PageOf>
}

function Shown({ job: of }: { job: Job }) {
  const { tab } = useSearch({ from: '/inside/jobs/$id' })
  const navigate = useNavigate({ from: '/jobs/$id' })
  const may = useMay()
  const [help, setHelp] = useState(false)
  // The description says "any object" here; the shape is the policy's, as in the JSON Schemas.
  const form = usePolicyObject<JobPolicy>('jobs', of.id, of.job as unknown as JobPolicy)
  const draft = form.draft!
  const toPeople = draft.destination === 'people'
  const scope = toPeople ? 'row' : 'person'
  const { attributes, positionAttributes } = useAttributes(draft)
  const readOnly = !may('policy:write')
  const run = useAct(() => runJob(of.id), {
    forgets: ['plans', 'jobs', 'overview'],
    onDone: ({ planId }) => navigate({ to: '/plans/$id', params: { id: planId }, search: {} }),
  })
  return (
    <Page
      title={of.name}
      lead={`${of.source.name} → ${of.destination.name}`}
      trail={[
        <TextLink key="jobs" to="/jobs">
          Jobs
        </TextLink>,
      ]}
      aside={<StateTag table={methods} state={of.effectiveMethod} />}
      actions={
        <>
          <Button variant="default" leftSection={<IconFunction size={16} />} onClick={() => setHelp(true)}>
            Functions
          </Button>
          {may('jobs:run') && (
            <Button
              leftSection={<IconPlayerPlay size={16} />}
              loading={run.isPending}
              disabled={form.dirty}
              title={form.dirty ? 'Save first' : undefined}
              onClick={() => run.mutate(undefined)}
            >
              Plan it now
            </Button>
          )}
        </>
      }
    >
      <Facts
        of={[
          [
            'Schedule',
            of.schedule ? (
              <span key="s" className="mono">
                {of.schedule.cron}
              </span>
            ) : (
              'by hand'
            ),
          ],
          ['Next run', of.nextRunAt ? <When key="n" at={of.nextRunAt} /> : '—'],
          [
            'Last plan',
            of.lastPlan ? (
              <TextLink key="l" to="/plans/$id" params={{ id: of.lastPlan.id }} search={{}}>
                Plan {of.lastPlan.number}
              </TextLink>
            ) : (
              'never'
            ),
          ],
          ...(toPeople
            ? ([
                ['Rows last read', of.lastSnapshot ? count(of.lastSnapshot.rows) : '—'],
                [
                  'Set aside',
                  <TextLink key="a" to="/jobs/$id" params={{ id: of.id }} search={{ tab: 'set-aside' }}>
                    {count(of.setAside)}
                  </TextLink>,
                ],
              ] as [string, React.ReactNode][])
            : []),
        ]}
      />
      <Tabs
        value={tab ?? 'mapping'}
        onChange={(next) => void navigate({ search: { tab: next ?? undefined }, replace: true, resetScroll: false })}
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="mapping">Mapping</Tabs.Tab>
          {may('jobs:preview') && <Tabs.Tab value="preview">Preview</Tabs.Tab>}
          {toPeople && may('records:read') && <Tabs.Tab value="set-aside">Set aside ({count(of.setAside)})</Tabs.Tab>}
          <Tabs.Tab value="settings">Settings</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="mapping">
          <Stack gap="lg">
            {toPeople && (
              <Section title="Key" says="What tells people apart in this source; it must not change.">
                <Stack maw={560}>
                  <ExpressionField
                    label="Key of the person"
                    value={draft.key ?? ''}
                    scope="row"
                    readOnly={readOnly}
                    onChange={(key) => form.change({ key })}
                  />
                  <ExpressionField
                    label="Key of the position"
                    description="Only where one person may have several rows"
                    value={draft.positionKey ?? ''}
                    scope="row"
                    readOnly={readOnly}
                    onChange={(next) => form.change({ positionKey: next === '' ? undefined : next })}
                  />
                </Stack>
              </Section>
            )}
            <Section
              title={toPeople ? 'Person' : 'Fields'}
              says="keep() leaves what is there, clear() removes it. An empty result means: no value."
            >
              <Mapping
                label="Field mapping"
                mapping={draft.mapping}
                attributes={attributes}
                scope={scope}
                readOnly={readOnly}
                onChange={(mapping) => form.change({ mapping })}
              />
            </Section>
            {toPeople && (
              <Section
                title="Position"
                says="start, end, leaveFrom and leaveUntil are dates; they decide the state. End dates are inclusive."
              >
                <Mapping
                  label="Position mapping"
                  mapping={draft.position ?? {}}
                  attributes={positionAttributes}
                  scope="row"
                  readOnly={readOnly}
                  onChange={(position) => form.change({ position })}
                />
              </Section>
            )}
            <Section title="Scope" says="Whom the job is for. Empty: everybody.">
              <ExpressionField
                label="Condition"
                bare
                value={draft.scope ?? ''}
                scope={scope}
                readOnly={readOnly}
                placeholder={toPeople ? 'row["Status"] != "Test"' : 'position.location == "Berlin"'}
                onChange={(next) => form.change({ scope: next === '' ? undefined : next })}
              />
            </Section>
          </Stack>
        </Tabs.Panel>
        <Tabs.Panel value="preview">
          <JobPreviewPanel job={draft} dirty={form.dirty} />
        </Tabs.Panel>
        <Tabs.Panel value="set-aside">
          <SetAside job={of} />
        </Tabs.Panel>
        <Tabs.Panel value="settings">
          <fieldset disabled={readOnly} style={{ border: 0, margin: 0, padding: 0, minWidth: 0 }}>
            <JobSettings job={draft} onChange={form.change} />
          </fieldset>
        </Tabs.Panel>
      </Tabs>
      <SaveBar of={form} />
      <FunctionHelp opened={help} onClose={() => setHelp(false)} />
    </Page>
  )
}
