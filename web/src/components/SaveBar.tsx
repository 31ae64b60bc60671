import { Button, Group, Text } from '@mantine/core'
import { Failure } from './states.tsx'
import classes from './SaveBar.module.css'

interface SaveBarProps {
  of: { dirty: boolean; saving: boolean; error: unknown; save: () => void; discard: () => void }
  says?: string
}

/** Appears at the foot of the screen while there is something to save. */
export function SaveBar({
  of,
  says = 'Saved as a new revision of the policy. The next plan shows what it changes.',
}: SaveBarProps) {
  if (!of.dirty) return null
  return (
    <div className={classes.bar} role="region" aria-label="Unsaved changes">
      {of.error !== null && <Failure error={of.error} />}
      <Group justify="space-between">
        <Text size="sm" c="dimmed">
          {says}
        </Text>
        <Group gap="xs">
          <Button variant="default" onClick={of.discard}>
            Discard
          </Button>
          <Button loading={of.saving} onClick={of.save}>
            Save
          </Button>
        </Group>
      </Group>
    </div>
  )
}
