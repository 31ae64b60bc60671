import { useInfiniteQuery } from '@tanstack/react-query'
import { IconMoodSmile } from '@tabler/icons-react'
import { FindingRow } from '../components/FindingRow.tsx'
import { Listed } from '../components/Listed.tsx'
import { Page } from '../components/Page.tsx'
import { Section } from '../components/Section.tsx'
import { Empty } from '../components/states.tsx'
import { useMore } from '../components/useMore.ts'
import { findings } from '../queries/work.ts'

/** What is wrong now. Findings go by themselves when the next look no longer sees them. */
export function FindingsPage() {
  const query = useInfiniteQuery(findings)
  const { items, more } = useMore(query)
  return (
    <Page
      title="Findings"
      lead="What is wrong now, and what to do. A finding goes by itself when the next look no longer sees it."
    >
      <Section title="Open findings" count={more.has ? undefined : items.length} flush>
        <Listed
          query={query}
          empty={
            <Empty icon={IconMoodSmile} title="Nothing is wrong">
              Sources, systems and people are as they should be.
            </Empty>
          }
        >
          {(all) => all.map((finding) => <FindingRow key={finding.id} finding={finding} />)}
        </Listed>
      </Section>
    </Page>
  )
}
