import { useQuery } from '@tanstack/react-query'
import type { JobPolicy } from '../../lib/policy.ts'
import { policy } from '../../queries/policy.ts'
import { useMay } from '../../queries/session.ts'
import { system } from '../../queries/system.ts'
import type { Attribute } from './Mapping.tsx'

const positionAttributes: Attribute[] = [
  { name: 'start', title: 'First day' },
  { name: 'end', title: 'Last day, inclusive' },
  { name: 'leaveFrom', title: 'On leave from' },
  { name: 'leaveUntil', title: 'On leave until' },
  { name: 'title' },
  { name: 'department' },
  { name: 'location' },
  { name: 'timeZone' },
]

/** What a job can map to: the declared attributes of people, or those of the destination. */
export function useAttributes(job: Pick<JobPolicy, 'destination' | 'objectType'>): {
  attributes: Attribute[]
  positionAttributes: Attribute[]
} {
  const may = useMay()
  const toPeople = job.destination === 'people'
  const declared =
    useQuery({ ...policy, enabled: toPeople && may('policy:read') }).data?.policy.settings.attributes ?? []
  const destination = useQuery({ ...system(job.destination), enabled: !toPeople }).data
  const type = destination?.capabilities?.objectTypes.find((t) => t.name === job.objectType)
  return { attributes: toPeople ? declared : (type?.attributes ?? []), positionAttributes }
}
