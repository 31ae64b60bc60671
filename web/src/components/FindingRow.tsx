import { Text } from '@mantine/core'
import { severities, stateWords } from '../lib/states.ts'
import type { Schema } from '../../../client/index.ts'
import { TextLink } from './links.tsx'
import { useSystemName } from './useSystemName.ts'
import { When } from './When.tsx'
import classes from './FindingRow.module.css'

/** One thing that is wrong, and what to do about it. */
export function FindingRow({ finding }: { finding: Schema<'Finding'> }) {
  const nameOf = useSystemName()
  const words = stateWords(severities, finding.severity)
  return (
    <div className={classes.row}>
      <words.icon size={17} color={`var(--tone-${words.tone})`} aria-label={words.label} className={classes.icon} />
      <div className={classes.words}>
        <Text>{finding.message}</Text>
        <Text size="sm" c="dimmed" component="div">
          {finding.advice}
        </Text>
        <Text size="xs" c="dimmed" component="div">
          {finding.person && (
            <>
              <TextLink to="/people/$id" params={{ id: finding.person.id }}>
                {finding.person.name}
              </TextLink>{' '}
              ·{' '}
            </>
          )}
          {finding.system && (
            <>
              <TextLink to="/systems/$id" params={{ id: finding.system }}>
                {nameOf(finding.system)}
              </TextLink>{' '}
              ·{' '}
            </>
          )}
          {finding.job && (
            <>
              <TextLink
                to="/jobs/$id"
                params={{ id: finding.job }}
                search={finding.code === 'ROW_SET_ASIDE' ? { tab: 'set-aside' } : {}}
              >
                {finding.job}
              </TextLink>{' '}
              ·{' '}
            </>
          )}
          since <When at={finding.firstSeenAt} /> · <span className="mono">{finding.code}</span>
        </Text>
      </div>
    </div>
  )
}
