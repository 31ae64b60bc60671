import { useDebouncedValue } from '@mantine/hooks'
import { Spotlight, type SpotlightActionGroupData } from '@mantine/spotlight'
import { IconPlugConnected, IconPlus, IconRoute, IconSearch, IconUser } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { jobs } from '../queries/job.ts'
import { findPeople } from '../queries/person.ts'
import { useMay } from '../queries/session.ts'
import { systems } from '../queries/system.ts'
import { personStates, stateWords } from '../lib/states.ts'
import { allPlaces } from './places.ts'

/** Ctrl/Cmd-K: people by name, e-mail or employee id, and every page. */
export function CommandPalette() {
  const [text, setText] = useState('')
  const [asked] = useDebouncedValue(text.trim(), 150)
  const may = useMay()
  const navigate = useNavigate()
  const found = useQuery({ ...findPeople(asked), enabled: asked.length > 1 }).data?.items ?? []
  const allSystems = useQuery({ ...systems, enabled: text !== '' }).data?.items ?? []
  const allJobs = useQuery({ ...jobs, enabled: text !== '', refetchInterval: false }).data?.items ?? []
  const fits = (title: string) => title.toLowerCase().includes(text.trim().toLowerCase())

  const groups: SpotlightActionGroupData[] = [
    {
      group: 'People',
      actions: (asked.length > 1 ? found : []).map((person) => ({
        id: person.id,
        label: person.name,
        leftSection: <IconUser size={18} stroke={1.6} />,
        description: [person.employeeId, person.title, person.department, stateWords(personStates, person.state).label]
          .filter(Boolean)
          .join(' · '),
        onClick: () => void navigate({ to: '/people/$id', params: { id: person.id } }),
      })),
    },
    {
      group: 'Systems',
      actions:
        text === ''
          ? []
          : allSystems
              .filter((s) => fits(s.name))
              .slice(0, 6)
              .map((system) => ({
                id: `system-${system.id}`,
                label: system.name,
                description: system.connector,
                leftSection: <IconPlugConnected size={18} stroke={1.6} />,
                onClick: () => void navigate({ to: '/systems/$id', params: { id: system.id } }),
              })),
    },
    {
      group: 'Jobs',
      actions:
        text === ''
          ? []
          : allJobs
              .filter((j) => fits(j.name))
              .slice(0, 6)
              .map((job) => ({
                id: `job-${job.id}`,
                label: job.name,
                description: `${job.source.name} → ${job.destination.name}`,
                leftSection: <IconRoute size={18} stroke={1.6} />,
                onClick: () => void navigate({ to: '/jobs/$id', params: { id: job.id } }),
              })),
    },
    {
      group: 'Pages',
      actions: allPlaces
        .filter((p) => may(p.permission) && fits(p.title))
        .map((place) => ({
          id: place.to,
          label: place.title,
          leftSection: <place.icon size={18} stroke={1.6} />,
          onClick: () => void navigate({ to: place.to }),
        })),
    },
    {
      group: 'Actions',
      actions:
        may('policy:write') && (text === '' || fits('Add a system') || fits('New job'))
          ? [
              {
                id: 'add-system',
                label: 'Add a system',
                leftSection: <IconPlus size={18} />,
                onClick: () => void navigate({ to: '/systems/new', search: {} }),
              },
              {
                id: 'new-job',
                label: 'New job',
                leftSection: <IconPlus size={18} />,
                onClick: () => void navigate({ to: '/jobs/new', search: {} }),
              },
            ]
          : [],
    },
  ]
  return (
    <Spotlight
      actions={groups.filter((group) => group.actions.length > 0)}
      query={text}
      onQueryChange={setText}
      filter={(_, actions) => actions}
      nothingFound="Nobody and nothing by that name."
      highlightQuery
      scrollable
      maxHeight={420}
      shortcut={['mod + K']}
      radius="md"
      searchProps={{
        leftSection: <IconSearch size={18} />,
        placeholder: 'A name, an e-mail address, an employee id, a page…',
        'aria-label': 'Find',
      }}
    />
  )
}
