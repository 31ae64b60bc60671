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
      {origins.map((origin, i) => (
        <HoverCard key={i} width={320} shadow="md" openDelay={200} position="top">
          <HoverCard.Target>
            <button type="button" className={classes.cell}>
              <IconTable size={12} aria-hidden /> {placeOf(origin)}
            </button>
          </HoverCard.Target>
          <HoverCard.Dropdown>
            {origin.cells.map((cell) => (
              <Text key={cell.address} size="sm">
                <span className="mono dim">{cell.address}</span> <span className="dim">{cell.column}</span>{' '}
                {showValue(cell.value)}
              </Text>
            ))}
            <Text size="xs" className="mono" mt={4}>
              {origin.expression}
            </Text>
            <Text size="xs" c="dimmed" mt={4}>
              Job {origin.job}, policy revision {origin.policyRevision}
            </Text>
          </HoverCard.Dropdown>
        </HoverCard>
      ))}
    </>
  )
}

/** A cell of a file without sheets is named by the file already. */
function placeOf({ source, row, cells }: Origin): string {
  const where = cells.map((cell) => cell.address).join(', ') || `row ${row}`
  return where.startsWith(`${source}!`) ? where : `${source}, ${where}`
}
