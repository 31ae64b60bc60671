import { Button, Group, Modal, Stack } from '@mantine/core'
import type { FormEvent, ReactNode } from 'react'
import { Failure } from './states.tsx'

interface DialogProps {
  opened?: boolean
  title: string
  children: ReactNode
  /** The button's words: what will happen. */
  action: string
  /** What is still missing keeps the button from working. */
  ready?: boolean
  danger?: boolean
  busy?: boolean
  error?: unknown
  size?: string
  onSubmit: (form: FormData) => void
  onClose: () => void
}

/** A form in a dialog: its fields, what went wrong, a way back and a way on. Enter sends it. */
export function Dialog(props: DialogProps) {
  const { opened = true, title, children, action, ready = true, danger, busy, error, size, onSubmit, onClose } = props
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    if (ready) onSubmit(new FormData(event.currentTarget))
  }
  return (
    <Modal opened={opened} onClose={onClose} title={title} size={size} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={submit}>
        <Stack>
          {children}
          {error !== undefined && error !== null && <Failure error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
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
