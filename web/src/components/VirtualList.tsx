import { Text } from '@mantine/core'
import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useLayoutEffect, useRef, useState, type ReactNode } from 'react'
import { count } from '../lib/words.ts'
import classes from './VirtualList.module.css'

export interface Column<T> {
  key: string
  title: string
  /** CSS grid track, such as `2fr` or `120px`. */
  width: string
  cell: (item: T) => ReactNode
  /** On narrow screens a row becomes a card: the first column is its title, the others follow; `wide` ones are left out. */
  wide?: boolean
  align?: 'end'
}

interface VirtualListProps<T> {
  label: string
  items: T[]
  columns: Column<T>[]
  idOf: (item: T) => string
  /** Total behind the list, where known. */
  total?: number
  rowHeight?: number
  /** Cells begin at the top; for rows of several lines. */
  top?: boolean
  /** Opens the row that the keyboard is on. */
  onOpen?: (item: T) => void
  more?: { has: boolean; loading: boolean; load: () => void }
}

/** A table of any length that renders only what is seen. j/k or the arrows move, Enter opens. */
export function VirtualList<T>({
  label,
  items,
  columns,
  idOf,
  total,
  rowHeight = 44,
  top: fromTop = false,
  onOpen,
  more,
}: VirtualListProps<T>) {
  const top = useRef<HTMLDivElement>(null)
  const [margin, setMargin] = useState(0)
  const [at, setAt] = useState(-1)
  useLayoutEffect(() => {
    if (top.current) setMargin(top.current.getBoundingClientRect().top + window.scrollY)
  }, [items.length === 0])
  const virtual = useWindowVirtualizer({
    count: items.length,
    estimateSize: () => rowHeight,
    overscan: 12,
    scrollMargin: margin,
    getItemKey: (i) => idOf(items[i]!),
  })
  const rows = virtual.getVirtualItems()
  const last = rows.at(-1)?.index ?? -1

  useEffect(() => {
    if (more?.has && !more.loading && last >= items.length - 20) more.load()
  }, [last, items.length, more])

  useEffect(() => {
    const move = (event: KeyboardEvent) => {
      if (
        event.metaKey ||
        event.ctrlKey ||
        event.altKey ||
        isTyping(event.target) ||
        document.querySelector('[role="dialog"]')
      )
        return
      const step =
        event.key === 'j' || event.key === 'ArrowDown' ? 1 : event.key === 'k' || event.key === 'ArrowUp' ? -1 : 0
      if (step !== 0) {
        event.preventDefault()
        const next = Math.min(Math.max(at + step, 0), items.length - 1)
        setAt(next)
        virtual.scrollToIndex(next, { align: 'auto' })
      } else if (event.key === 'Enter' && items[at] !== undefined && event.target === document.body) {
        onOpen?.(items[at])
      }
    }
    window.addEventListener('keydown', move)
    return () => window.removeEventListener('keydown', move)
  }, [at, items, onOpen, virtual])

  const tracks = { '--tracks': columns.map((c) => `minmax(0, ${c.width})`).join(' ') }
  return (
    <div
      role="table"
      aria-label={label}
      aria-rowcount={(total ?? items.length) + 1}
      style={tracks as React.CSSProperties}
      className={classes.table}
      data-top={fromTop || undefined}
    >
      <div role="rowgroup" className={classes.head}>
        <div role="row" className={classes.row}>
          {columns.map((c) => (
            <div role="columnheader" key={c.key} data-align={c.align}>
              {c.title}
            </div>
          ))}
        </div>
      </div>
      <div role="rowgroup" ref={top} className={classes.body} style={{ height: virtual.getTotalSize() }}>
        {rows.map((row) => {
          const item = items[row.index]!
          return (
            <div
              role="row"
              key={row.key}
              ref={virtual.measureElement}
              data-index={row.index}
              data-at={row.index === at || undefined}
              aria-rowindex={row.index + 2}
              className={classes.row}
              data-opens={onOpen !== undefined || undefined}
              style={{ transform: `translateY(${row.start - margin}px)` }}
              onClick={(event) => {
                if (onOpen && !isControl(event.target)) onOpen(item)
              }}
            >
              {columns.map((c) => (
                <div role="cell" key={c.key} data-align={c.align} data-wide={c.wide || undefined} data-title={c.title}>
                  {c.cell(item)}
                </div>
              ))}
            </div>
          )
        })}
      </div>
      {more?.loading && (
        <Text size="sm" c="dimmed" p="sm" role="status">
          Loading more…
        </Text>
      )}
      {!more?.has && items.length > 30 && (
        <Text size="xs" c="dimmed" p="sm">
          {count(items.length)} shown, all there is.
        </Text>
      )}
    </div>
  )
}

export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))
  )
}

function isControl(target: EventTarget): boolean {
  return target instanceof Element && target.closest('a, button, input, label, [role="menuitem"]') !== null
}
