import { Button, Group, SegmentedControl } from '@mantine/core'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { Choice } from '../Choice.tsx'
import { ChangeList } from './ChangeList.tsx'
import { PeopleList } from './PeopleList.tsx'
import { SearchField } from '../SearchField.tsx'
import { Section } from '../Section.tsx'
import { kindOrder, kindWords } from '../../lib/change-kinds.ts'
import { changeStates, stateWords } from '../../lib/states.ts'
import { count } from '../../lib/words.ts'
import { isMoving, plan, type ChangeFilter, type Plan } from '../../queries/plan.ts'

/** All changes of a plan: by person, by system or by kind, filtered. */
export function PlanChanges({ plan }: { plan: Plan }) {
  const search = useSearch({ from: '/inside/plans/$id' })
  const navigate = useNavigate({ from: '/plans/$id' })
  const [text, setText] = useState('')
  const view = search.view ?? 'person'
  const set = (change: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true, resetScroll: false })
  const kinds = kindOrder.filter((kind) => plan.counts.some((c) => c.kind === kind))
  const systems = [
    ...new Map(plan.counts.map((c) => [c.system.id, { value: c.system.id, label: c.system.name }])).values(),
  ]
  const states = [...new Set(plan.counts.map((c) => c.state))]
  const filter: ChangeFilter = {
    stage: search.stage,
    system: search.system,
    ...(text === '' ? {} : { search: text }),
    kind: kinds.find((kind) => kind === search.kind) as ChangeFilter['kind'],
    state: states.find((state) => state === search.state),
  }
  const shown = ({ system, kind }: Pick<ChangeFilter, 'system' | 'kind'>) =>
    plan.counts
      .filter(
        (c) =>
          (filter.stage ?? c.stage) === c.stage &&
          (system ?? c.system.id) === c.system.id &&
          (kind ?? c.kind) === c.kind &&
          (filter.state ?? c.state) === c.state,
      )
      .reduce((sum, c) => sum + c.count, 0)
  const live = isMoving(plan)
  return (
    <Section
      title="Changes"
      count={text === '' ? shown(filter) : undefined}
      of={plan.total}
      flush
      actions={
        <SegmentedControl
          size="xs"
          value={view}
          onChange={(next) => set({ view: next })}
          aria-label="View"
          data={[
            { value: 'person', label: 'By person' },
            { value: 'system', label: 'By system' },
            { value: 'kind', label: 'By kind' },
          ]}
        />
      }
    >
      <Group gap="xs" px="md" py="sm">
        <SearchField label="Search names and accounts" onSearch={setText} />
        <Choice
          label="Stage"
          any="Both stages"
          width={130}
          value={search.stage === undefined ? undefined : search.stage === 1 ? '1' : '2'}
          options={[
            { value: '1', label: '1 People' },
            { value: '2', label: '2 Systems' },
          ]}
          onChange={(stage) => set({ stage: stage === undefined ? undefined : Number(stage) })}
        />
        {view !== 'system' && (
          <Choice
            label="System"
            any="All systems"
            width={150}
            value={search.system}
            options={systems}
            onChange={(system) => set({ system })}
          />
        )}
        {view !== 'kind' && (
          <Choice
            label="Kind"
            any="All kinds"
            width={130}
            value={search.kind}
            onChange={(kind) => set({ kind })}
            options={kinds.map((kind) => ({
              value: kind,
              label: `${kindWords(kind).symbol}  ${kindWords(kind).verb}`,
            }))}
          />
        )}
        <Choice
          label="State"
          any="All states"
          width={150}
          value={filter.state}
          onChange={(state) => set({ state })}
          options={states.map((state) => ({ value: state, label: stateWords(changeStates, state).label }))}
        />
      </Group>
      {view === 'system' && (
        <Groups
          label="System"
          chosen={search.system}
          onChoose={(system) => set({ system })}
          groups={systems.map((s) => ({
            value: s.value,
            label: s.label,
            count: shown({ ...filter, system: s.value }),
          }))}
        />
      )}
      {view === 'kind' && (
        <Groups
          label="Kind"
          chosen={search.kind}
          onChoose={(kind) => set({ kind })}
          groups={kinds.map((kind) => ({
            value: kind,
            label: `${kindWords(kind).symbol} ${kindWords(kind).verb}`,
            count: shown({ ...filter, kind: kind as ChangeFilter['kind'] }),
          }))}
        />
      )}
      {view === 'person' ? (
        <PeopleList planId={plan.id} filter={filter} live={live} />
      ) : (
        <ChangeList planId={plan.id} filter={filter} live={live} />
      )}
    </Section>
  )
}

interface GroupsProps {
  label: string
  groups: { value: string; label: string; count: number }[]
  chosen?: string
  onChoose: (value: string | undefined) => void
}

/** One button per group that has something in it, and for the one that is chosen, with how many are in it. */
function Groups({ label, groups, chosen, onChoose }: GroupsProps) {
  const all = { value: undefined, label: 'All', count: groups.reduce((sum, g) => sum + g.count, 0) }
  return (
    <Group gap={6} px="md" pb="sm" role="group" aria-label={label}>
      {[all, ...groups.filter((g) => g.count > 0 || g.value === chosen)].map((group) => (
        <Button
          key={group.value ?? ''}
          size="compact-sm"
          variant={chosen === group.value ? 'filled' : 'default'}
          aria-pressed={chosen === group.value}
          onClick={() => onChoose(group.value)}
          className="numbers"
        >
          {group.label} {count(group.count)}
        </Button>
      ))}
    </Group>
  )
}
