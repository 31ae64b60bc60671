import { Button, CopyButton, Group, Modal, Text } from '@mantine/core'
import classes from './LinkShown.module.css'

interface LinkShownProps {
  title: string
  text: string | undefined
  says: string
  onClose: () => void
}

/** Something that is shown this once: a one-time link, a token. */
export function LinkShown({ title, text, says, onClose }: LinkShownProps) {
  return (
    <Modal
      opened={text !== undefined}
      onClose={onClose}
      title={title}
      size="lg"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Text className={classes.text}>{text}</Text>
      <Text size="sm" c="dimmed" my="sm">
        {says}
      </Text>
      <Group justify="flex-end">
        <CopyButton value={text ?? ''}>
          {({ copied, copy }) => (
            <Button variant="default" onClick={copy}>
              {copied ? 'Copied' : 'Copy'}
            </Button>
          )}
        </CopyButton>
        <Button onClick={onClose}>Done</Button>
      </Group>
    </Modal>
  )
}
