import { Code, Text } from '@mantine/core'
import { IconAlertTriangle, IconCheck } from '@tabler/icons-react'
import { isRecord } from '../api.ts'
import { showValue } from '../lib/words.ts'
import type { JobPreview } from '../queries/job.ts'
import classes from './PreviewSteps.module.css'

/** A person or a row on its way through a job: each step with what it saw and what came out. */
export function PreviewSteps({ of }: { of: JobPreview }) {
  return (
    <ol className={classes.steps}>
      {of.steps.map((step, i) => (
        <li key={i} data-ok={step.ok || undefined}>
          <span className={classes.sign}>
            {step.ok ? <IconCheck size={14} aria-label="fine" /> : <IconAlertTriangle size={14} aria-label="failed" />}
          </span>
          <div className={classes.words}>
            <Text fw={560} component="div">
              {step.attribute ?? step.title}
              {(step.step === 'field' || step.step === 'position-field') && (
                <span className={classes.result}>{resultOf(step.result)}</span>
              )}
            </Text>
            <Text size="sm" c={step.ok ? 'dimmed' : undefined}>
              {step.says}
            </Text>
            {step.expression && <Code className={classes.expression}>{step.expression}</Code>}
            {step.inputs && Object.keys(step.inputs).length > 0 && (
              <dl className={classes.inputs} aria-label="What it saw">
                {Object.entries(step.inputs).map(([name, value]) => (
                  <div key={name}>
                    <dt>{name}</dt>
                    <dd>{showValue(value)}</dd>
                  </div>
                ))}
              </dl>
            )}
          </div>
        </li>
      ))}
    </ol>
  )
}

/** What a mapping decided: a value, leave alone, or remove. */
function resultOf(result: unknown): string {
  if (result === 'keep') return 'keep what is there'
  if (result === 'clear') return 'remove what is there'
  if (isRecord(result) && Array.isArray(result['candidates']))
    return `the first free of ${showValue(result['candidates'])}`
  return showValue(isRecord(result) && 'set' in result ? result['set'] : result)
}
