import { Button, Center } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { IconMoodSmile } from '@tabler/icons-react'
import { Page } from '../components/Page.tsx'
import { StuckRow } from '../components/plan/StuckRow.tsx'
import { Section } from '../components/Section.tsx'
import { Empty, Failure, Waiting } from '../components/states.tsx'
import { useMore } from '../components/useMore.ts'
import { stuckChanges } from '../queries/plan.ts'

/** Changes of all plans that failed for good. Each waits for a person: tried again, or settled with a note. */
export function StuckPage() {
  const query = useInfiniteQuery(stuckChanges)
  const { items, more } = useMore(query)
  return (
    <Page
      title="Stuck changes"
      lead="What systems refused for good, in their own words. Everybody else's changes went on. Mend the cause and try again, or say that it is settled; the next plan looks for itself."
    >
      <Section title="Waiting for somebody" count={more.has ? undefined : items.length} flush>
        {query.isPending ? (
          <Waiting />
        ) : query.error ? (
          <Failure error={query.error} retry={() => void query.refetch()} />
        ) : items.length === 0 ? (
          <Empty icon={IconMoodSmile} title="Nothing is stuck">
            Every change was done, or is tried again by itself.
          </Empty>
        ) : (
          items.map((one) => <StuckRow key={one.change.id} of={one} />)
        )}
        {more.has && (
          <Center p="sm">
            <Button variant="default" loading={more.loading} onClick={more.load}>
              Show more
            </Button>
          </Center>
        )}
      </Section>
    </Page>
  )
}
