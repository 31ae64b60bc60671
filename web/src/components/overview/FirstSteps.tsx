import { Group, Text, Title, VisuallyHidden } from '@mantine/core'
import { IconCheck } from '@tabler/icons-react'
import { ButtonLink } from '../links.tsx'
import classes from './FirstSteps.module.css'

interface Start {
  hasSource: boolean
  hasDestination: boolean
  hasJob: boolean
  hasPlan: boolean
}

/** The way to a first safe preview. */
export function FirstSteps({ start }: { start: Start }) {
  const preview = start.hasSource && start.hasDestination && start.hasJob
  const steps = [
    {
      title: 'Add your HR file',
      done: start.hasSource,
      says: 'A spreadsheet or CSV with your people. It is read, never written.',
      action: (
        <ButtonLink to="/systems/new" search={{ connector: 'file' }} size="sm">
          Add a file
        </ButtonLink>
      ),
    },
    {
      title: 'Add a directory or database',
      done: start.hasDestination,
      says: 'Active Directory, OpenLDAP or PostgreSQL. It starts in observe, so nothing can be written.',
      action: (
        <ButtonLink to="/systems/new" search={{}} size="sm" variant={start.hasSource ? 'filled' : 'default'}>
          Add a system
        </ButtonLink>
      ),
    },
    {
      title: 'Map it, and preview',
      done: start.hasJob && start.hasPlan,
      says: 'A job says which column becomes what. A plan then shows every change before anything happens.',
      action: preview ? (
        <ButtonLink to="/plans" size="sm">
          Preview
        </ButtonLink>
      ) : (
        <ButtonLink to="/jobs/new" search={{}} size="sm" variant="default">
          New job
        </ButtonLink>
      ),
    },
  ]
  return (
    <section aria-labelledby="first-steps" className={classes.box}>
      <Title order={2} id="first-steps">
        Your first preview, in three steps
      </Title>
      <ol className={classes.steps}>
        {steps.map((step, i) => (
          <li key={step.title} data-done={step.done || undefined}>
            <span className={classes.number}>
              {step.done ? (
                <>
                  <IconCheck size={15} aria-hidden />
                  <VisuallyHidden>Done</VisuallyHidden>
                </>
              ) : (
                i + 1
              )}
            </span>
            <div>
              <Text fw={600}>{step.title}</Text>
              <Text size="sm" c="dimmed">
                {step.says}
              </Text>
              {!step.done && <Group mt="xs">{step.action}</Group>}
            </div>
          </li>
        ))}
      </ol>
    </section>
  )
}
