import { Button, Stack, Tabs } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { IconDoorExit, IconPlus, IconRefresh } from '@tabler/icons-react'
import { useState } from 'react'
import { FindingRow } from '../components/FindingRow.tsx'
import { TextLink } from '../components/links.tsx'
import { Page, PageOf } from '../components/Page.tsx'
import { Access } from '../components/person/Access.tsx'
import { Accounts } from '../components/person/Accounts.tsx'
import { EndNotice, EndPerson } from '../components/person/EndPerson.tsx'
import { Grant } from '../components/person/Grant.tsx'
import { History } from '../components/person/History.tsx'
import { Passwords } from '../components/person/Passwords.tsx'
import { Positions } from '../components/person/Positions.tsx'
import { Preview } from '../components/person/Preview.tsx'
import { Profile } from '../components/person/Profile.tsx'
import { Section } from '../components/Section.tsx'
import { StateTag, Tag } from '../components/Tag.tsx'
import { useAct } from '../components/useAct.tsx'
import { When } from '../components/When.tsx'
import { personStates } from '../lib/states.ts'
import { plural, showValue } from '../lib/words.ts'
import { person, planPerson } from '../queries/person.ts'
import { useMay } from '../queries/session.ts'
import type { Schema } from '../../../client/index.ts'

/** One person: what they have and why, and what happened. */
export function PersonPage() {
  const { id } = useParams({ from: '/inside/people/$id' })
  const query = useQuery(person(id))
  return <PageOf query={query}>{(data) => <Shown key={data.id} person={data} />}</PageOf>
}

function Shown({ person: of }: { person: Schema<'Person'> }) {
  const { tab } = useSearch({ from: '/inside/people/$id' })
  const navigate = useNavigate({ from: '/people/$id' })
  const may = useMay()
  const [granting, setGranting] = useState(false)
  const [ending, setEnding] = useState(false)
  const plan = useAct(() => planPerson(of.id), {
    forgets: ['plans', 'overview'],
    onDone: ({ planId }) => navigate({ to: '/plans/$id', params: { id: planId }, search: {} }),
  })
  return (
    <Page
      title={of.name}
      aside={<StateTag table={personStates} state={of.state} />}
      lead={<Lead person={of} />}
      trail={[
        <TextLink key="people" to="/people" search={{}}>
          People
        </TextLink>,
      ]}
      actions={
        <>
          {may('people:end') && of.positions.some((p) => p.living) && (
            <Button
              variant="default"
              color="red"
              leftSection={<IconDoorExit size={16} />}
              onClick={() => setEnding(true)}
            >
              End…
            </Button>
          )}
          {may('people:grant') && (
            <Button variant="default" leftSection={<IconPlus size={16} />} onClick={() => setGranting(true)}>
              Give a role…
            </Button>
          )}
          {may('people:plan') && (
            <Button
              leftSection={<IconRefresh size={16} />}
              loading={plan.isPending}
              onClick={() => plan.mutate(undefined)}
            >
              Plan this person now
            </Button>
          )}
        </>
      }
    >
      <EndNotice person={of} />
      <Passwords person={of} />
      {of.findings.length > 0 && (
        <Section title="What is wrong" count={of.findings.length} flush>
          {of.findings.map((f) => (
            <FindingRow key={f.id} finding={f} />
          ))}
        </Section>
      )}
      <Profile person={of} />
      <Tabs
        value={tab ?? 'access'}
        onChange={(next) => void navigate({ search: { tab: next ?? undefined }, replace: true, resetScroll: false })}
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="access">Access</Tabs.Tab>
          <Tabs.Tab value="positions">Positions ({of.positions.length})</Tabs.Tab>
          <Tabs.Tab value="accounts">Accounts ({of.accounts.length})</Tabs.Tab>
          <Tabs.Tab value="history">History</Tabs.Tab>
          {may('jobs:preview') && <Tabs.Tab value="preview">Preview</Tabs.Tab>}
        </Tabs.List>
        <Tabs.Panel value="access">
          <Stack gap="lg">
            <Access id={of.id} name={of.name} />
          </Stack>
        </Tabs.Panel>
        <Tabs.Panel value="positions">
          <Positions of={of.positions} />
        </Tabs.Panel>
        <Tabs.Panel value="accounts">
          <Accounts of={of.accounts} />
        </Tabs.Panel>
        <Tabs.Panel value="history">
          <History id={of.id} />
        </Tabs.Panel>
        <Tabs.Panel value="preview">
          <Preview id={of.id} name={of.name} />
        </Tabs.Panel>
      </Tabs>
      <Grant id={of.id} name={of.name} opened={granting} onClose={() => setGranting(false)} />
      {ending && <EndPerson person={of} onClose={() => setEnding(false)} />}
    </Page>
  )
}

/** Position, manager, dates: the line that the help desk reads first. */
function Lead({ person: of }: { person: Schema<'Person'> }) {
  const position = of.positions.find((p) => p.living) ?? of.positions[0]
  const manager = of.attributes.find((a) => a.name === 'manager')
  const words = position
    ? [position.attributes['title'] ?? position.attributes['jobTitle'], position.attributes['department']]
        .filter(Boolean)
        .map(showValue)
    : []
  return (
    <>
      {words.join(', ')}
      {manager?.person && (
        <>
          {words.length > 0 && ' · '}reports to{' '}
          <TextLink to="/people/$id" params={{ id: manager.person.id }} search={{}}>
            {manager.person.name}
          </TextLink>
        </>
      )}
      {manager && !manager.person && showValue(manager.value) !== '—' && (
        <>
          {' '}
          ·{' '}
          <Tag tone="warn" title="Settles by itself when the manager appears.">
            manager {showValue(manager.value)} is not known yet
          </Tag>
        </>
      )}
      {of.state === 'before-start' && of.startsAt && (
        <>
          {' '}
          · starts <When at={of.startsAt} />
        </>
      )}
      {of.state === 'ended' && of.endedAt && (
        <>
          {' '}
          · ended <When at={of.endedAt} />
        </>
      )}
      {of.openChanges > 0 && <> · {plural(of.openChanges, 'open change')}</>}
    </>
  )
}
