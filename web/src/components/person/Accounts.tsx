import { Group, Stack } from '@mantine/core'
import { IconUserOff } from '@tabler/icons-react'
import { humanise, plural, showValue } from '../../lib/words.ts'
import type { Schema } from '../../../../client/index.ts'
import { Facts } from '../Facts.tsx'
import { TextLink } from '../links.tsx'
import { Section } from '../Section.tsx'
import { Empty } from '../states.tsx'
import { AccountTags } from '../AccountTags.tsx'
import { When } from '../When.tsx'

/** Accounts of a person as last seen in their systems. */
export function Accounts({ of }: { of: Schema<'Account'>[] }) {
  if (of.length === 0)
    return (
      <Empty icon={IconUserOff} title="No accounts">
        The Access tab can say why not.
      </Empty>
    )
  return (
    <Stack gap="md">
      {of.map((account) => (
        <Section
          key={account.id}
          title={account.name}
          says={
            <Group gap="xs">
              <AccountTags account={account} />
              <TextLink to="/systems/$id" params={{ id: account.system.id }} search={{}}>
                {account.system.name}
              </TextLink>
              <span>{plural(account.entitlements, 'entitlement')}</span>
              <span>
                seen <When at={account.seenAt} />
              </span>
            </Group>
          }
        >
          <Facts
            of={[
              [
                'Native id',
                <span key="id" className="mono">
                  {account.nativeId}
                </span>,
              ],
              ...Object.entries(account.attributes).map(([name, value]): [string, string] => [
                humanise(name),
                showValue(value),
              ]),
            ]}
          />
        </Section>
      ))}
    </Stack>
  )
}
