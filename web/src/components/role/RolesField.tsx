import { MultiSelect } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { policy } from '../../queries/policy.ts'

interface RolesFieldProps {
  label: string
  value: string[]
  readOnly: boolean
  /** A role that cannot be chosen: the one that contains them. */
  except?: string
  onChange: (roles: string[]) => void
}

/** Some roles of the policy. */
export function RolesField({ label, value, readOnly, except, onChange }: RolesFieldProps) {
  const roles = useQuery(policy).data?.policy.roles.filter((r) => r.id !== except) ?? []
  return (
    <MultiSelect
      label={label}
      data={roles.map((r) => ({ value: r.id, label: r.name }))}
      value={value}
      readOnly={readOnly}
      searchable
      onChange={onChange}
      nothingFoundMessage="No such role"
    />
  )
}
