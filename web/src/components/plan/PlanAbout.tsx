import { Anchor, CopyButton, Popover, Stack, Text } from '@mantine/core'
import { IconCopy } from '@tabler/icons-react'
import { Facts } from '../Facts.tsx'
import { When } from '../When.tsx'
import { causeWords } from '../../lib/states.ts'
import { plural } from '../../lib/words.ts'
import { plan, type Plan } from '../../queries/plan.ts'

/** What a plan is, and what it was computed from. */
export function PlanAbout({ plan }: { plan: Plan }) {
  const reads = plan.basedOn.filter((basis) => !basis.says.startsWith('Policy revision'))
  return (
    <Facts
      of={[
        ['As of', <When key="asof" at={plan.asOf} exact />],
        [
          'Made',
          <span key="made">
            <When at={plan.madeAt} /> by {plan.madeBy.name}
          </span>,
        ],
        ...(plan.approvedBy
          ? [
              [
                'Approved',
                <span key="approved">
                  <When at={plan.approvedAt} /> by {plan.approvedBy.name}
                </span>,
              ] as [string, React.ReactNode],
            ]
          : []),
        ['Because', causeWords(plan.cause)],
        [
          'Based on',
          <Popover width={340} position="bottom-start" withArrow shadow="md">
            <Popover.Target>
              <Anchor component="button" type="button" inherit ta="start">
                {reads.length === 0 ? 'What was last seen' : plural(reads.length, 'read')}, policy revision {plan.policyRevision}
              </Anchor>
            </Popover.Target>
            <Popover.Dropdown>
              <Stack gap={6}>
                {reads.map((basis) => (
                  <Text key={basis.says} size="sm">
                    {basis.says}{' '}
                    <span className="dim">
                      <When at={basis.at} exact />
                    </span>
                  </Text>
                ))}
                <Text size="sm">Policy revision {plan.policyRevision}</Text>
              </Stack>
            </Popover.Dropdown>
          </Popover>,
        ],
        ...(plan.hash
          ? [
              [
                'Hash',
                <CopyButton value={plan.hash}>
                  {({ copied, copy }) => (
                    <Anchor
                      component="button"
                      type="button"
                      inherit
                      className="mono"
                      onClick={copy}
                      aria-label="Copy the hash"
                    >
                      {copied ? 'copied' : plan.hash!.slice(0, 12)} <IconCopy size={13} aria-hidden />
                    </Anchor>
                  )}
                </CopyButton>,
              ] as [string, React.ReactNode],
            ]
          : []),
      ]}
    />
  )
}
