import { Button, Center, Stack } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { IconMoodSmile } from '@tabler/icons-react'
import { Page } from '../components/Page.tsx'
import { StuckGroup } from '../components/plan/StuckGroup.tsx'
import { Section } from '../components/Section.tsx'
import { Empty, Loaded } from '../components/states.tsx'
import { useMore } from '../components/useMore.ts'
import { stuckChanges, type StuckChange } from '../queries/plan.ts'

/** Changes of all plans that failed for good, by cause. Each waits for a person: tried again, or settled with a note. */
export function StuckPage() {
  const query = useInfiniteQuery(stuckChanges)
  const { items, more } = useMore(query)
  return (
    <Page
      title="Stuck changes"
      lead="What systems refused for good, in their own words. Everybody else's changes went on. Mend the cause and try again, or settle what need not be done; the next plan looks for itself."
    >
      <Loaded query={query}>
        {() =>
          items.length === 0 ? (
            <Section title="Waiting for somebody" flush>
              <Empty icon={IconMoodSmile} title="Nothing is stuck">
                Every change was done, or is tried again by itself.
              </Empty>
            </Section>
          ) : (
            <Stack gap="lg">
              {groups(items).map(([cause, changes]) => (
                <StuckGroup key={cause} changes={changes} all={!more.has} />
              ))}
              {more.has && (
                <Center>
                  <Button variant="default" loading={more.loading} onClick={more.load}>
                    Load more
                  </Button>
                </Center>
              )}
            </Stack>
          )
        }
      </Loaded>
    </Page>
  )
}

/** One cause is usually mended once for all. */
function groups(items: StuckChange[]): [string, StuckChange[]][] {
  return [...Map.groupBy(items, ({ change }) => `${change.system.id} ${change.error?.code}`)]
}
