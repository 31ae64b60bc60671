import { Table } from '@mantine/core'
import { kindOrder, kindWords } from '../../lib/change-kinds.ts'
import { count } from '../../lib/words.ts'
import type { Plan } from '../../queries/plan.ts'
import { BareLink } from '../links.tsx'
import { Symbol } from '../Symbol.tsx'
import { WideTable } from '../WideTable.tsx'
import classes from './Matrix.module.css'

/** How many changes of each kind in each system. Every number is a way to the changes behind it. */
export function Matrix({ plan }: { plan: Plan }) {
  const kinds = kindOrder.filter((kind) => plan.counts.some((c) => c.kind === kind))
  const rows = rowsOf(plan)
  return (
    <WideTable label="Changes by system and kind" minWidth={kinds.length * 78 + 150}>
      <Table className={classes.matrix}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>System</Table.Th>
            {kinds.map((kind) => (
              <Table.Th key={kind} className={classes.number}>
                <span className={classes.kind}>
                  <Symbol kind={kind} /> {kindWords(kind).verb}
                </span>
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={`${row.stage}/${row.system}`}>
              <Table.Th scope="row" className={classes.name}>
                {row.stage === 1 ? 'People' : row.name}
              </Table.Th>
              {kinds.map((kind) => {
                const of = plan.counts.filter(
                  (c) => c.stage === row.stage && c.system.id === row.system && c.kind === kind,
                )
                const n = sum(of.map((c) => c.count))
                const held = sum(of.filter((c) => c.state === 'held').map((c) => c.count))
                return (
                  <Table.Td key={kind} className={classes.number}>
                    {n === 0 ? (
                      <span className="dim">·</span>
                    ) : (
                      <BareLink
                        to="/plans/$id"
                        params={{ id: plan.id }}
                        search={{ view: 'kind', kind, system: row.system, stage: row.stage }}
                        resetScroll={false}
                        className={classes.cell}
                        data-away={kindWords(kind).takesAway || undefined}
                        aria-label={`${row.name}: ${kindWords(kind).verb} ${n}${held ? `, ${held} held` : ''}`}
                      >
                        {count(n)}
                        {held > 0 && <small> {count(held)} held</small>}
                      </BareLink>
                    )}
                  </Table.Td>
                )
              })}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </WideTable>
  )
}

function rowsOf(plan: Plan): { stage: 1 | 2; system: string; name: string }[] {
  const rows = new Map<string, { stage: 1 | 2; system: string; name: string }>()
  for (const c of plan.counts) {
    rows.set(`${c.stage}/${c.system.id}`, {
      stage: c.stage === 1 ? 1 : 2,
      system: c.system.id,
      name: c.stage === 1 ? 'People' : c.system.name,
    })
  }
  return [...rows.values()].sort((a, b) => a.stage - b.stage || a.name.localeCompare(b.name))
}

const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0)
