import { Table, VisuallyHidden } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './Rows.module.css'

export interface RowColumn<T> {
  title: ReactNode
  cell: (item: T) => ReactNode
  /** The title is there for screen readers only. */
  untitled?: boolean
  /** Its text stays on one line. */
  whole?: boolean
  end?: boolean
  /** A box that chooses the row; as a card it stands beside the rest. */
  choose?: boolean
}

interface RowsProps<T> {
  label: string
  items: T[]
  columns: RowColumn<T>[]
  idOf: (item: T) => string
}

/** A table of some dozens of rows. Where it is narrow each row becomes a card; roles are said, as a card is no table to a browser. */
export function Rows<T>({ label, items, columns, idOf }: RowsProps<T>) {
  return (
    <div className={classes.frame}>
      <Table role="table" aria-label={label} className={classes.rows}>
        <Table.Thead role="rowgroup">
          <Table.Tr role="row">
            {columns.map((column, i) => (
              <Table.Th key={i} role="columnheader" data-end={column.end || undefined}>
                {column.untitled ? <VisuallyHidden>{column.title}</VisuallyHidden> : column.title}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody role="rowgroup">
          {items.map((item) => (
            <Table.Tr key={idOf(item)} role="row">
              {columns.map((column, i) => (
                <Table.Td
                  key={i}
                  role="cell"
                  data-end={column.end || undefined}
                  data-whole={column.whole || undefined}
                  data-choose={column.choose || undefined}
                  data-title={column.untitled || typeof column.title !== 'string' ? undefined : column.title}
                >
                  {column.cell(item)}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  )
}
