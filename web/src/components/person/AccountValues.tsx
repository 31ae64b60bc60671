import { Anchor, Table, Text } from '@mantine/core'
import { useState } from 'react'
import { showInstant } from '../../lib/time.ts'
import { plural, showValue } from '../../lib/words.ts'
import { TextLink } from '../links.tsx'
import { Origins } from '../Origins.tsx'
import { WideTable } from '../WideTable.tsx'
import type { Schema } from '../../../../client/index.ts'

/** Why an account has its values: the mapping that made each, the plan that wrote it, the cells that it was made of. */
export function AccountValues({ of }: { of: Schema<'Why'>['accounts'][number]['attributes'] }) {
  const [open, setOpen] = useState(false)
  if (of.length === 0) return null
  return (
    <>
      <Anchor component="button" type="button" size="sm" aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? 'Hide the values' : `${plural(of.length, 'value')}, and why`}
      </Anchor>
      {open && (
        <WideTable label="Values of the account" minWidth={760}>
          <Table layout="fixed">
            <Table.Thead>
              <Table.Tr>
                <Table.Th w="14%">Attribute</Table.Th>
                <Table.Th w="18%">Value</Table.Th>
                <Table.Th>Made by</Table.Th>
                <Table.Th w="14%">Written</Table.Th>
                <Table.Th w="23%">From</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {of.map((value) => (
                <Table.Tr key={value.attribute}>
                  <Table.Td>{value.attribute}</Table.Td>
                  <Table.Td>{showValue(value.value)}</Table.Td>
                  <Table.Td>
                    <Text size="xs" className="mono">
                      {value.expression ?? 'no mapping'}
                    </Text>
                    <Text size="xs" c="dimmed">
                      Job {value.job}, policy revision {value.policyRevision}
                    </Text>
                  </Table.Td>
                  <Table.Td>
                    {value.written === null ? (
                      <Text size="sm" c="dimmed">
                        Not by Usher
                      </Text>
                    ) : (
                      <>
                        <TextLink to="/plans/$id" params={{ id: value.written.planId }}>
                          Plan {value.written.plan}
                        </TextLink>
                        <Text size="xs" c="dimmed">
                          {showInstant(value.written.at)}
                        </Text>
                      </>
                    )}
                  </Table.Td>
                  <Table.Td>
                    <Origins of={value.origins} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </WideTable>
      )}
    </>
  )
}
