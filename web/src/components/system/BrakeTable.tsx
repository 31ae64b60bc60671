import { Checkbox, NumberInput, Select, Table } from '@mantine/core'
import { kindWords } from '../../lib/change-kinds.ts'
import type { Brake } from '../../lib/policy.ts'
import { WideTable } from '../WideTable.tsx'

interface BrakeTableProps {
  kinds: string[]
  /** In force now, with the defaults. */
  brakes: Record<string, Brake | undefined>
  /** Whether a second person is needed where a brake does not say so itself. */
  secondPerson: boolean
  onChange(kind: string, brake: Brake): void
  verbOf?(kind: string): string
}

const hours = [
  { value: 'none', label: 'this plan alone' },
  { value: '1', label: 'the last hour' },
  { value: '8', label: 'the last 8 hours' },
  { value: '24', label: 'the last 24 hours' },
  { value: '72', label: 'the last 3 days' },
  { value: '168', label: 'the last 7 days' },
]

/** Limits by kind of change: how many at once, over which time, and who must release more. */
export function BrakeTable({ kinds, brakes, secondPerson, onChange, verbOf }: BrakeTableProps) {
  return (
    <WideTable label="Brakes" minWidth={720}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Kind</Table.Th>
            <Table.Th>Share, in %</Table.Th>
            <Table.Th>Count</Table.Th>
            <Table.Th>Counted over</Table.Th>
            <Table.Th>Two users release</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {kinds.map((kind) => {
            const brake = brakes[kind] ?? {}
            const verb = verbOf?.(kind) ?? kindWords(kind).verb
            const change = (part: Partial<Brake>) => onChange(kind, clean({ ...brake, ...part }))
            const limited = brake.share !== undefined || brake.count !== undefined
            const window = brake.window === null ? 'none' : String(brake.window?.hours ?? 24)
            return (
              <Table.Tr key={kind}>
                <Table.Td>{verb}</Table.Td>
                <Table.Td>
                  <NumberInput
                    aria-label={`${verb}: share in percent`}
                    size="xs"
                    w={100}
                    min={0}
                    max={100}
                    value={brake.share === undefined ? '' : Math.round(brake.share * 1000) / 10}
                    onChange={(v) => change({ share: typeof v === 'number' ? v / 100 : undefined })}
                    placeholder="none"
                  />
                </Table.Td>
                <Table.Td>
                  <NumberInput
                    aria-label={`${verb}: count`}
                    size="xs"
                    w={100}
                    min={0}
                    value={brake.count ?? ''}
                    placeholder="none"
                    onChange={(v) => change({ count: typeof v === 'number' ? v : undefined })}
                  />
                </Table.Td>
                <Table.Td>
                  <Select
                    aria-label={`${verb}: counted over`}
                    size="xs"
                    w={160}
                    allowDeselect={false}
                    disabled={!limited}
                    data={
                      hours.some((h) => h.value === window)
                        ? hours
                        : [...hours, { value: window, label: `the last ${window} hours` }]
                    }
                    value={window}
                    onChange={(v) =>
                      change({ window: v === 'none' ? null : { ...(brake.window ?? {}), hours: Number(v) } })
                    }
                  />
                </Table.Td>
                <Table.Td>
                  <Checkbox
                    aria-label={`${verb}: two users release`}
                    disabled={!limited}
                    checked={brake.secondPerson ?? secondPerson}
                    onChange={(e) => change({ secondPerson: e.currentTarget.checked })}
                  />
                </Table.Td>
              </Table.Tr>
            )
          })}
        </Table.Tbody>
      </Table>
    </WideTable>
  )
}

function clean(brake: Brake): Brake {
  return Object.fromEntries(Object.entries(brake).filter(([, value]) => value !== undefined))
}
