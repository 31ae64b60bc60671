import { Button, Table, Text } from '@mantine/core'
import { useState } from 'react'
import { personStates } from '../lib/states.ts'
import { humanise, showValue } from '../lib/words.ts'
import type { Schema } from '../../../client/index.ts'
import { useMay } from '../queries/session.ts'
import { decideCase } from '../queries/work.ts'
import { Confirm } from './Confirm.tsx'
import { TextLink } from './links.tsx'
import { Section } from './Section.tsx'
import { StateTag } from './Tag.tsx'
import { useAct } from './useAct.tsx'
import { When } from './When.tsx'
import { WideTable } from './WideTable.tsx'
import classes from './CaseCard.module.css'

type Case = Schema<'Case'>

/** The row beside each person whom it fits; what differs stands out. */
export function CaseCard({ of }: { of: Case }) {
  const may = useMay()
  const [choice, setChoice] = useState<{ personId: string | null; name: string }>()
  const decide = useAct((personId: string | null) => decideCase(of.id, personId), {
    says: 'Decided. The next plan takes it up.',
    forgets: ['cases', 'overview', 'findings'],
    onDone: () => setChoice(undefined),
    quiet: true,
  })
  const row = of.row?.attributes ?? {}
  const names = [...new Set([...Object.keys(row), ...of.candidates.flatMap((c) => Object.keys(c.attributes))])]
  const open = of.decidedAt === null
  return (
    <Section
      title={of.says}
      flush
      says={
        <>
          {of.advice}{' '}
          <TextLink to="/jobs/$id" params={{ id: of.job.id }} search={{}}>
            {of.job.name}
          </TextLink>
          {of.row && `, row ${of.row.row}`} ·{' '}
          {open ? (
            <>
              waits since <When at={of.openedAt} />
            </>
          ) : (
            <>
              decided by {of.decidedBy?.name} <When at={of.decidedAt} />
            </>
          )}
        </>
      }
    >
      <WideTable label="Row and people" minWidth={240 + of.candidates.length * 170}>
        <Table className={classes.table}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>
                <span className="dim">Attribute</span>
              </Table.Th>
              <Table.Th>The row</Table.Th>
              {of.candidates.map((c) => (
                <Table.Th key={c.id} data-chosen={of.personId === c.id || undefined}>
                  <TextLink to="/people/$id" params={{ id: c.id }} search={{}}>
                    {c.name}
                  </TextLink>{' '}
                  <StateTag table={personStates} state={c.state} />
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {names.map((name) => (
              <Table.Tr key={name}>
                <Table.Th scope="row" className="dim quiet">
                  {humanise(name)}
                </Table.Th>
                <Table.Td>{showValue(row[name])}</Table.Td>
                {of.candidates.map((c) => {
                  const same = showValue(c.attributes[name]) === showValue(row[name])
                  return (
                    <Table.Td key={c.id} className={same ? classes.same : classes.differs}>
                      {showValue(c.attributes[name])}
                      {!same && <span className={classes.sign}> ≠</span>}
                    </Table.Td>
                  )
                })}
              </Table.Tr>
            ))}
          </Table.Tbody>
          {open && may('cases:decide') && (
            <Table.Tfoot>
              <Table.Tr>
                <Table.Td className="dim">Whose is it?</Table.Td>
                <Table.Td>
                  <Button
                    size="xs"
                    variant="default"
                    onClick={() => setChoice({ personId: null, name: 'a new person' })}
                  >
                    A new person
                  </Button>
                </Table.Td>
                {of.candidates.map((c) => (
                  <Table.Td key={c.id}>
                    <Button size="xs" onClick={() => setChoice({ personId: c.id, name: c.name })}>
                      It is {c.name}
                    </Button>
                  </Table.Td>
                ))}
              </Table.Tr>
            </Table.Tfoot>
          )}
        </Table>
      </WideTable>
      <Confirm
        opened={choice !== undefined}
        onClose={() => setChoice(undefined)}
        title={`The row is ${choice?.name ?? ''}?`}
        action="Decide"
        busy={decide.isPending}
        error={decide.error}
        onConfirm={() => choice && decide.mutate(choice.personId)}
      >
        <Text>
          {choice?.personId === null
            ? 'The row becomes a person of their own.'
            : `The row becomes part of ${choice?.name}; their accounts follow it.`}{' '}
          Nothing is written before a plan that shows it.
        </Text>
      </Confirm>
    </Section>
  )
}
