import { Button, Center, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { IconHistory } from '@tabler/icons-react'
import { showClock, showDay } from '../../lib/time.ts'
import { history } from '../../queries/person.ts'
import { TextLink } from '../links.tsx'
import { Section } from '../Section.tsx'
import { Empty, Failure, Waiting } from '../states.tsx'
import { useMore } from '../useMore.ts'
import classes from './History.module.css'

/** What happened, as sentences, by day. */
export function History({ id }: { id: string }) {
  const query = useInfiniteQuery(history(id))
  const { items, more } = useMore(query)
  if (query.isPending) return <Waiting />
  if (query.error) return <Failure error={query.error} retry={() => void query.refetch()} />
  if (items.length === 0) return <Empty icon={IconHistory} title="Nothing happened yet" />
  const days = Map.groupBy(items, (entry) => showDay(entry.at))
  return (
    <Section title="History">
      {[...days].map(([day, entries]) => (
        <div key={day} className={classes.day}>
          <h3>{day}</h3>
          <ol>
            {entries.map((entry, i) => (
              <li key={i} data-kind={entry.kind}>
                <time dateTime={entry.at}>{showClock(entry.at)}</time>
                <Text size="sm" component="div">
                  {entry.says}
                  {entry.by && <span className="dim"> · {entry.by.name}</span>}
                  {entry.planId && (
                    <>
                      {' '}
                      ·{' '}
                      <TextLink to="/plans/$id" params={{ id: entry.planId }} search={{}}>
                        plan
                      </TextLink>
                    </>
                  )}
                </Text>
              </li>
            ))}
          </ol>
        </div>
      ))}
      {more.has && (
        <Center>
          <Button variant="default" loading={more.loading} onClick={more.load}>
            Show earlier
          </Button>
        </Center>
      )}
    </Section>
  )
}
