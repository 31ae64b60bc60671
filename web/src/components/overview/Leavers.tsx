import { Group, Text } from '@mantine/core'
import type { LeaverRow } from '../../queries/leaver.ts'
import { leaverStates } from '../../lib/states.ts'
import { NameLink } from '../links.tsx'
import { StateTag } from '../Tag.tsx'
import { When } from '../When.tsx'
import classes from '../../pages/OverviewPage.module.css'

/** Who left lately, and how it stands. */
export function Leavers({ of }: { of: LeaverRow[] }) {
  return (
    <ul className={classes.rows}>
      {of.map((leaver) => (
        <li key={leaver.id}>
          <div className={classes.words}>
            <Group gap="xs">
              <NameLink to="/leavers/$id" params={{ id: leaver.id }}>
                {leaver.person.name}
              </NameLink>
              <StateTag table={leaverStates} state={leaver.state} />
              <span className="dim">
                <When at={leaver.startedAt} />
              </span>
            </Group>
            <Text size="sm">{leaver.says}</Text>
          </div>
        </li>
      ))}
    </ul>
  )
}
