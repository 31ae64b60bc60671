import { Code, Drawer, Stack, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { showValue } from '../../lib/words.ts'
import { functions } from '../../queries/job.ts'
import { Loaded } from '../states.tsx'
import classes from './FunctionHelp.module.css'

/** All functions of expressions, to search and read. */
export function FunctionHelp({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const [text, setText] = useState('')
  const query = useQuery({ ...functions, enabled: opened })
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      position="right"
      title="Functions"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Text size="sm" c="dimmed" mb="sm">
        <Code>row["Column"]</Code> reads a cell, <Code>person.email</Code> an attribute,{' '}
        <Code>position.department</Code> one of the position. What is missing stays missing; it is never an error.
      </Text>
      <TextInput
        aria-label="Search functions"
        placeholder="Search functions"
        value={text}
        onChange={(e) => setText(e.currentTarget.value)}
        mb="md"
        data-autofocus
      />
      <Loaded query={query}>
        {({ items }) => (
          <Stack gap="md">
            {items
              .filter((f) => `${f.name} ${f.description}`.toLowerCase().includes(text.toLowerCase()))
              .map((f) => (
                <div key={f.signature} className={classes.function}>
                  <Code className={classes.signature}>{f.signature}</Code>
                  <Text size="sm">{f.description}</Text>
                  <Text size="xs" c="dimmed" component="div" className="mono">
                    {f.example} → {showValue(f.result)}
                  </Text>
                </div>
              ))}
          </Stack>
        )}
      </Loaded>
    </Drawer>
  )
}
