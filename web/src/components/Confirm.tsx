import { Button, Group, Modal, Stack, TextInput } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import { Failure } from './states.tsx'

interface ConfirmProps {
  opened: boolean
  title: string
  children: ReactNode
  /** The button's words: what will happen. */
  action: string
  /** To be typed before the button works; for what takes something away. */
  typed?: string
  /** What it is that is typed. */
  typedSays?: string
  danger?: boolean
  busy?: boolean
  error?: unknown
  onConfirm: () => void
  onClose: () => void
}

/** Asks once more, and says exactly what will happen. */
export function Confirm({
  opened,
  title,
  children,
  action,
  typed,
  typedSays,
  danger,
  busy,
  error,
  onConfirm,
  onClose,
}: ConfirmProps) {
  const [text, setText] = useState('')
  const close = () => {
    setText('')
    onClose()
  }
  const ready = typed === undefined || text.trim() === typed
  return (
    <Modal opened={opened} onClose={close} title={title} size="lg" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (ready) onConfirm()
        }}
      >
        <Stack>
          {children}
          {typed !== undefined && (
            <TextInput
              label={
                <>
                  Type <b className="mono">{typed}</b>
                  {typedSays && `, ${typedSays},`} to confirm
                </>
              }
              value={text}
              data-autofocus
              autoComplete="off"
              onChange={(event) => setText(event.currentTarget.value)}
            />
          )}
          {error !== undefined && error !== null && <Failure error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" color={danger ? 'red' : undefined} disabled={!ready} loading={busy}>
              {action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
