import { Table } from '@mantine/core'
import type { ReactNode } from 'react'

/** A table that scrolls by itself where the room is narrow; the keyboard can scroll it, too. */
export function WideTable({ label, minWidth, children }: { label: string; minWidth: number; children: ReactNode }) {
  // Relative: what is only there for screen readers is placed absolutely, and would widen the page from in here.
  return (
    <Table.ScrollContainer
      minWidth={minWidth}
      type="native"
      tabIndex={0}
      role="region"
      aria-label={label}
      pb={0}
      pos="relative"
    >
      {children}
    </Table.ScrollContainer>
  )
}
