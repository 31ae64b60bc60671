import { Code, Group, Select, Stack, Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { showValue } from '../../lib/words.ts'
import { jobs } from '../../queries/job.ts'
import { whyNot, type WhyNotTarget } from '../../queries/person.ts'
import { rolePeople } from '../../queries/policy.ts'
import { entitlements, systems } from '../../queries/system.ts'
import type { Schema } from '../../../../client/index.ts'
import { Origins } from '../Origins.tsx'
import { Section } from '../Section.tsx'
import { Loaded } from '../states.tsx'
import { useMay } from '../../queries/session.ts'
import { LeftLine } from './LeftLine.tsx'
import classes from './WhyNot.module.css'

/** Why a person lacks something: each way by which they could have it, the first condition that failed, and what it saw. */
export function WhyNot({ id, name, asOf }: { id: string; name: string; asOf?: string }) {
  const may = useMay()
  const [where, setWhere] = useState<string | null>(null)
  const [what, setWhat] = useState<string | null>(null)
  const [text, setText] = useState('')
  const [asked] = useDebouncedValue(text, 200)
  const allSystems = useQuery(systems).data?.items.filter((s) => s.destination) ?? []
  const allJobs = useQuery(jobs).data?.items.filter((j) => j.destination.id !== 'people') ?? []
  const roles = useQuery({ ...rolePeople, enabled: may('policy:read') }).data?.roles ?? []
  const found = useInfiniteQuery({ ...entitlements(where ?? '', asked), enabled: where !== null && where !== 'roles' })
  const options =
    where === 'roles'
      ? roles.map((role) => ({ value: `role:${role.id}`, label: role.id }))
      : [
          ...allJobs
            .filter((job) => job.destination.id === where)
            .map((job) => ({ value: `job:${job.id}`, label: `An account (${job.name})` })),
          ...(found.data?.pages[0]?.items ?? []).map((e) => ({ value: `entitlement:${e.id}`, label: e.name })),
        ]
  const target = targetOf(what)
  const query = useQuery({ ...whyNot(id, target ?? { roleId: '' }, asOf), enabled: target !== undefined })
  return (
    <Section title="Why not…?" says={
        asOf === undefined
          ? `What ${name} lacks, and the first condition that stood in the way.`
          : `What ${name} lacked then, by the rules and values of then.`
      }>
      <Group gap="xs" mb={target ? 'md' : 0}>
        <Select
          aria-label="Where"
          placeholder="In which system"
          w={{ base: '100%', xs: 220 }}
          value={where}
          onChange={(value) => {
            setWhere(value)
            setWhat(null)
            setText('')
          }}
          data={[
            ...(roles.length > 0 ? [{ value: 'roles', label: 'A role' }] : []),
            ...allSystems.map((s) => ({ value: s.id, label: s.name })),
          ]}
        />
        <Select
          aria-label="What"
          placeholder="What is missing"
          w={{ base: '100%', xs: 340 }}
          searchable
          disabled={where === null}
          value={what}
          onChange={setWhat}
          data={options}
          searchValue={text}
          onSearchChange={setText}
          nothingFoundMessage="Nothing by that name"
          limit={60}
        />
      </Group>
      {target && (
        <Loaded query={query} lines={3}>
          {(data) => <Answer of={data} name={name} past={asOf !== undefined} />}
        </Loaded>
      )}
    </Section>
  )
}

function Answer({ of, name, past }: { of: Schema<'WhyNot'>; name: string; past: boolean }) {
  if (of.has && of.exceptions.length === 0) return <Text>{past ? `${name} had it then.` : `${name} has it.`} See above why.</Text>
  if (of.ways.length + of.exceptions.length === 0)
    return (
      <Text>Nothing gives it to anybody: no rule, role or job names it. Add it to a role, or give it by hand.</Text>
    )
  return (
    <Stack gap="md">
      {of.exceptions.length > 0 && (
        <ul className={classes.left}>
          {of.exceptions.map((x) => (
            <LeftLine key={x.exceptionId} of={x} />
          ))}
        </ul>
      )}
      {of.ways.map((way, i) => (
        <div key={i} className={classes.way}>
          <Text>{way.says}</Text>
          {way.failed && (
            <>
              <Code block className={classes.condition}>
                {way.failed.condition}
              </Code>
              <Text size="sm" component="div">
                It saw{' '}
                {Object.entries(way.failed.saw).map(([variable, value], n) => (
                  <span key={variable}>
                    {n > 0 && ', '}
                    <span className="mono">{variable}</span> = <b>{showValue(value)}</b>
                  </span>
                ))}
              </Text>
            </>
          )}
          <div>
            <Origins of={way.origins} />
          </div>
        </div>
      ))}
    </Stack>
  )
}

function targetOf(what: string | null): WhyNotTarget | undefined {
  if (what === null) return undefined
  const [kind, ...rest] = what.split(':')
  const id = rest.join(':')
  return kind === 'role' ? { roleId: id } : kind === 'job' ? { jobId: id } : { entitlementId: id }
}
