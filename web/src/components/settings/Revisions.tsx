import { Accordion, Group, Table, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { showValue } from '../../lib/words.ts'
import { revision, revisions } from '../../queries/policy.ts'
import { Section } from '../Section.tsx'
import { Loaded } from '../states.tsx'
import { Tag, type Tone } from '../Tag.tsx'
import { When } from '../When.tsx'
import { WideTable } from '../WideTable.tsx'

const tones: Record<string, Tone> = { added: 'good', changed: 'info', removed: 'bad' }

/** Every edit of the policy, and what it changed. */
export function Revisions() {
  const query = useQuery(revisions)
  const [open, setOpen] = useState<string | null>(null)
  return (
    <Section
      title="Policy revisions"
      count={query.data?.items.length}
      says="Each edit, by whom, and what it changed."
      flush
    >
      <Loaded query={query}>
        {({ items }) => (
          <Accordion value={open} onChange={setOpen} chevronPosition="left">
            {items.map((row) => (
              <Accordion.Item key={row.revision} value={String(row.revision)}>
                <Accordion.Control>
                  <Group gap="sm">
                    <b className="numbers">{row.revision}</b> <span>{row.message || 'Edit'}</span>{' '}
                    <Text size="sm" c="dimmed" component="span">
                      {row.madeBy.name}, <When at={row.madeAt} />
                    </Text>
                  </Group>
                </Accordion.Control>
                <Accordion.Panel>{open === String(row.revision) && <Differences of={row.revision} />}</Accordion.Panel>
              </Accordion.Item>
            ))}
          </Accordion>
        )}
      </Loaded>
    </Section>
  )
}

function Differences({ of }: { of: number }) {
  const query = useQuery(revision(of))
  return (
    <Loaded query={query} lines={3}>
      {({ differences }) =>
        differences.length === 0 ? (
          <Text c="dimmed">It changed nothing.</Text>
        ) : (
          <WideTable label="Differences" minWidth={560}>
            <Table>
              <Table.Tbody>
                {differences.flatMap((d) =>
                  (d.fields.length === 0 ? [undefined] : d.fields).map((field, i) => (
                    <Table.Tr key={`${d.kind}/${d.id}/${field?.field ?? ''}`}>
                      <Table.Td>
                        {i === 0 && (
                          <Group gap="xs" wrap="nowrap">
                            <Tag tone={tones[d.change]}>{d.change}</Tag>{' '}
                            <span>
                              {d.kind} <b>{d.id}</b>
                            </span>
                          </Group>
                        )}
                      </Table.Td>
                      <Table.Td className="mono">{field?.field}</Table.Td>
                      <Table.Td>
                        {field && (
                          <>
                            <del style={{ color: 'var(--tone-bad)' }}>{showValue(field.before)}</del> →{' '}
                            <ins style={{ color: 'var(--tone-good)', textDecoration: 'none' }}>
                              {showValue(field.after)}
                            </ins>
                          </>
                        )}
                      </Table.Td>
                    </Table.Tr>
                  )),
                )}
              </Table.Tbody>
            </Table>
          </WideTable>
        )
      }
    </Loaded>
  )
}
