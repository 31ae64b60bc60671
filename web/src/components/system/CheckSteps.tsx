import { Text } from '@mantine/core'
import { IconCheck, IconX } from '@tabler/icons-react'
import type { Schema } from '../../../../client/index.ts'
import classes from './CheckSteps.module.css'

/** What was tried, in order, and what is missing by name. */
export function CheckSteps({ of }: { of: Schema<'Check'> }) {
  return (
    <ul className={classes.steps} aria-label="Check" role="status">
      {of.steps.map((step, i) => (
        <li key={i} data-ok={step.ok || undefined}>
          {step.ok ? <IconCheck size={16} aria-label="fine" /> : <IconX size={16} aria-label="failed" />}
          <div>
            <Text>{step.name}</Text>
            {step.message && (
              <Text size="sm" c="dimmed" component="div">
                {step.message} {step.advice}
                {step.code && (
                  <>
                    {' '}
                    <span className="mono">{step.code}</span>
                  </>
                )}
              </Text>
            )}
          </div>
        </li>
      ))}
    </ul>
  )
}
