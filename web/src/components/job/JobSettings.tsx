import { Checkbox, Group, NumberInput, Radio, Select, Stack, TagsInput, Text, TextInput } from '@mantine/core'
import type { JobPolicy, Method } from '../../lib/policy.ts'
import { Section } from '../Section.tsx'

interface JobSettingsProps {
  job: JobPolicy
  onChange: (part: Partial<JobPolicy>) => void
}

const common = [
  { value: '0 6 * * *', label: 'Every day at 6' },
  { value: '0 * * * *', label: 'Every hour' },
  { value: '*/15 * * * *', label: 'Every 15 minutes' },
  { value: '0 6 * * 1-5', label: 'Monday to Friday at 6' },
]

/** When a job runs and how; for accounts, what happens around a person's states. */
export function JobSettings({ job, onChange }: JobSettingsProps) {
  const lifecycle = job.lifecycle ?? { createDaysBefore: 7, onLeave: 'disable' as const, deleteAfterDays: null }
  const completeness = job.completeness ?? { maxShrink: 0.1, vanishedEnds: false }
  return (
    <Stack gap="lg">
      <Section title="Name">
        <TextInput
          aria-label="Name"
          maw={420}
          value={job.name}
          onChange={(e) => onChange({ name: e.currentTarget.value })}
        />
      </Section>
      <Section title="Method" says="Where the destination says otherwise, the stricter of the two holds.">
        <Radio.Group value={job.method} onChange={(value) => onChange({ method: value as Method })} aria-label="Method">
          <Stack gap="sm">
            <Radio value="observe" label="Observe" description="Read and plan only" />
            <Radio value="approve" label="Approve" description="The plan waits for an operator" />
            <Radio value="automatic" label="Automatic" description="Carried out by itself, unless a brake holds it" />
          </Stack>
        </Radio.Group>
      </Section>
      <Section title="Schedule">
        <Group align="flex-end">
          <Select
            label="When"
            w={230}
            placeholder="By hand"
            clearable
            data={common}
            value={common.some((c) => c.value === job.schedule?.cron) ? job.schedule!.cron : null}
            onChange={(cron) => onChange({ schedule: cron === null ? undefined : { ...job.schedule, cron } })}
          />
          <TextInput
            label="Cron"
            description="minute hour day month weekday"
            w={190}
            value={job.schedule?.cron ?? ''}
            className="mono"
            onChange={(e) => {
              const cron = e.currentTarget.value
              onChange({ schedule: cron === '' ? undefined : { ...job.schedule, cron } })
            }}
          />
          <TextInput
            label="Time zone"
            w={190}
            placeholder="the organisation's"
            value={job.schedule?.timeZone ?? ''}
            disabled={!job.schedule}
            onChange={(e) => {
              const zone = e.currentTarget.value
              if (job.schedule)
                onChange({ schedule: { cron: job.schedule.cron, ...(zone === '' ? {} : { timeZone: zone }) } })
            }}
          />
        </Group>
      </Section>
      {job.destination === 'people' ? (
        <Section title="What a read must look like" says="Before the absence of a row means anything.">
          <Stack maw={480}>
            <NumberInput
              label="Rows that may vanish between two reads, in %"
              min={0}
              max={100}
              value={Math.round(completeness.maxShrink * 100)}
              onChange={(v) => {
                if (typeof v === 'number') onChange({ completeness: { ...completeness, maxShrink: v / 100 } })
              }}
            />
            <Checkbox
              label="A vanished row ends the position without asking"
              description="Only for sources that prove that they are complete"
              checked={completeness.vanishedEnds}
              onChange={(e) => onChange({ completeness: { ...completeness, vanishedEnds: e.currentTarget.checked } })}
            />
            <TagsInput
              label="Match rules, in order"
              description="Attributes that must all be equal, joined by +, such as email or surname+birthDate"
              value={(job.match ?? []).map((rule) => (Array.isArray(rule) ? rule.join('+') : rule))}
              onChange={(rules) => onChange({ match: rules.map((rule) => rule.split('+').map((name) => name.trim())) })}
            />
          </Stack>
        </Section>
      ) : (
        <Section title="Around a person's states">
          <Stack maw={480}>
            <NumberInput
              label="Days before the start on which the account is created, disabled"
              min={0}
              max={365}
              value={lifecycle.createDaysBefore}
              onChange={(v) => {
                if (typeof v === 'number') onChange({ lifecycle: { ...lifecycle, createDaysBefore: v } })
              }}
            />
            <Select
              label="On leave"
              data={[
                { value: 'keep', label: 'Keep the account enabled' },
                { value: 'disable', label: 'Disable the account' },
              ]}
              value={lifecycle.onLeave}
              onChange={(v) => {
                if (v === 'keep' || v === 'disable') onChange({ lifecycle: { ...lifecycle, onLeave: v } })
              }}
            />
            <NumberInput
              label="Days after the end on which it is deleted"
              placeholder="never"
              min={1}
              max={3650}
              value={lifecycle.deleteAfterDays ?? ''}
              onChange={(v) =>
                onChange({ lifecycle: { ...lifecycle, deleteAfterDays: typeof v === 'number' ? v : null } })
              }
            />
            <TagsInput
              label="Recognise existing accounts by"
              description="Attributes of the destination, most trusted first; name is the account's name"
              value={(job.match ?? []).flat()}
              onChange={(match) => onChange({ match })}
            />
            <Text size="sm" c="dimmed">
              An account that no rule recognises belongs to nobody, and Usher never touches it.
            </Text>
          </Stack>
        </Section>
      )}
    </Stack>
  )
}
