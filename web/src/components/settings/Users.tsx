import { Button, Group, Modal, Select, Stack, Table, TextInput, VisuallyHidden } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { IconPlus } from '@tabler/icons-react'
import { useState } from 'react'
import { me, useMay } from '../../queries/session.ts'
import { changeUser, createUser, users, type UserRole } from '../../queries/work.ts'
import { Section } from '../Section.tsx'
import { Failure, Loaded } from '../states.tsx'
import { Tag } from '../Tag.tsx'
import { useAct } from '../useAct.tsx'
import { When } from '../When.tsx'
import { LinkShown } from './LinkShown.tsx'
import { WideTable } from '../WideTable.tsx'

export const roles: { value: UserRole; label: string }[] = [
  { value: 'administrator', label: 'Administrator' },
  { value: 'operator', label: 'Operator' },
  { value: 'helpdesk', label: 'Help desk' },
  { value: 'auditor', label: 'Auditor' },
]
const roleOf = (value: string | null): UserRole => roles.find((r) => r.value === value)?.value ?? 'auditor'

/** Who may use Usher. */
export function Users() {
  const may = useMay()
  const query = useQuery(users)
  const own = useQuery(me).data?.user.id
  const [adding, setAdding] = useState(false)
  const [link, setLink] = useState<string>()
  const change = useAct(
    ({ id, ...body }: { id: string; role?: UserRole; disabled?: boolean; newLink?: boolean }) => changeUser(id, body),
    {
      says: 'Saved.',
      forgets: ['users'],
      onDone: (answer) => {
        if (answer.link) setLink(answer.link.url)
      },
    },
  )
  return (
    <Section
      title="Users"
      count={query.data?.items.length}
      flush
      actions={
        may('users:write') && (
          <Button leftSection={<IconPlus size={16} />} onClick={() => setAdding(true)}>
            Add a user
          </Button>
        )
      }
    >
      <Loaded query={query}>
        {({ items }) => (
          <WideTable label="Users" minWidth={720}>
            <Table>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Name</Table.Th>
                  <Table.Th>E-mail</Table.Th>
                  <Table.Th>Role</Table.Th>
                  <Table.Th>State</Table.Th>
                  <Table.Th>Since</Table.Th>
                  <Table.Th>
                    <VisuallyHidden>Actions</VisuallyHidden>
                  </Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {items.map((user) => (
                  <Table.Tr key={user.id}>
                    <Table.Td fw={560}>
                      {user.name}
                      {user.id === own && <span className="dim quiet"> (you)</span>}
                    </Table.Td>
                    <Table.Td>{user.email}</Table.Td>
                    <Table.Td>
                      <Select
                        aria-label={`Role of ${user.name}`}
                        size="xs"
                        w={150}
                        data={roles}
                        value={user.role}
                        disabled={!may('users:write') || user.id === own}
                        onChange={(role) => change.mutate({ id: user.id, role: roleOf(role) })}
                      />
                    </Table.Td>
                    <Table.Td>
                      {user.disabled ? (
                        <Tag tone="warn">Disabled</Tag>
                      ) : user.ready ? (
                        <Tag tone="good">Active</Tag>
                      ) : (
                        <Tag tone="info">No password yet</Tag>
                      )}
                    </Table.Td>
                    <Table.Td>
                      <When at={user.createdAt} />
                    </Table.Td>
                    <Table.Td>
                      {may('users:write') && user.id !== own && (
                        <Group gap="xs" justify="flex-end" wrap="nowrap">
                          <Button
                            size="compact-xs"
                            variant="default"
                            onClick={() => change.mutate({ id: user.id, newLink: true })}
                          >
                            New link
                          </Button>
                          <Button
                            size="compact-xs"
                            variant="default"
                            onClick={() => change.mutate({ id: user.id, disabled: !user.disabled })}
                          >
                            {user.disabled ? 'Enable' : 'Disable'}
                          </Button>
                        </Group>
                      )}
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </WideTable>
        )}
      </Loaded>
      <AddUser opened={adding} onClose={() => setAdding(false)} onLink={setLink} />
      <LinkShown
        title="One-time link"
        text={link}
        says="Send it to them. It lets them choose a password once, and then no more."
        onClose={() => setLink(undefined)}
      />
    </Section>
  )
}

function AddUser({ opened, onClose, onLink }: { opened: boolean; onClose: () => void; onLink: (url: string) => void }) {
  const [role, setRole] = useState<UserRole>('operator')
  const add = useAct(
    (form: FormData) => createUser({ name: String(form.get('name')), email: String(form.get('email')), role }),
    {
      forgets: ['users'],
      onDone: (answer) => {
        onClose()
        onLink(answer.link.url)
      },
      quiet: true,
    },
  )
  return (
    <Modal opened={opened} onClose={onClose} title="Add a user" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          add.mutate(new FormData(event.currentTarget))
        }}
      >
        <Stack>
          <TextInput name="name" label="Name" required withAsterisk={false} data-autofocus />
          <TextInput name="email" type="email" label="E-mail" required withAsterisk={false} />
          <Select label="Role" data={roles} value={role} onChange={(value) => setRole(roleOf(value))} />
          {add.error !== null && <Failure error={add.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={add.isPending}>
              Add
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
