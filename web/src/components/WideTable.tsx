import { Table } from '@mantine/core'
import type { ReactNode } from 'react'

/** A table that scrolls by itself where the room is narrow; the keyboard can scroll it, too. */
export function WideTable({ label, minWidth, children }: { label: string; minWidth: number; children: ReactNode }) {
  return <Table.ScrollContainer minWidth={minWidth} type="native" tabIndex={0} role="region" aria-label={label} pb={0}>{children}</Table.ScrollContainer>
}
