import { ActionIcon, Button, Checkbox, Group, Select, Stack, Table, TextInput, VisuallyHidden } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { IconPlus, IconX } from '@tabler/icons-react'
import { kindWords } from '../../lib/change-kinds.ts'
import { policy } from '../../queries/policy.ts'
import { useMay } from '../../queries/session.ts'
import type { AttributeDeclaration, Settings } from '../../lib/policy.ts'
import { BrakeTable } from '../system/BrakeTable.tsx'
import { SaveBar } from '../SaveBar.tsx'
import { Section } from '../Section.tsx'
import { Waiting } from '../states.tsx'
import { usePolicyObject } from '../usePolicyObject.ts'
import { WideTable } from '../WideTable.tsx'

const peopleKinds = ['disable', 'create', 'update']
const types = ['text', 'number', 'boolean', 'date', 'reference'] as const
const flags = ['required', 'unique', 'sensitive', 'multiValued'] as const
const flagWords = { required: 'Required', unique: 'Unique', sensitive: 'Sensitive', multiValued: 'Several values' }

/** Name, time zone, and what is known of people. */
export function Organisation() {
  const may = useMay()
  const stored = useQuery(policy).data?.policy.settings
  const form = usePolicyObject<Settings>('settings', 'settings', stored)
  if (form.draft === undefined) return <Waiting />
  const { draft } = form
  const set = (at: number, part: Partial<AttributeDeclaration>) =>
    form.change({ attributes: draft.attributes.map((a, i) => (i === at ? { ...a, ...part } : a)) })
  const zones = Intl.supportedValuesOf('timeZone')
  return (
    <fieldset disabled={!may('policy:write')} style={{ border: 0, margin: 0, padding: 0, minWidth: 0 }}>
      <Stack gap="lg">
        <Section title="Organisation">
          <Stack maw={420}>
            <TextInput
              label="Name"
              value={draft.organisation}
              onChange={(e) => form.change({ organisation: e.currentTarget.value })}
            />
            <Select
              label="Time zone"
              description="In which a date begins and ends"
              searchable
              data={zones.includes(draft.timeZone) ? zones : [draft.timeZone, ...zones]}
              value={draft.timeZone}
              limit={80}
              onChange={(zone) => {
                if (zone) form.change({ timeZone: zone })
              }}
            />
          </Stack>
        </Section>
        <Section
          title="Brakes for people"
          says="Changes of people are held before anything is written when they are more than both limits. Whom somebody ended by name, and ends that were always known, do not count."
        >
          <Stack>
            <BrakeTable
              kinds={peopleKinds}
              brakes={draft.peopleBrakes}
              secondPerson={draft.secondPerson}
              verbOf={(kind) => (kind === 'disable' ? 'End' : kindWords(kind).verb)}
              onChange={(kind, brake) => form.change({ peopleBrakes: { ...draft.peopleBrakes, [kind]: brake } })}
            />
            <Checkbox
              label="Two different users must release what a brake holds"
              description="Everywhere, unless a brake says otherwise. API tokens count as the user who made them."
              checked={draft.secondPerson}
              onChange={(e) => form.change({ secondPerson: e.currentTarget.checked })}
            />
          </Stack>
        </Section>
        <Section
          title="Attributes of people"
          count={draft.attributes.length}
          flush
          says="What jobs can map to. Sensitive ones are shown on a click only."
        >
          <WideTable label="Attributes" minWidth={820}>
            <Table>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Name</Table.Th>
                  <Table.Th>Title</Table.Th>
                  <Table.Th>Type</Table.Th>
                  {flags.map((f) => (
                    <Table.Th key={f}>{flagWords[f]}</Table.Th>
                  ))}
                  <Table.Th>
                    <VisuallyHidden>Remove</VisuallyHidden>
                  </Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {draft.attributes.map((a, i) => (
                  <Table.Tr key={i}>
                    <Table.Td>
                      <TextInput
                        aria-label={`Name of attribute ${i + 1}`}
                        size="xs"
                        className="mono"
                        value={a.name}
                        onChange={(e) => set(i, { name: e.currentTarget.value })}
                      />
                    </Table.Td>
                    <Table.Td>
                      <TextInput
                        aria-label={`Title of ${a.name}`}
                        size="xs"
                        value={a.title ?? ''}
                        onChange={(e) => set(i, { title: e.currentTarget.value || undefined })}
                      />
                    </Table.Td>
                    <Table.Td>
                      <Select
                        aria-label={`Type of ${a.name}`}
                        size="xs"
                        w={120}
                        data={[...types]}
                        value={a.type}
                        onChange={(type) => set(i, { type: types.find((t) => t === type) ?? 'text' })}
                      />
                    </Table.Td>
                    {flags.map((f) => (
                      <Table.Td key={f}>
                        <Checkbox
                          aria-label={`${a.name}: ${flagWords[f]}`}
                          checked={a[f]}
                          onChange={(e) => set(i, { [f]: e.currentTarget.checked })}
                        />
                      </Table.Td>
                    ))}
                    <Table.Td>
                      <ActionIcon
                        variant="subtle"
                        color="gray"
                        aria-label={`Remove ${a.name}`}
                        onClick={() => form.change({ attributes: draft.attributes.filter((_, n) => n !== i) })}
                      >
                        <IconX size={15} />
                      </ActionIcon>
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </WideTable>
          <Group p="sm">
            <Button
              size="xs"
              variant="default"
              leftSection={<IconPlus size={14} />}
              onClick={() =>
                form.change({
                  attributes: [
                    ...draft.attributes,
                    { name: '', type: 'text', required: false, unique: false, sensitive: false, multiValued: false },
                  ],
                })
              }
            >
              Add an attribute
            </Button>
          </Group>
        </Section>
        <SaveBar of={form} />
      </Stack>
    </fieldset>
  )
}
