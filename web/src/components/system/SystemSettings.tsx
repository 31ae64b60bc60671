import { Radio, Stack, TagsInput, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { fieldsOf } from '../../lib/json-schema.ts'
import type { Brake, Method, SystemPolicy } from '../../lib/policy.ts'
import { policy } from '../../queries/policy.ts'
import { useMay } from '../../queries/session.ts'
import { connectors, type System } from '../../queries/system.ts'
import { Confirm } from '../Confirm.tsx'
import { SchemaForm } from '../form/SchemaForm.tsx'
import { SaveBar } from '../SaveBar.tsx'
import { Section } from '../Section.tsx'
import { Waiting } from '../states.tsx'
import { usePolicyObject } from '../usePolicyObject.ts'
import { BrakeTable } from './BrakeTable.tsx'

const methodWords: { value: Method; label: string; says: string }[] = [
  { value: 'observe', label: 'Observe', says: 'Usher reads and plans. It holds no way to write.' },
  { value: 'approve', label: 'Approve', says: 'A plan waits until an operator approves exactly it.' },
  {
    value: 'automatic',
    label: 'Automatic',
    says: 'Plans are carried out by themselves. Brakes still hold what exceeds them.',
  },
]
/** As in the policy, where a system does not say otherwise. */
const privilegedDefaults: Record<string, Brake> = { grant: { count: 3 }, revoke: { count: 3 } }
const braked = ['create', 'update', 'rename', 'disable', 'delete', 'grant', 'revoke']

/** How a system's changes are carried out, what stops them, and where the system is. */
export function SystemSettings({ system }: { system: System }) {
  const may = useMay()
  const document = useQuery(policy).data?.policy
  const settings = document?.settings
  const stored = document?.systems.find((s) => s.id === system.id)
  const form = usePolicyObject<SystemPolicy>('systems', system.id, stored)
  const connector = useQuery(connectors).data?.items.find((c) => c.kind === system.connector)
  const [asking, setAsking] = useState<Method>()
  if (form.draft === undefined)
    return may('policy:read') ? (
      <Waiting />
    ) : (
      <Text c="dimmed">Only operators, auditors and administrators see the settings.</Text>
    )
  const { draft } = form
  return (
    <fieldset disabled={!may('policy:write')} style={{ border: 0, margin: 0, padding: 0, minWidth: 0 }}>
      <Stack gap="lg">
        {system.destination && (
          <Section
            title="Method"
            says="How changes to this system are carried out. Where a job says otherwise, the stricter of the two holds."
          >
            <Radio.Group
              value={draft.method}
              onChange={(value) => {
                const method = methodWords.find((m) => m.value === value)!.value
                if (method === 'automatic') setAsking(method)
                else form.change({ method })
              }}
            >
              <Stack gap="sm">
                {methodWords.map((m) => (
                  <Radio key={m.value} value={m.value} label={m.label} description={m.says} />
                ))}
              </Stack>
            </Radio.Group>
          </Section>
        )}
        {system.destination && (
          <Section
            title="Brakes"
            says="Changes are held before the first write when they are more than both limits, together with what other plans did in the time. Empty: no limit of this kind."
          >
            <BrakeTable
              kinds={braked}
              brakes={{ ...(system.brakes as Record<string, Brake>), ...draft.brakes }}
              secondPerson={settings?.secondPerson ?? false}
              onChange={(kind, brake) => form.change({ brakes: { ...draft.brakes, [kind]: brake } })}
            />
          </Section>
        )}
        {system.destination && (
          <Section title="What Usher never touches, and what it owns">
            <Stack maw={560}>
              <TagsInput
                label="Protected"
                description="Names or ids that are never touched; * stands for any text"
                value={draft.protected ?? []}
                onChange={(value) => form.change({ protected: value })}
              />
              <TagsInput
                label="Authoritative entitlements"
                description="Whoever holds one of these without a reason loses it"
                value={draft.authoritative ?? []}
                onChange={(value) => form.change({ authoritative: value })}
              />
            </Stack>
          </Section>
        )}
        {system.destination && (
          <Section
            title="Privileged entitlements"
            says="Groups and roles that give great power. Giving and taking them has stricter brakes, besides those above."
          >
            <Stack>
              <TagsInput
                maw={560}
                label="Privileged"
                description="Names or ids, such as Domain Admins; * stands for any text"
                value={draft.privileged ?? []}
                onChange={(value) => form.change({ privileged: value })}
              />
              {(draft.privileged ?? []).length > 0 && (
                <BrakeTable
                  kinds={['grant', 'revoke']}
                  brakes={{ ...privilegedDefaults, ...draft.privilegedBrakes }}
                  secondPerson={settings?.secondPerson ?? false}
                  onChange={(kind, brake) =>
                    form.change({ privilegedBrakes: { ...draft.privilegedBrakes, [kind]: brake } })
                  }
                />
              )}
            </Stack>
          </Section>
        )}
        <Section title="Connection">
          <Stack>
            <TextInput
              label="Name"
              maw={560}
              value={draft.name}
              onChange={(e) => form.change({ name: e.currentTarget.value })}
            />
            {connector && (
              <SchemaForm
                fields={fieldsOf(connector.configSchema)}
                values={draft.config}
                systemId={system.id}
                onChange={(config) => form.change({ config })}
              />
            )}
          </Stack>
        </Section>
        <SaveBar of={form} />
      </Stack>
      <Confirm
        opened={asking !== undefined}
        title={`Let plans for ${system.name} be carried out by themselves?`}
        action="Make it automatic"
        onClose={() => setAsking(undefined)}
        onConfirm={() => {
          form.change({ method: 'automatic' })
          setAsking(undefined)
        }}
      >
        <Text>
          Nobody is asked any more before Usher writes to {system.name}. Brakes still hold what exceeds them, and every
          change is read back.
        </Text>
      </Confirm>
    </fieldset>
  )
}
