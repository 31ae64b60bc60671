import { TextInput } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import { Dialog } from './Dialog.tsx'

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
export function Confirm({ children, typed, typedSays, onConfirm, onClose, ...rest }: ConfirmProps) {
  const [text, setText] = useState('')
  const close = () => {
    setText('')
    onClose()
  }
  return (
    <Dialog {...rest} size="lg" ready={typed === undefined || text.trim() === typed} onSubmit={onConfirm} onClose={close}>
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
    </Dialog>
  )
}
