import { Button, Group, PasswordInput, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { IconLock, IconPlus } from '@tabler/icons-react'
import { useState } from 'react'
import { useMay } from '../../queries/session.ts'
import { deleteSecret, secrets, setSecret } from '../../queries/work.ts'
import { Confirm } from '../Confirm.tsx'
import type { Schema } from '../../../../client/index.ts'
import { Dialog } from '../Dialog.tsx'
import { TextLink } from '../links.tsx'
import { Rows, type RowColumn } from '../Rows.tsx'
import { Section } from '../Section.tsx'
import { Empty, Loaded } from '../states.tsx'
import { useAct } from '../useAct.tsx'
import { When } from '../When.tsx'

type Secret = Schema<'Secret'>

const columns: RowColumn<Secret>[] = [
  { title: 'Name', cell: (secret) => <span className="mono">{secret.reference}</span> },
  {
    title: 'Used by',
    cell: (secret) =>
      secret.usedBy.length === 0 ? (
        <span className="dim">nothing</span>
      ) : (
        secret.usedBy.map((s, i) => (
          <span key={s.id}>
            {i > 0 && ', '}
            <TextLink to="/systems/$id" params={{ id: s.id }} search={{}}>
              {s.name}
            </TextLink>
          </span>
        ))
      ),
  },
  {
    title: 'Changed',
    cell: (secret) => (
      <>
        <When at={secret.changedAt} /> <span className="dim">by {secret.changedBy.name}</span>
      </>
    ),
  },
]

const actions = (replace: (name: string) => void, remove: (name: string) => void): RowColumn<Secret> => ({
  title: 'Actions',
  untitled: true,
  end: true,
  cell: ({ reference }) => (
    <Group gap="xs" wrap="nowrap" display="inline-flex">
      <Button size="compact-xs" variant="default" aria-label={`Replace ${reference}`} onClick={() => replace(reference)}>
        Replace
      </Button>
      <Button size="compact-xs" variant="default" aria-label={`Remove ${reference}`} onClick={() => remove(reference)}>
        Remove
      </Button>
    </Group>
  ),
})

/** Names of stored secrets; nobody sees their values. */
export function Secrets() {
  const may = useMay()
  const query = useQuery(secrets)
  const [adding, setAdding] = useState<string>()
  const [removing, setRemoving] = useState<string>()
  const remove = useAct(deleteSecret, {
    says: 'Removed.',
    forgets: ['secrets'],
    onDone: () => setRemoving(undefined),
    quiet: true,
  })
  return (
    <Section
      title="Secrets"
      says="Credentials that systems refer to by name. They are encrypted; nobody can read them here."
      flush
      actions={
        may('secrets:write') && (
          <Button leftSection={<IconPlus size={16} />} onClick={() => setAdding('')}>
            Store a secret
          </Button>
        )
      }
    >
      <Loaded query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty icon={IconLock} title="No secrets stored">
              They are usually stored while a system is added.
            </Empty>
          ) : (
            <Rows
              label="Secrets"
              items={items}
              columns={may('secrets:write') ? [...columns, actions(setAdding, setRemoving)] : columns}
              idOf={(secret) => secret.reference}
            />
          )
        }
      </Loaded>
      {adding !== undefined && <Store reference={adding} onClose={() => setAdding(undefined)} />}
      <Confirm
        opened={removing !== undefined}
        title={`Remove ${removing ?? ''}?`}
        action="Remove"
        danger
        busy={remove.isPending}
        error={remove.error}
        onClose={() => setRemoving(undefined)}
        onConfirm={() => removing && remove.mutate(removing)}
      >
        <Text>Systems that refer to it can no longer be reached until it is stored again.</Text>
      </Confirm>
    </Section>
  )
}

function Store({ reference, onClose }: { reference: string; onClose: () => void }) {
  const store = useAct((form: FormData) => setSecret(String(form.get('reference')), String(form.get('value'))), {
    says: 'Stored.',
    forgets: ['secrets'],
    onDone: onClose,
    quiet: true,
  })
  return (
    <Dialog
      title={reference === '' ? 'Store a secret' : 'Replace a secret'}
      action="Store"
      busy={store.isPending}
      error={store.error}
      onSubmit={(form) => store.mutate(form)}
      onClose={onClose}
    >
      <TextInput
        name="reference"
        label="Name"
        defaultValue={reference}
        readOnly={reference !== ''}
        required
        withAsterisk={false}
        placeholder="warehouse/password"
      />
      <PasswordInput
        name="value"
        label="Value"
        required
        withAsterisk={false}
        autoComplete="new-password"
        visibilityToggleButtonProps={{ 'aria-label': 'Show the value' }}
        data-autofocus
      />
    </Dialog>
  )
}
