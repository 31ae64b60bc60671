import { Group, Stack } from '@mantine/core'
import { IconBriefcase } from '@tabler/icons-react'
import { humanise, showValue } from '../../lib/words.ts'
import type { Schema } from '../../../../client/index.ts'
import { Facts } from '../Facts.tsx'
import { TextLink } from '../links.tsx'
import { Section } from '../Section.tsx'
import { Empty } from '../states.tsx'
import { Tag } from '../Tag.tsx'
import { When } from '../When.tsx'

/** Contracts of a person, living ones first. */
export function Positions({ of }: { of: Schema<'Position'>[] }) {
  if (of.length === 0)
    return (
      <Empty icon={IconBriefcase} title="No positions">
        A position comes from a row of a source.
      </Empty>
    )
  return (
    <Stack gap="md">
      {[...of]
        .sort((a, b) => Number(b.living) - Number(a.living))
        .map((position) => (
          <Section
            key={position.key}
            title={showValue(
              position.attributes['title'] ?? position.attributes['jobTitle'] ?? position.key.split('/').at(-1),
            )}
            says={
              <Group gap="xs">
                {position.living ? <Tag tone="good">lives</Tag> : <Tag>not now</Tag>}
                <span>
                  {position.start ?? 'no start'} to {position.end ?? 'no end'}
                </span>
                {position.leaveFrom && (
                  <Tag tone="warn">
                    on leave {position.leaveFrom} to {position.leaveUntil ?? 'open end'}
                  </Tag>
                )}
                {position.missingSince && (
                  <Tag tone="warn" title="The row vanished. Nothing ends before that is proven or released.">
                    row missing since <When at={position.missingSince} />
                  </Tag>
                )}
                <span>
                  from{' '}
                  <TextLink to="/jobs/$id" params={{ id: position.job }} search={{}}>
                    {position.job}
                  </TextLink>
                </span>
              </Group>
            }
          >
            <Facts
              of={Object.entries(position.attributes).map(([name, value]) => [humanise(name), showValue(value)])}
            />
          </Section>
        ))}
    </Stack>
  )
}
