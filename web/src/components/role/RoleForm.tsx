import {
  ActionIcon,
  Autocomplete,
  Button,
  Fieldset,
  Group,
  NumberInput,
  Select,
  Stack,
  TextInput,
} from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { IconPlus, IconX } from '@tabler/icons-react'
import type { Role } from '../../lib/policy.ts'
import { entitlements, systems } from '../../queries/system.ts'
import { NameFields } from './NameFields.tsx'
import { RolesField } from './RolesField.tsx'

interface RoleFormProps {
  role: Role
  onChange: (part: Partial<Role>) => void
  readOnly: boolean
}

/** Name, owner, entitlements, contained roles. */
export function RoleForm({ role, onChange, readOnly }: RoleFormProps) {
  const all = useQuery(systems).data?.items.filter((s) => s.destination) ?? []
  const setGrant = (at: number, part: Partial<Role['grants'][number]>) =>
    onChange({ grants: role.grants.map((g, i) => (i === at ? { ...g, ...part } : g)) })
  return (
    <Stack maw={640} gap="md">
      <NameFields of={role} onChange={onChange} readOnly={readOnly} />
      <TextInput
        label="Owner"
        description="Who answers for it: an e-mail address"
        value={role.owner ?? ''}
        readOnly={readOnly}
        onChange={(e) => onChange({ owner: e.currentTarget.value || undefined })}
      />
      <Fieldset legend="Entitlements" disabled={readOnly}>
        <Stack gap="xs">
          {role.grants.map((grant, i) => (
            <Group key={i} gap="xs" wrap="nowrap" align="flex-start">
              <Select
                aria-label={`System ${i + 1}`}
                w={180}
                data={all.map((s) => ({ value: s.id, label: s.name }))}
                value={grant.system === '' ? null : grant.system}
                placeholder="System"
                onChange={(value) => setGrant(i, { system: value ?? '' })}
              />
              <EntitlementField
                system={grant.system}
                value={grant.entitlement}
                label={`Entitlement ${i + 1}`}
                onChange={(entitlement) => setGrant(i, { entitlement })}
              />
              <NumberInput
                aria-label={`Days that entitlement ${i + 1} is kept after a move`}
                title="Days that it is kept after a move. Whoever leaves keeps nothing."
                placeholder="after a move"
                suffix=" days"
                w={120}
                min={1}
                max={365}
                allowDecimal={false}
                value={grant.graceDays ?? ''}
                onChange={(days) => setGrant(i, { graceDays: typeof days === 'number' && days > 0 ? days : undefined })}
              />
              <ActionIcon
                variant="subtle"
                color="gray"
                mt={4}
                aria-label={`Take entitlement ${i + 1} out`}
                onClick={() => onChange({ grants: role.grants.filter((_, n) => n !== i) })}
              >
                <IconX size={15} />
              </ActionIcon>
            </Group>
          ))}
          <Group>
            <Button
              size="xs"
              variant="default"
              leftSection={<IconPlus size={14} />}
              onClick={() =>
                onChange({ grants: [...role.grants, { system: all.length === 1 ? all[0]!.id : '', entitlement: '' }] })
              }
            >
              Add an entitlement
            </Button>
          </Group>
        </Stack>
      </Fieldset>
      <RolesField
        label="Contains roles"
        value={role.roles}
        readOnly={readOnly}
        except={role.id}
        onChange={(roles) => onChange({ roles })}
      />
    </Stack>
  )
}

function EntitlementField({
  system,
  value,
  label,
  onChange,
}: {
  system: string
  value: string
  label: string
  onChange: (value: string) => void
}) {
  const [asked] = useDebouncedValue(value, 200)
  const found = useInfiniteQuery({ ...entitlements(system, asked), enabled: system !== '' }).data?.pages[0]?.items ?? []
  return (
    <Autocomplete
      aria-label={label}
      placeholder="Group, role or privilege"
      flex={1}
      value={value}
      onChange={onChange}
      limit={40}
      data={[...new Set(found.map((e) => e.name))]}
      filter={({ options }) => options}
    />
  )
}
