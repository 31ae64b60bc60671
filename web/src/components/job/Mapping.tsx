import { ActionIcon, Autocomplete, Button, Group, Text } from '@mantine/core'
import { IconArrowLeft, IconPlus, IconX } from '@tabler/icons-react'
import { useState } from 'react'
import { ExpressionField } from './ExpressionField.tsx'
import classes from './Mapping.module.css'

export interface Attribute {
  name: string
  title?: string
  required?: boolean
  description?: string
}

interface MappingProps {
  label: string
  mapping: Record<string, string>
  /** What can be mapped; others may be typed. */
  attributes: Attribute[]
  scope: 'row' | 'person'
  readOnly: boolean
  onChange: (mapping: Record<string, string>) => void
}

/** Attribute ← expression, one a row. */
export function Mapping({ label, mapping, attributes, scope, readOnly, onChange }: MappingProps) {
  const [adding, setAdding] = useState('')
  const free = attributes.filter((a) => mapping[a.name] === undefined)
  const missing = free.filter((a) => a.required)
  const remove = (name: string) => onChange(Object.fromEntries(Object.entries(mapping).filter(([key]) => key !== name)))
  const add = (name: string) => {
    if (name === '' || mapping[name] !== undefined) return
    onChange({ ...mapping, [name]: '' })
    setAdding('')
  }
  return (
    <div className={classes.mapping} role="group" aria-label={label}>
      {Object.entries(mapping).map(([name, expression]) => {
        const attribute = attributes.find((a) => a.name === name)
        return (
          <div key={name} className={classes.row}>
            <div className={classes.name} title={attribute?.description}>
              <Text fw={560}>
                {name}
                {attribute?.required && (
                  <span className={classes.required} title="Required">
                    {' '}
                    *
                  </span>
                )}
              </Text>
              {attribute?.title && (
                <Text size="xs" c="dimmed">
                  {attribute.title}
                </Text>
              )}
            </div>
            <IconArrowLeft size={15} className={classes.arrow} aria-label="is" />
            <ExpressionField
              label={`Expression for ${name}`}
              bare
              value={expression}
              scope={scope}
              readOnly={readOnly}
              onChange={(next) => onChange({ ...mapping, [name]: next })}
            />
            {!readOnly && (
              <ActionIcon variant="subtle" color="gray" aria-label={`Do not map ${name}`} onClick={() => remove(name)}>
                <IconX size={15} />
              </ActionIcon>
            )}
          </div>
        )
      })}
      {!readOnly && (
        <Group gap="xs" mt="sm">
          <Autocomplete
            aria-label="Attribute to add"
            placeholder="Attribute"
            data={free.map((a) => a.name)}
            value={adding}
            onChange={setAdding}
            onOptionSubmit={add}
            w={220}
            size="sm"
            onKeyDown={(event) => {
              if (event.key === 'Enter') {
                event.preventDefault()
                add(adding.trim())
              }
            }}
          />
          <Button
            variant="default"
            leftSection={<IconPlus size={15} />}
            disabled={adding.trim() === ''}
            onClick={() => add(adding.trim())}
          >
            Map it
          </Button>
          {missing.length > 0 && (
            <Text size="sm" style={{ color: 'var(--tone-warn)' }}>
              Still required: {missing.map((a) => a.name).join(', ')}
            </Text>
          )}
        </Group>
      )}
    </div>
  )
}
