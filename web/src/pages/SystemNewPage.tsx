import { Alert, Button, Group, SimpleGrid, Stack, Text, TextInput, UnstyledButton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { IconDatabase, IconEye, IconFileSpreadsheet, IconPlug, IconSitemap, IconTable } from '@tabler/icons-react'
import { useState } from 'react'
import { SchemaForm } from '../components/form/SchemaForm.tsx'
import { TextLink } from '../components/links.tsx'
import { Page } from '../components/Page.tsx'
import { Section } from '../components/Section.tsx'
import { Loaded } from '../components/states.tsx'
import { CheckSteps } from '../components/system/CheckSteps.tsx'
import { Shape } from '../components/system/Shape.tsx'
import { Upload } from '../components/system/Upload.tsx'
import { useAct } from '../components/useAct.tsx'
import { fieldsOf } from '../lib/json-schema.ts'
import { idFrom } from '../lib/policy.ts'
import { policy, putObject } from '../queries/policy.ts'
import { checkDraft, connectors, inspectDraft } from '../queries/system.ts'
import type { Schema } from '../../../client/index.ts'
import classes from './SystemNewPage.module.css'

type Connector = Schema<'Connector'>

const signs: Record<string, typeof IconPlug> = {
  file: IconFileSpreadsheet,
  ldap: IconSitemap,
  postgresql: IconDatabase,
  'postgresql-query': IconTable,
}

/** Choose a kind, fill in its settings, check, add. It starts in observe. */
export function SystemNewPage() {
  const { connector } = useSearch({ from: '/inside/systems/new' })
  const navigate = useNavigate({ from: '/systems/new' })
  const query = useQuery(connectors)
  return (
    <Page
      title="Add a system"
      trail={[
        <TextLink key="systems" to="/systems">
          Systems
        </TextLink>,
      ]}
    >
      <Section title="1. What kind of system is it?">
        <Loaded query={query}>
          {({ items }) => (
            <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="sm" role="radiogroup" aria-label="Kind of system">
              {items
                .filter((c) => c.kind !== 'memory')
                .map((c) => {
                  const Sign = signs[c.kind] ?? IconPlug
                  return (
                    <UnstyledButton
                      key={c.kind}
                      role="radio"
                      aria-checked={c.kind === connector}
                      className={classes.kind}
                      data-chosen={c.kind === connector || undefined}
                      onClick={() => void navigate({ search: { connector: c.kind }, replace: true })}
                    >
                      <Sign size={22} stroke={1.6} aria-hidden /> <b>{c.title}</b>
                    </UnstyledButton>
                  )
                })}
            </SimpleGrid>
          )}
        </Loaded>
      </Section>
      {query.data?.items
        .filter((c) => c.kind === connector)
        .map((c) => (
          <Settings key={c.kind} connector={c} />
        ))}
    </Page>
  )
}

function Settings({ connector }: { connector: Connector }) {
  const navigate = useNavigate()
  const revision = useQuery(policy).data?.revision
  const [name, setName] = useState('')
  const [config, setConfig] = useState<Record<string, unknown>>({})
  const id = idFrom(name)
  const isFile = connector.kind === 'file'
  const hasRows = isFile || connector.kind === 'postgresql-query'
  const system = {
    id: id === '' ? 'draft' : id,
    name: name === '' ? 'Draft' : name,
    connector: connector.kind,
    config,
    method: 'observe',
  }
  const check = useAct(() => checkDraft(system))
  const inspect = useAct(() => inspectDraft(system))
  const add = useAct(() => putObject('systems', id, system, revision ?? 0, `Add system ${name}`), {
    says: `${name} is added, in observe.`,
    onDone: () => navigate({ to: '/systems/$id', params: { id }, search: {} }),
  })
  const path = typeof config['path'] === 'string' ? config['path'] : ''
  return (
    <>
      <Section title="2. Where is it?">
        <Stack gap="md">
          <TextInput
            label="Name"
            description={
              id === '' ? (
                'As your colleagues call it'
              ) : (
                <>
                  Id in files: <span className="mono">{id}</span>
                </>
              )
            }
            required
            maw={560}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            placeholder={isFile ? 'HR workbook' : hasRows ? 'HR database' : 'Active Directory'}
          />
          {isFile && <Upload path={path} onPath={(next) => setConfig((before) => ({ ...before, path: next }))} />}
          <SchemaForm
            fields={fieldsOf(connector.configSchema)}
            values={config}
            onChange={setConfig}
            systemId={id}
            hide={isFile ? ['path'] : []}
          />
        </Stack>
      </Section>
      <Section
        title="3. Look before you add it"
        says={
          hasRows
            ? 'See the columns and the first rows as Usher reads them.'
            : 'Connects, signs in and names each missing right. Nothing is written.'
        }
        actions={
          <>
            <Button variant="default" loading={check.isPending} onClick={() => check.mutate(undefined)}>
              Check
            </Button>
            {hasRows && (
              <Button
                variant="default"
                disabled={isFile && path === ''}
                loading={inspect.isPending}
                onClick={() => inspect.mutate(undefined)}
              >
                Look inside
              </Button>
            )}
          </>
        }
      >
        <Stack>
          {check.data && <CheckSteps of={check.data} />}
          {inspect.data && <Shape of={inspect.data} />}
          {!check.data && !inspect.data && (
            <Text c="dimmed" size="sm">
              Nothing has been tried yet.
            </Text>
          )}
        </Stack>
      </Section>
      <Group justify="space-between">
        <Alert variant="transparent" p={0} icon={<IconEye size={18} />} flex="1 1 300px">
          It starts in <b>observe</b>: Usher reads it and can write nothing until you say so.
        </Alert>
        <Button
          disabled={id === '' || revision === undefined}
          loading={add.isPending}
          onClick={() => add.mutate(undefined)}
        >
          Add system
        </Button>
      </Group>
    </>
  )
}
