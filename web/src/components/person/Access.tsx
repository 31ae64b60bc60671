import { Alert, Button, Group, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { IconHistory, IconKey } from '@tabler/icons-react'
import { useState } from 'react'
import { asApiError } from '../../api.ts'
import { dateOf, endOfDay, showDay, showInstant } from '../../lib/time.ts'
import { why } from '../../queries/person.ts'
import type { Schema } from '../../../../client/index.ts'
import { Section } from '../Section.tsx'
import { Empty, Loaded } from '../states.tsx'
import { Tag } from '../Tag.tsx'
import { useSystemName } from '../useSystemName.ts'
import { AccountValues } from './AccountValues.tsx'
import { LeftLine } from './LeftLine.tsx'
import { ReasonLine } from './ReasonLine.tsx'
import { WhyNot } from './WhyNot.tsx'
import classes from './Access.module.css'

type Why = Schema<'Why'>

/** Everything that a person has, now or on a past date, and because of what. */
export function Access({ id, name }: { id: string; name: string }) {
  const [date, setDate] = useState('')
  const asOf = date === '' ? undefined : endOfDay(date)
  const query = useQuery(why(id, asOf))
  return (
    <>
      <Section
        title="Access"
        flush
        says="Access lives while at least one reason for it lives."
        actions={
          <Group gap="xs" component="label">
            <Text size="sm" c="dimmed">
              As of the end of
            </Text>
            <TextInput
              type="date"
              size="xs"
              max={dateOf(Date.now() - 86_400_000)}
              value={date}
              onChange={(event) => setDate(event.currentTarget.value)}
            />
          </Group>
        }
      >
        {asOf !== undefined && (
          <Alert
            m="md"
            color="yellow"
            variant="light"
            icon={<IconHistory size={18} />}
            title={`You are looking at the past: the end of ${showDay(asOf)}`}
          >
            <Group justify="space-between" gap="xs">
              <Text size="sm">The person, the policy, the reasons and the accounts as they were then.</Text>
              <Button size="compact-sm" variant="default" onClick={() => setDate('')}>
                Back to now
              </Button>
            </Group>
          </Alert>
        )}
        {asOf !== undefined && query.error !== null && asApiError(query.error).code === 'NOT_FOUND' ? (
          <Empty icon={IconHistory} title={`Usher did not know ${name} then`}>
            Choose a later date.
          </Empty>
        ) : (
          <Loaded query={query}>{(data) => <Systems of={data} past={asOf !== undefined} />}</Loaded>
        )}
      </Section>
      <WhyNot id={id} name={name} {...(asOf === undefined ? {} : { asOf })} />
    </>
  )
}

function Systems({ of, past }: { of: Why; past: boolean }) {
  const nameOf = useSystemName()
  const systems = [...new Set([...of.accounts, ...of.access, ...of.exceptions].map((a) => a.system))].sort()
  if (systems.length === 0)
    return (
      <Empty icon={IconKey} title="No access">
        Ask “Why not?” below for what you expected here.
      </Empty>
    )
  return systems.map((system) => (
    <div key={system} className={classes.system}>
      <h3>{nameOf(system)}</h3>
      <div>
        {of.accounts
          .filter((a) => a.system === system)
          .map((account) => (
            <div key={account.accountId} className={classes.item}>
              <Group gap="xs">
                <Text fw={560} title={account.name}>
                  {account.title}
                </Text>
                {account.enabled ? <Tag tone="good">account, enabled</Tag> : <Tag tone="warn">account, disabled</Tag>}
              </Group>
              <ul>
                {account.reasons.map((reason) => (
                  <ReasonLine key={reason.reasonId} reason={reason} past={past} />
                ))}
                {leftOfAccount(of, account).map((x) => (
                  <LeftLine key={x.exceptionId} of={x} />
                ))}
              </ul>
              <AccountValues of={account.attributes} />
            </div>
          ))}
        {of.access
          .filter((a) => a.system === system)
          .map((access) => (
            <div key={access.entitlementId} className={classes.item}>
              <Group gap="xs">
                <Text fw={560} title={access.entitlement}>
                  {access.title}
                </Text>
                <Standing of={access} left={leftOfAccess(of, access).length > 0} />
                {access.until && <Tag tone="info">until {showInstant(access.until)}</Tag>}
              </Group>
              <ul>
                {access.reasons.map((reason) => (
                  <ReasonLine key={reason.reasonId} reason={reason} past={past} />
                ))}
                {leftOfAccess(of, access).map((x) => (
                  <LeftLine key={x.exceptionId} of={x} />
                ))}
              </ul>
            </div>
          ))}
        <ul className={classes.rest}>
          {leftOfNothing(of)
            .filter((x) => x.system === system)
            .map((x) => (
              <LeftLine key={x.exceptionId} of={x} />
            ))}
        </ul>
      </div>
    </div>
  ))
}

/** What is to be said of an entitlement that is not simply there for a reason. */
function Standing({ of, left }: { of: Why['access'][number]; left: boolean }) {
  if (of.present && of.reasons.length === 0)
    return left ? <Tag tone="warn">left as it is</Tag> : <Tag tone="warn">without a reason</Tag>
  if (of.present) return null
  return left ? (
    <Tag tone="warn" title="There is a reason for it; somebody decided to leave it out.">
      left out
    </Tag>
  ) : (
    <Tag tone="warn" title="There is a reason for it; the system does not show it yet.">
      not there yet
    </Tag>
  )
}

const leftOfAccount = (of: Why, account: Why['accounts'][number]) =>
  of.exceptions.filter((x) => x.thing !== 'entitlement' && x.accountId === account.accountId)
const leftOfAccess = (of: Why, access: Why['access'][number]) =>
  of.exceptions.filter((x) => x.entitlementId === access.entitlementId)
/** Exceptions of an account or entitlement that is not shown. */
const leftOfNothing = (of: Why) =>
  of.exceptions.filter(
    (x) => !of.access.some((a) => a.entitlementId === x.entitlementId) && !of.accounts.some((a) => x.thing !== 'entitlement' && a.accountId === x.accountId),
  )
