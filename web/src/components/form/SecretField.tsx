import { Button, Group, PasswordInput, Text } from '@mantine/core'
import { IconLock } from '@tabler/icons-react'
import { useState } from 'react'
import { setSecret } from '../../queries/work.ts'
import { useAct } from '../useAct.tsx'
import classes from './SecretField.module.css'

interface SecretFieldProps {
  label: string
  description?: string
  required?: boolean
  /** The reference in the configuration; empty: none yet. */
  reference: string
  suggested: string
  onChange: (reference: string) => void
}

/** A secret goes straight into the encrypted store; the configuration only holds its name. */
export function SecretField({ label, required, reference, suggested, onChange }: SecretFieldProps) {
  const [value, setValue] = useState('')
  const [replacing, setReplacing] = useState(false)
  const name = reference === '' ? suggested : reference
  const store = useAct(() => setSecret(name, value), {
    says: `Stored as ${name}.`,
    forgets: ['secrets'],
    onDone: () => {
      setValue('')
      setReplacing(false)
      onChange(name)
    },
  })
  if (reference !== '' && !replacing) {
    return (
      <div>
        <Text size="sm" fw={500}>
          {label}
        </Text>
        <Group gap="xs" className={classes.stored}>
          <IconLock size={14} aria-hidden />{' '}
          <span>
            Stored as <b className="mono">{reference}</b>
          </span>
          <Button size="compact-xs" variant="default" onClick={() => setReplacing(true)}>
            Replace
          </Button>
        </Group>
      </div>
    )
  }
  return (
    <Group align="flex-end" gap="xs" wrap="nowrap">
      <PasswordInput
        flex={1}
        label={label}
        description="Encrypted at once; nobody can read it again."
        required={required}
        value={value}
        autoComplete="new-password"
        onChange={(event) => setValue(event.currentTarget.value)}
        visibilityToggleButtonProps={{ 'aria-label': `Show ${label}` }}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && value !== '') {
            event.preventDefault()
            store.mutate(undefined)
          }
        }}
      />
      <Button
        variant="default"
        disabled={value === ''}
        loading={store.isPending}
        onClick={() => store.mutate(undefined)}
      >
        Store
      </Button>
    </Group>
  )
}
