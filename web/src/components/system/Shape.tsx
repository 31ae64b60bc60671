import { Table, Text } from '@mantine/core'
import { plural, showValue } from '../../lib/words.ts'
import type { Schema } from '../../../../client/index.ts'
import { WideTable } from '../WideTable.tsx'

/** Columns and first rows of a file, as Usher reads it. */
export function Shape({ of }: { of: Schema<'SourceShape'> }) {
  const how = [
    of.sheet && `sheet ${of.sheet}${of.sheets && of.sheets.length > 1 ? ` of ${of.sheets.length}` : ''}`,
    `header in row ${of.headerRow}`,
    plural(of.columns.length, 'column'),
    of.encoding,
    of.delimiter && `delimiter ${of.delimiter === '\t' ? 'tab' : of.delimiter}`,
  ]
    .filter(Boolean)
    .join(', ')
  return (
    <div>
      <Text size="sm" c="dimmed" mb="xs">
        {of.file.split('/').at(-1)}: {how}
      </Text>
      <WideTable label="First rows" minWidth={of.columns.length * 120}>
        <Table striped>
          <Table.Thead>
            <Table.Tr>
              {of.columns.map((c) => (
                <Table.Th key={c.letter}>
                  <span className="dim quiet">{c.letter}</span> {c.name}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {of.sample.slice(0, 5).map((row, i) => (
              <Table.Tr key={i}>
                {of.columns.map((c) => (
                  <Table.Td key={c.letter}>{showValue(row[c.name])}</Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </WideTable>
    </div>
  )
}
