import { HoverCard, Text } from '@mantine/core'
import { IconTable } from '@tabler/icons-react'
import { showValue } from '../lib/words.ts'
import type { Schema } from '../../../client/index.ts'
import classes from './Origins.module.css'

type Origin = Schema<'Origin'>

/** Where a value stood: file and cell; on hover the value, the expression and the policy revision. */
export function Origins({ of }: { of: (Origin | null)[] }) {
  const origins = of.filter((origin) => origin !== null)
  return (
    <>
      {origins.flatMap((origin, i) => (origin.cells.length === 0 ? [undefined] : origin.cells).map((cell) => (
        <HoverCard key={`${i}/${cell?.address ?? 'row'}`} width={300} shadow="md" openDelay={200} position="top">
          <HoverCard.Target>
            <button type="button" className={classes.cell}>
              <IconTable size={12} aria-hidden /> {origin.source}, {cell?.address ?? `row ${origin.row}`}
            </button>
          </HoverCard.Target>
          <HoverCard.Dropdown>
            {cell && <Text size="sm"><span className="dim">{cell.column}</span> {showValue(cell.value)}</Text>}
            <Text size="xs" className="mono" mt={4}>{origin.expression}</Text>
            <Text size="xs" c="dimmed" mt={4}>Job {origin.job}, policy revision {origin.policyRevision}</Text>
          </HoverCard.Dropdown>
        </HoverCard>
      )))}
    </>
  )
}
