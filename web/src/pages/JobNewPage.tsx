import { Button, Group, Radio, Select, Stack, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { TextLink } from '../components/links.tsx'
import { Page } from '../components/Page.tsx'
import { Section } from '../components/Section.tsx'
import { useAct } from '../components/useAct.tsx'
import { draftAccountJob, draftPeopleJob } from '../lib/job-draft.ts'
import { idFrom } from '../lib/policy.ts'
import { policy, putObject } from '../queries/policy.ts'
import { connectors, inspectSystem, system, systems } from '../queries/system.ts'

/** A job from a template: from a source to people with the columns guessed, or from people to a system with its required fields. */
export function JobNewPage() {
  const { system: given } = useSearch({ from: '/inside/jobs/new' })
  const navigate = useNavigate()
  const document = useQuery(policy).data
  const all = useQuery(systems).data?.items ?? []
  const preset = all.find((s) => s.id === given)
  const [chosen, setChosen] = useState<'in' | 'out'>()
  const direction = chosen ?? (preset?.destination ? 'out' : 'in')
  const options = all.filter((s) => (direction === 'in' ? s.source : s.destination))
  const [picked, setPicked] = useState<string | null>(null)
  const systemId =
    picked ?? (options.some((s) => s.id === given) ? given! : null) ?? (options.length === 1 ? options[0]!.id : null)
  const there = options.find((s) => s.id === systemId)
  const detail = useQuery({ ...system(systemId ?? ''), enabled: systemId !== null }).data
  const templates = useQuery(connectors).data?.items.find((c) => c.kind === there?.connector)?.templates ?? []
  const [templateId, setTemplateId] = useState<string | null>(null)
  const template = templates.find((t) => t.id === templateId) ?? templates[0]
  const [typed, setTyped] = useState<string>()
  const name = typed ?? (there ? (direction === 'in' ? `${there.name} to people` : `People to ${there.name}`) : '')
  const create = useAct(
    async () => {
      const attributes = document?.policy.settings.attributes ?? []
      const job =
        direction === 'in'
          ? draftPeopleJob(
              idFrom(name),
              name,
              systemId!,
              (await inspectSystem(systemId!)).columns.map((c) => c.name),
              attributes,
            )
          : draftAccountJob(idFrom(name), name, systemId!, template, detail?.capabilities?.objectTypes ?? [])
      await putObject('jobs', job.id, job, document?.revision ?? 0, `New job ${name}`)
      return job
    },
    {
      says: `${name} is there. Look over its mapping.`,
      onDone: (job) => navigate({ to: '/jobs/$id', params: { id: job.id }, search: {} }),
    },
  )
  return (
    <Page
      title="New job"
      trail={[
        <TextLink key="jobs" to="/jobs">
          Jobs
        </TextLink>,
      ]}
      lead="It begins with what can be guessed. You look it over, preview it on a real case, and only then plan it."
    >
      <Section title="What does it do?">
        <Stack maw={560}>
          <Radio.Group
            value={direction}
            onChange={(value) => {
              setChosen(value === 'out' ? 'out' : 'in')
              setPicked(null)
              setTyped(undefined)
            }}
            aria-label="Direction"
          >
            <Stack gap="sm">
              <Radio
                value="in"
                label="From a source to people"
                description="Each row of a file becomes a person or one of their positions"
              />
              <Radio value="out" label="From people to a system" description="People in scope get an account there" />
            </Stack>
          </Radio.Group>
          <Select
            label={direction === 'in' ? 'Source' : 'System'}
            data={options.map((s) => ({ value: s.id, label: s.name }))}
            value={systemId}
            onChange={(value) => {
              setPicked(value)
              setTyped(undefined)
            }}
            nothingFoundMessage="None yet"
            description={
              options.length === 0 ? (
                <>
                  None yet.{' '}
                  <TextLink to="/systems/new" search={{}}>
                    Add a system
                  </TextLink>{' '}
                  first.
                </>
              ) : undefined
            }
          />
          {direction === 'out' && templates.length > 0 && (
            <Select
              label="Template"
              data={templates.map((t) => ({ value: t.id, label: t.title }))}
              value={template?.id ?? null}
              onChange={setTemplateId}
            />
          )}
          <TextInput
            label="Name"
            value={name}
            onChange={(event) => setTyped(event.currentTarget.value)}
            description={
              name === '' ? undefined : (
                <>
                  Id in files: <span className="mono">{idFrom(name)}</span>
                </>
              )
            }
          />
          <Group justify="space-between">
            <Text size="sm" c="dimmed">
              Its method is <b>approve</b>: nothing is written without you.
            </Text>
            <Button
              disabled={systemId === null || idFrom(name) === '' || document === undefined}
              loading={create.isPending}
              onClick={() => create.mutate(undefined)}
            >
              Create job
            </Button>
          </Group>
        </Stack>
      </Section>
    </Page>
  )
}
