import { Button, Group, Select, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { IconPlus } from '@tabler/icons-react'
import { useState } from 'react'
import { me, useMay } from '../../queries/session.ts'
import { changeUser, createUser, users, type UserRole } from '../../queries/work.ts'
import type { Schema } from '../../../../client/index.ts'
import { Dialog } from '../Dialog.tsx'
import { Rows, type RowColumn } from '../Rows.tsx'
import { Section } from '../Section.tsx'
import { Loaded } from '../states.tsx'
import { Tag } from '../Tag.tsx'
import { useAct } from '../useAct.tsx'
import { When } from '../When.tsx'
import { LinkShown } from './LinkShown.tsx'

export const roles: { value: UserRole; label: string }[] = [
  { value: 'administrator', label: 'Administrator' },
  { value: 'operator', label: 'Operator' },
  { value: 'helpdesk', label: 'Help desk' },
  { value: 'auditor', label: 'Auditor' },
]
const roleOf = (value: string | null): UserRole => roles.find((r) => r.value === value)?.value ?? 'auditor'

type User = Schema<'User'>

/** Who may use Usher. */
export function Users() {
  const may = useMay()
  const query = useQuery(users)
  const own = useQuery(me).data?.user.id
  const [adding, setAdding] = useState(false)
  const [link, setLink] = useState<string>()
  const change = useAct(
    ({ id, ...body }: ChangedUser) => changeUser(id, body),
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
          <Rows label="Users" items={items} columns={columnsFor(may('users:write'), own, change.mutate)} idOf={(user) => user.id} />
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

interface ChangedUser {
  id: string
  role?: UserRole
  disabled?: boolean
  newLink?: boolean
}

function columnsFor(writes: boolean, own: string | undefined, change: (changed: ChangedUser) => void): RowColumn<User>[] {
  const columns: RowColumn<User>[] = [
    {
      title: 'Name',
      cell: (user) => (
        <>
          <b>{user.name}</b>
          {user.id === own && <span className="dim"> (you)</span>}
        </>
      ),
    },
    { title: 'E-mail', cell: (user) => user.email },
    {
      title: 'Role',
      cell: (user) =>
        writes && user.id !== own ? (
          <Select
            aria-label={`Role of ${user.name}`}
            size="xs"
            w={150}
            data={roles}
            value={user.role}
            onChange={(role) => change({ id: user.id, role: roleOf(role) })}
          />
        ) : (
          roles.find((r) => r.value === user.role)?.label
        ),
    },
    { title: 'State', cell: (user) => <State of={user} /> },
    { title: 'Since', whole: true, cell: (user) => <When at={user.createdAt} /> },
  ]
  if (!writes) return columns
  const actions: RowColumn<User> = {
    title: 'Actions',
    untitled: true,
    end: true,
    cell: (user) =>
      user.id !== own && (
        <Group gap="xs" wrap="nowrap" display="inline-flex">
          <Button
            size="compact-xs"
            variant="default"
            aria-label={`New link for ${user.name}`}
            onClick={() => change({ id: user.id, newLink: true })}
          >
            New link
          </Button>
          <Button
            size="compact-xs"
            variant="default"
            aria-label={`${user.disabled ? 'Enable' : 'Disable'} ${user.name}`}
            onClick={() => change({ id: user.id, disabled: !user.disabled })}
          >
            {user.disabled ? 'Enable' : 'Disable'}
          </Button>
        </Group>
      ),
  }
  return [...columns, actions]
}

function State({ of }: { of: User }) {
  if (of.disabled) return <Tag tone="warn">Disabled</Tag>
  return of.ready ? <Tag tone="good">Active</Tag> : <Tag tone="info">No password yet</Tag>
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
    <Dialog
      opened={opened}
      title="Add a user"
      action="Add"
      busy={add.isPending}
      error={add.error}
      onSubmit={(form) => add.mutate(form)}
      onClose={onClose}
    >
      <TextInput name="name" label="Name" required withAsterisk={false} data-autofocus />
      <TextInput name="email" type="email" label="E-mail" required withAsterisk={false} />
      <Select label="Role" data={roles} value={role} onChange={(value) => setRole(roleOf(value))} />
    </Dialog>
  )
}
