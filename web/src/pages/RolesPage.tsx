import { Tabs, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { IconGavel, IconPlus, IconShieldCheck } from '@tabler/icons-react'
import { ButtonLink, NameLink } from '../components/links.tsx'
import { Page } from '../components/Page.tsx'
import { Section } from '../components/Section.tsx'
import { Empty, Loaded } from '../components/states.tsx'
import { VirtualList, type Column } from '../components/VirtualList.tsx'
import type { Role, Rule } from '../lib/policy.ts'
import { count, listed, plural } from '../lib/words.ts'
import { policy, rolePeople } from '../queries/policy.ts'
import { useMay } from '../queries/session.ts'

/** Roles bundle entitlements; rules give roles. */
export function RolesPage() {
  const { tab } = useSearch({ from: '/inside/roles' })
  const navigate = useNavigate({ from: '/roles' })
  const may = useMay()
  const query = useQuery(policy)
  const people = useQuery(rolePeople).data
  const peopleOf = (of: { id: string; people: number }[] | undefined, id: string) =>
    count(of?.find((r) => r.id === id)?.people ?? 0)
  const roleName = (id: string) => query.data?.policy.roles.find((r) => r.id === id)?.name ?? id
  const shown = tab === 'rules' ? 'rules' : 'roles'
  const add =
    may('policy:write') &&
    (shown === 'roles' ? (
      <ButtonLink to="/roles/$id" params={{ id: 'new' }} leftSection={<IconPlus size={16} />}>
        New role
      </ButtonLink>
    ) : (
      <ButtonLink to="/rules/$id" params={{ id: 'new' }} leftSection={<IconPlus size={16} />}>
        New rule
      </ButtonLink>
    ))
  const roleColumns: Column<Role>[] = [
    {
      key: 'name',
      title: 'Role',
      width: '2fr',
      cell: (r) => (
        <div>
          <NameLink to="/roles/$id" params={{ id: r.id }}>
            {r.name}
          </NameLink>
          {r.description && (
            <Text size="xs" c="dimmed">
              {r.description}
            </Text>
          )}
        </div>
      ),
    },
    {
      key: 'grants',
      title: 'Gives',
      width: '3fr',
      cell: (r) => (
        <Text size="sm" lineClamp={2}>
          {[...r.grants.map((g) => g.entitlement), ...r.roles.map((id) => `role ${roleName(id)}`)].join(', ') || '—'}
        </Text>
      ),
    },
    {
      key: 'owner',
      title: 'Owner',
      width: '1.5fr',
      wide: true,
      cell: (r) => r.owner ?? <span className="dim">nobody</span>,
    },
    { key: 'people', title: 'People', width: '80px', align: 'end', cell: (r) => peopleOf(people?.roles, r.id) },
  ]
  const ruleColumns: Column<Rule>[] = [
    {
      key: 'name',
      title: 'Rule',
      width: '2fr',
      cell: (r) => (
        <NameLink to="/rules/$id" params={{ id: r.id }}>
          {r.name}
        </NameLink>
      ),
    },
    {
      key: 'when',
      title: 'When',
      width: '3fr',
      cell: (r) => (
        <Text lineClamp={2} className="mono">
          {r.when}
        </Text>
      ),
    },
    { key: 'roles', title: 'Gives', width: '1.6fr', cell: (r) => listed(r.roles.map(roleName)) },
    { key: 'people', title: 'People', width: '80px', align: 'end', cell: (r) => peopleOf(people?.rules, r.id) },
  ]
  return (
    <Page
      title="Roles & rules"
      lead="A role is a bundle of entitlements in your own words. A rule gives roles to whoever meets its condition."
      actions={add}
    >
      <Tabs value={shown} onChange={(next) => void navigate({ search: { tab: next ?? undefined }, replace: true })}>
        <Tabs.List mb="md">
          <Tabs.Tab value="roles">Roles ({query.data?.policy.roles.length ?? 0})</Tabs.Tab>
          <Tabs.Tab value="rules">Rules ({query.data?.policy.rules.length ?? 0})</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="roles">
          <Section title="Roles" flush>
            <Loaded query={query}>
              {({ policy: { roles } }) =>
                roles.length === 0 ? (
                  <Empty icon={IconShieldCheck} title="No roles yet" action={add}>
                    Name a bundle, such as Sales, and list the groups that come with it.
                  </Empty>
                ) : (
                  <VirtualList
                    label="Roles"
                    items={roles}
                    columns={roleColumns}
                    idOf={(r) => r.id}
                    rowHeight={52}
                    onOpen={(r) => void navigate({ to: '/roles/$id', params: { id: r.id } })}
                  />
                )
              }
            </Loaded>
          </Section>
        </Tabs.Panel>
        <Tabs.Panel value="rules">
          <Section title="Rules" flush>
            <Loaded query={query}>
              {({ policy: { rules } }) =>
                rules.length === 0 ? (
                  <Empty icon={IconGavel} title="No rules yet" action={add}>
                    For example: whoever's department is Sales gets the role Sales.
                  </Empty>
                ) : (
                  <VirtualList
                    label="Rules"
                    items={rules}
                    columns={ruleColumns}
                    idOf={(r) => r.id}
                    rowHeight={52}
                    onOpen={(r) => void navigate({ to: '/rules/$id', params: { id: r.id } })}
                  />
                )
              }
            </Loaded>
          </Section>
        </Tabs.Panel>
      </Tabs>
      <Text size="sm" c="dimmed">
        {people &&
          plural(
            people.roles.reduce((sum, r) => sum + r.people, 0),
            'assignment',
          )}
      </Text>
    </Page>
  )
}
