import { Button, Group, Modal, PasswordInput, Stack, Table, Text, TextInput, VisuallyHidden } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { IconLock, IconPlus } from '@tabler/icons-react'
import { useState } from 'react'
import { useMay } from '../../queries/session.ts'
import { deleteSecret, secrets, setSecret } from '../../queries/work.ts'
import { Confirm } from '../Confirm.tsx'
import { TextLink } from '../links.tsx'
import { Section } from '../Section.tsx'
import { Empty, Failure, Loaded } from '../states.tsx'
import { useAct } from '../useAct.tsx'
import { When } from '../When.tsx'
import { WideTable } from '../WideTable.tsx'

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
            <WideTable label="Secrets" minWidth={600}>
              <Table>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Name</Table.Th>
                    <Table.Th>Used by</Table.Th>
                    <Table.Th>Changed</Table.Th>
                    <Table.Th>
                      <VisuallyHidden>Actions</VisuallyHidden>
                    </Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {items.map((secret) => (
                    <Table.Tr key={secret.reference}>
                      <Table.Td className="mono">{secret.reference}</Table.Td>
                      <Table.Td>
                        {secret.usedBy.length === 0 ? (
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
                        )}
                      </Table.Td>
                      <Table.Td>
                        <When at={secret.changedAt} /> <span className="dim">by {secret.changedBy.name}</span>
                      </Table.Td>
                      <Table.Td>
                        {may('secrets:write') && (
                          <Group gap="xs" justify="flex-end" wrap="nowrap">
                            <Button
                              size="compact-xs"
                              variant="default"
                              aria-label={`Replace ${secret.reference}`}
                              onClick={() => setAdding(secret.reference)}
                            >
                              Replace
                            </Button>
                            <Button
                              size="compact-xs"
                              variant="default"
                              aria-label={`Remove ${secret.reference}`}
                              onClick={() => setRemoving(secret.reference)}
                            >
                              Remove
                            </Button>
                          </Group>
                        )}
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </WideTable>
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
    <Modal opened onClose={onClose} title="Store a secret" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          store.mutate(new FormData(event.currentTarget))
        }}
      >
        <Stack>
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
          {store.error !== null && <Failure error={store.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={store.isPending}>
              Store
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
