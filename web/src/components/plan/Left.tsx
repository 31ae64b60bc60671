import { Button, Center, List } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { leftOf } from '../../queries/drift.ts'
import type { Plan } from '../../queries/plan.ts'
import { TextLink } from '../links.tsx'
import { Section } from '../Section.tsx'
import { useMore } from '../useMore.ts'

/** What a plan that undoes another cannot take back, and why. */
export function Left({ plan }: { plan: Plan }) {
  const query = useInfiniteQuery({ ...leftOf(plan.id), enabled: plan.undoes !== null })
  const { items, more } = useMore(query)
  if (plan.undoes === null || items.length === 0) return null
  return (
    <Section
      title="Not taken back"
      says={
        <>
          Of what{' '}
          <TextLink to="/plans/$id" params={{ id: plan.undoes.id }} search={{}}>
            plan {plan.undoes.number}
          </TextLink>{' '}
          did, this stays.
        </>
      }
    >
      <List spacing={4} size="sm">
        {items.map((l) => (
          <List.Item key={l.id}>
            {l.change !== null && (
              <>
                <span aria-hidden>{l.change.symbol}</span> <b>{l.change.subject}</b> in {l.change.system.name}:{' '}
              </>
            )}
            {l.words}
          </List.Item>
        ))}
      </List>
      {more.has && (
        <Center p="sm">
          <Button variant="default" loading={more.loading} onClick={more.load}>
            Show more
          </Button>
        </Center>
      )}
    </Section>
  )
}
