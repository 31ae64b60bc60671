import { Alert } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import { DeleteObject } from '../components/DeleteObject.tsx'
import { TextLink } from '../components/links.tsx'
import { Page, PageOf } from '../components/Page.tsx'
import { RuleForm } from '../components/role/RuleForm.tsx'
import { SaveBar } from '../components/SaveBar.tsx'
import { Section } from '../components/Section.tsx'
import { Tag } from '../components/Tag.tsx'
import { useCreate } from '../components/useCreate.ts'
import { usePolicyObject } from '../components/usePolicyObject.ts'
import type { Rule } from '../lib/policy.ts'
import { plural } from '../lib/words.ts'
import { policy, rolePeople } from '../queries/policy.ts'
import { useMay } from '../queries/session.ts'

const trail = [
  <TextLink key="rules" to="/roles" search={{ tab: 'rules' }}>
    Roles & rules
  </TextLink>,
]

/** One rule: a condition, and the roles that it gives. */
export function RulePage() {
  const { id } = useParams({ from: '/inside/rules/$id' })
  const query = useQuery(policy)
  return (
    <PageOf query={query}>
      {({ policy: { rules } }) =>
        id === 'new' ? (
          <New />
        ) : rules.some((r) => r.id === id) ? (
          <Shown key={id} rule={rules.find((r) => r.id === id)!} />
        ) : (
          <Page title="Not found" trail={trail}>
            <Alert color="gray">There is no rule {id}. It may have been removed.</Alert>
          </Page>
        )
      }
    </PageOf>
  )
}

function New() {
  const navigate = useNavigate()
  const form = useCreate<Rule>('rules', { id: '', name: '', when: '', roles: [] }, (id) =>
    navigate({ to: '/rules/$id', params: { id } }),
  )
  return (
    <Page title="New rule" trail={trail}>
      <Section title="Rule">
        <RuleForm rule={form.draft} onChange={form.change} readOnly={false} />
      </Section>
      <SaveBar of={form} />
    </Page>
  )
}

function Shown({ rule }: { rule: Rule }) {
  const may = useMay()
  const navigate = useNavigate()
  const form = usePolicyObject<Rule>('rules', rule.id, rule)
  const people = useQuery(rolePeople).data?.rules.find((r) => r.id === rule.id)?.people
  return (
    <Page
      title={rule.name}
      trail={trail}
      aside={people !== undefined && <Tag tone="info">{plural(people, 'person', 'people')} now</Tag>}
      actions={
        <DeleteObject
          kind="rules"
          id={rule.id}
          name={rule.name}
          onDone={() => navigate({ to: '/roles', search: { tab: 'rules' } })}
        />
      }
    >
      <Section title="Rule">
        <RuleForm rule={form.draft!} onChange={form.change} readOnly={!may('policy:write')} />
      </Section>
      <SaveBar of={form} />
    </Page>
  )
}
