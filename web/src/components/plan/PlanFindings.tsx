import { Group, Stack, Text } from '@mantine/core'
import { TextLink } from '../links.tsx'
import { Section } from '../Section.tsx'
import { severities, stateWords } from '../../lib/states.ts'
import { count } from '../../lib/words.ts'
import { plan, type Plan } from '../../queries/plan.ts'

/** What was seen while planning. */
export function PlanFindings({ plan }: { plan: Plan }) {
  if (plan.findings.length === 0) return null
  return (
    <Section
      title="Findings"
      count={plan.findings.length}
      says="Seen while planning. Nobody loses anything because of them."
    >
      <Stack gap="xs">
        {plan.findings.slice(0, 50).map((finding, i) => (
          <Group key={i} gap="sm" wrap="nowrap" align="flex-start">
            <Severity of={finding.severity} />
            <Text>
              {finding.message} <span className="dim">{finding.advice}</span>
            </Text>
          </Group>
        ))}
        {plan.findings.length > 50 && <TextLink to="/findings">All {count(plan.findings.length)} findings</TextLink>}
      </Stack>
    </Section>
  )
}

/** A sign for how bad it is. */
function Severity({ of }: { of: string }) {
  const words = stateWords(severities, of)
  return (
    <words.icon
      size={16}
      color={`var(--tone-${words.tone})`}
      style={{ flex: 'none', marginTop: 3 }}
      aria-label={words.label}
    />
  )
}
