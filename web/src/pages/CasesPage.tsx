import { Button, Center, SegmentedControl, Stack } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { IconArrowsSplit2 } from '@tabler/icons-react'
import { useState } from 'react'
import { CaseCard } from '../components/CaseCard.tsx'
import { Page } from '../components/Page.tsx'
import { Empty, Failure, Waiting } from '../components/states.tsx'
import { useMore } from '../components/useMore.ts'
import { cases } from '../queries/work.ts'

/** Source rows that fit several people, side by side with them. Nothing happens to anybody until it is decided. */
export function CasesPage() {
  const [decided, setDecided] = useState(false)
  const query = useInfiniteQuery(cases(decided))
  const { items, more } = useMore(query)
  return (
    <Page
      title="Cases"
      lead="Rows that fit several people, or nobody for sure. Nothing happens to anybody until you say whose they are."
      actions={
        <SegmentedControl
          size="xs"
          value={decided ? 'decided' : 'open'}
          onChange={(value) => setDecided(value === 'decided')}
          aria-label="Which cases"
          data={[
            { value: 'open', label: 'Open' },
            { value: 'decided', label: 'Decided' },
          ]}
        />
      }
    >
      {query.isPending ? (
        <Waiting lines={8} />
      ) : query.error ? (
        <Failure error={query.error} retry={() => void query.refetch()} />
      ) : items.length === 0 ? (
        <Empty icon={IconArrowsSplit2} title={decided ? 'No case has been decided yet' : 'Nothing to decide'}>
          A case opens when a source row could belong to more than one person, or when a key comes back with another
          identity.
        </Empty>
      ) : (
        <Stack gap="lg">
          {items.map((one) => (
            <CaseCard key={one.id} of={one} />
          ))}
        </Stack>
      )}
      {more.has && (
        <Center>
          <Button variant="default" loading={more.loading} onClick={more.load}>
            Show more
          </Button>
        </Center>
      )}
    </Page>
  )
}
