import { Alert, Group, NumberInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { JobPolicy } from '../../lib/policy.ts'
import { previewJob } from '../../queries/job.ts'
import { PersonPicker } from '../PersonPicker.tsx'
import { PreviewSteps } from '../PreviewSteps.tsx'
import { Section } from '../Section.tsx'
import { Loaded } from '../states.tsx'

/** The job, edits included, on one real person or row; every step shown. */
export function JobPreviewPanel({ job, dirty }: { job: JobPolicy; dirty: boolean }) {
  const fromRows = job.destination === 'people'
  const [personId, setPersonId] = useState<string>()
  const [row, setRow] = useState<number>(2)
  const of = fromRows ? { row } : personId === undefined ? undefined : { personId }
  const query = useQuery({
    queryKey: ['jobs', job.id, 'preview', job, of],
    queryFn: () => previewJob(job as unknown as Record<string, unknown>, of!),
    enabled: of !== undefined,
    retry: false,
  })
  return (
    <Section title="Preview" says="One real case through the job, step by step. Nothing is written.">
      {dirty && (
        <Alert variant="transparent" p={0} mb="sm">
          The edits that are not saved yet are part of this preview.
        </Alert>
      )}
      <Group mb="md">
        {fromRows ? (
          <NumberInput
            label="Row of the source"
            description="As the spreadsheet counts it"
            min={1}
            value={row}
            onChange={(next) => {
              if (typeof next === 'number') setRow(next)
            }}
            w={200}
          />
        ) : (
          <PersonPicker label="Person" onPick={setPersonId} />
        )}
      </Group>
      {of !== undefined && <Loaded query={query}>{(data) => <PreviewSteps of={data} />}</Loaded>}
    </Section>
  )
}
