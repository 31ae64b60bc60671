import { Group, Progress as Bar, Stack, Text } from '@mantine/core'
import { count } from '../../lib/words.ts'
import { isMoving, type Plan } from '../../queries/plan.ts'
import { TextLink } from '../links.tsx'
import { Section } from '../Section.tsx'

/** How far each system is, how fast, what failed, and what was left out. */
export function Progress({ plan }: { plan: Plan }) {
  if (plan.approvedAt === null) return null
  return (
    <Section title={isMoving(plan) ? 'Carrying it out' : 'Result'} says={plan.progress ?? undefined}>
      <Stack gap="md" aria-live="polite">
        {plan.systems.map(({ system, total, done, failed, refused, skipped, held, waiting, perSecond }) => (
          <div key={system.id}>
            <Group justify="space-between" mb={4} gap="xs">
              <Text fw={560}>{system.name}</Text>
              <Text size="sm" c="dimmed" className="numbers" component="div">
                {count(done)} of {count(total)} seen there
                {perSecond !== null && perSecond > 0 && <> · {Math.round(perSecond)} a second</>}
                {waiting > 0 && <> · {count(waiting)} to go</>}
                <Those of={plan} system={system.id} state="stuck" many={failed - refused} />
                <Those of={plan} system={system.id} state="refused" many={refused} />
                <Those of={plan} system={system.id} state="skipped" many={skipped} />
                <Those of={plan} system={system.id} state="held" many={held} />
              </Text>
            </Group>
            <Bar.Root size={8} radius="xl">
              <Bar.Section
                value={share(done, total)}
                animated={isMoving(plan) && waiting > 0}
                aria-label={`${system.name}: ${done} of ${total} done`}
              />
              <Bar.Section value={share(failed, total)} color="red" aria-label={`${system.name}: ${failed} failed`} />
              <Bar.Section
                value={share(skipped, total)}
                color="gray.5"
                aria-label={`${system.name}: ${skipped} skipped`}
              />
            </Bar.Root>
          </div>
        ))}
      </Stack>
    </Section>
  )
}

function Those({ of, system, state, many }: { of: Plan; system: string; state: string; many: number }) {
  if (many === 0) return null
  return (
    <>
      {' '}
      ·{' '}
      <TextLink
        to="/plans/$id"
        params={{ id: of.id }}
        search={{ view: 'kind', system, state }}
        resetScroll={false}
      >
        {count(many)} {state}
      </TextLink>
    </>
  )
}

const share = (part: number, whole: number) => (whole === 0 ? 0 : (part / whole) * 100)
