import { Alert, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import { DeleteObject } from '../components/DeleteObject.tsx'
import { TextLink } from '../components/links.tsx'
import { Page, PageOf } from '../components/Page.tsx'
import { RoleForm } from '../components/role/RoleForm.tsx'
import { SaveBar } from '../components/SaveBar.tsx'
import { Section } from '../components/Section.tsx'
import { Tag } from '../components/Tag.tsx'
import { usePolicyObject } from '../components/usePolicyObject.ts'
import { useCreate } from '../components/useCreate.ts'
import type { PolicyDocument, Role } from '../lib/policy.ts'
import { plural } from '../lib/words.ts'
import { policy, rolePeople } from '../queries/policy.ts'
import { useMay } from '../queries/session.ts'

const trail = [
  <TextLink key="roles" to="/roles" search={{}}>
    Roles & rules
  </TextLink>,
]

/** One role: what it gives, who answers for it, which rules give it. */
export function RolePage() {
  const { id } = useParams({ from: '/inside/roles/$id' })
  const query = useQuery(policy)
  return (
    <PageOf query={query}>
      {({ policy: document }) =>
        id === 'new' ? (
          <New />
        ) : document.roles.some((r) => r.id === id) ? (
          <Shown key={id} role={document.roles.find((r) => r.id === id)!} document={document} />
        ) : (
          <Page title="Not found" trail={trail}>
            <Alert color="gray">There is no role {id}. It may have been removed.</Alert>
          </Page>
        )
      }
    </PageOf>
  )
}

function New() {
  const navigate = useNavigate()
  const form = useCreate<Role>('roles', { id: '', name: '', grants: [], roles: [] }, (id) =>
    navigate({ to: '/roles/$id', params: { id } }),
  )
  return (
    <Page title="New role" trail={trail}>
      <Section title="Role">
        <RoleForm role={form.draft} onChange={form.change} readOnly={false} />
      </Section>
      <SaveBar of={form} />
    </Page>
  )
}

function Shown({ role, document }: { role: Role; document: PolicyDocument }) {
  const may = useMay()
  const navigate = useNavigate()
  const form = usePolicyObject<Role>('roles', role.id, role)
  const people = useQuery(rolePeople).data?.roles.find((r) => r.id === role.id)?.people
  const rules = document.rules.filter((rule) => rule.roles.includes(role.id))
  const parents = document.roles.filter((r) => r.roles.includes(role.id))
  return (
    <Page
      title={role.name}
      trail={trail}
      lead={role.description}
      aside={people !== undefined && <Tag tone="info">{plural(people, 'person', 'people')}</Tag>}
      actions={
        <DeleteObject
          kind="roles"
          id={role.id}
          name={role.name}
          onDone={() => navigate({ to: '/roles', search: {} })}
        />
      }
    >
      <Section title="Role">
        <RoleForm role={form.draft!} onChange={form.change} readOnly={!may('policy:write')} />
      </Section>
      <Section title="Who gets it">
        <Stack gap={4}>
          {rules.map((rule) => (
            <span key={rule.id}>
              Rule{' '}
              <TextLink to="/rules/$id" params={{ id: rule.id }}>
                {rule.name}
              </TextLink>{' '}
              <span className="mono dim">{rule.when}</span>
            </span>
          ))}
          {parents.map((parent) => (
            <span key={parent.id}>
              Part of role{' '}
              <TextLink to="/roles/$id" params={{ id: parent.id }}>
                {parent.name}
              </TextLink>
            </span>
          ))}
          {rules.length + parents.length === 0 && (
            <span className="dim">No rule gives it. It can be given by hand on a person's page.</span>
          )}
        </Stack>
      </Section>
      <SaveBar of={form} />
    </Page>
  )
}
