import { Tabs } from '@mantine/core'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Page } from '../components/Page.tsx'
import { Organisation } from '../components/settings/Organisation.tsx'
import { OwnPassword } from '../components/settings/OwnPassword.tsx'
import { Revisions } from '../components/settings/Revisions.tsx'
import { Secrets } from '../components/settings/Secrets.tsx'
import { Tokens } from '../components/settings/Tokens.tsx'
import { Users } from '../components/settings/Users.tsx'
import { useMay } from '../queries/session.ts'

/** The organisation, who may use Usher, secrets, and every revision of the policy. */
export function SettingsPage() {
  const { tab } = useSearch({ from: '/inside/settings' })
  const navigate = useNavigate({ from: '/settings' })
  const may = useMay()
  const shown = tab ?? (may('policy:read') ? 'organisation' : 'tokens')
  return (
    <Page title="Settings">
      <Tabs value={shown} onChange={(next) => void navigate({ search: { tab: next ?? undefined }, replace: true })}>
        <Tabs.List mb="lg">
          {may('policy:read') && <Tabs.Tab value="organisation">Organisation</Tabs.Tab>}
          {may('users:read') && <Tabs.Tab value="users">Users</Tabs.Tab>}
          <Tabs.Tab value="tokens">API tokens</Tabs.Tab>
          <Tabs.Tab value="password">Your password</Tabs.Tab>
          {may('secrets:read') && <Tabs.Tab value="secrets">Secrets</Tabs.Tab>}
          {may('policy:read') && <Tabs.Tab value="revisions">Policy revisions</Tabs.Tab>}
        </Tabs.List>
        <Tabs.Panel value="organisation">
          <Organisation />
        </Tabs.Panel>
        <Tabs.Panel value="users">
          <Users />
        </Tabs.Panel>
        <Tabs.Panel value="tokens">
          <Tokens />
        </Tabs.Panel>
        <Tabs.Panel value="password">
          <OwnPassword />
        </Tabs.Panel>
        <Tabs.Panel value="secrets">
          <Secrets />
        </Tabs.Panel>
        <Tabs.Panel value="revisions">
          <Revisions />
        </Tabs.Panel>
      </Tabs>
    </Page>
  )
}
