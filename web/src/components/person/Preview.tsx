import { Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { jobs, previewJob } from '../../queries/job.ts'
import { PreviewSteps } from '../PreviewSteps.tsx'
import { Section } from '../Section.tsx'
import { Loaded } from '../states.tsx'

/** One person through one job, each step shown. Writes nothing. */
export function Preview({ id, name }: { id: string; name: string }) {
  const [chosen, setChosen] = useState<string | null>(null)
  const options = useQuery(jobs).data?.items.filter((job) => job.destination.id !== 'people') ?? []
  const job = chosen ?? (options.length === 1 ? options[0]!.id : null)
  const query = useQuery({
    queryKey: ['people', id, 'preview', job],
    queryFn: () => previewJob(job!, { personId: id }),
    enabled: job !== null,
  })
  return (
    <Section title="Preview" says={`What a job would make of ${name} now, step by step. Nothing is written.`}>
      <Select
        aria-label="Job"
        placeholder="Which job"
        maw={420}
        mb="md"
        value={job}
        onChange={setChosen}
        nothingFoundMessage="There is no job to a system yet"
        data={options.map((j) => ({ value: j.id, label: `${j.name} → ${j.destination.name}` }))}
      />
      {job !== null && <Loaded query={query}>{(data) => <PreviewSteps of={data} />}</Loaded>}
    </Section>
  )
}
