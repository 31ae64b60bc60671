import { Stack } from '@mantine/core'
import type { Rule } from '../../lib/policy.ts'
import { ExpressionField } from '../job/ExpressionField.tsx'
import { NameFields } from './NameFields.tsx'
import { RolesField } from './RolesField.tsx'

interface RuleFormProps {
  rule: Rule
  onChange: (part: Partial<Rule>) => void
  readOnly: boolean
}

/** Name, condition, and the roles that it gives. */
export function RuleForm({ rule, onChange, readOnly }: RuleFormProps) {
  return (
    <Stack maw={640}>
      <NameFields of={rule} onChange={onChange} readOnly={readOnly} />
      <ExpressionField
        label="When"
        description="Tried on each living position of a person; one that meets it is enough"
        placeholder='position.department == "Sales"'
        value={rule.when}
        scope="person"
        readOnly={readOnly}
        onChange={(when) => onChange({ when })}
      />
      <RolesField
        label="Gives the roles"
        value={rule.roles}
        readOnly={readOnly}
        onChange={(roles) => onChange({ roles })}
      />
    </Stack>
  )
}
