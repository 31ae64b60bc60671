import { Button, NumberInput, Select, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { IconKey, IconPlus } from '@tabler/icons-react'
import { useState } from 'react'
import { humanise } from '../../lib/words.ts'
import { me } from '../../queries/session.ts'
import { createToken, deleteToken, tokens, type UserRole } from '../../queries/work.ts'
import type { Schema } from '../../../../client/index.ts'
import { Dialog } from '../Dialog.tsx'
import { Rows, type RowColumn } from '../Rows.tsx'
import { Section } from '../Section.tsx'
import { Empty, Loaded } from '../states.tsx'
import { useAct } from '../useAct.tsx'
import { When } from '../When.tsx'
import { LinkShown } from './LinkShown.tsx'
import { roles } from './Users.tsx'

type Token = Schema<'Token'>

const columns: RowColumn<Token>[] = [
  { title: 'Name', cell: (token) => <b>{token.name}</b> },
  { title: 'Role', cell: (token) => humanise(token.role) },
  { title: 'Begins with', cell: (token) => <span className="mono">{token.start ?? '—'}</span> },
  { title: 'Last used', whole: true, cell: (token) => <When at={token.lastUsedAt} /> },
  { title: 'Expires', whole: true, cell: (token) => <When at={token.expiresAt} /> },
]

/** Tokens for the command line and for programs. */
export function Tokens() {
  const query = useQuery(tokens)
  const [adding, setAdding] = useState(false)
  const [secret, setSecret] = useState<string>()
  const revoke = useAct(deleteToken, { says: 'The token no longer works.', forgets: ['tokens'] })
  const revoking: RowColumn<Token> = {
    title: 'Actions',
    untitled: true,
    end: true,
    cell: (token) => (
      <Button
        size="compact-xs"
        variant="default"
        aria-label={`Revoke ${token.name}`}
        onClick={() => revoke.mutate(token.id)}
      >
        Revoke
      </Button>
    ),
  }
  const add = (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setAdding(true)}>
      New token
    </Button>
  )
  return (
    <Section
      title="API tokens"
      says="For the command line and for programs. A token may do at most what you may."
      flush
      actions={add}
    >
      <Loaded query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty icon={IconKey} title="No tokens">
              With a token, <span className="mono">usher login</span> signs the command line in.
            </Empty>
          ) : (
            <Rows label="API tokens" items={items} columns={[...columns, revoking]} idOf={(token) => token.id} />
          )
        }
      </Loaded>
      <NewToken opened={adding} onClose={() => setAdding(false)} onSecret={setSecret} />
      <LinkShown
        title="The token"
        text={secret}
        says="It is shown this once. Keep it like a password."
        onClose={() => setSecret(undefined)}
      />
    </Section>
  )
}

function NewToken({
  opened,
  onClose,
  onSecret,
}: {
  opened: boolean
  onClose: () => void
  onSecret: (secret: string) => void
}) {
  const own = useQuery(me).data?.role
  const [role, setRole] = useState<UserRole>()
  const [days, setDays] = useState(90)
  const make = useAct((name: string) => createToken({ name, role: role ?? own ?? 'auditor', expiresInDays: days }), {
    forgets: ['tokens'],
    onDone: (answer) => {
      onClose()
      onSecret(answer.secret)
    },
    quiet: true,
  })
  return (
    <Dialog
      opened={opened}
      title="New token"
      action="Make the token"
      busy={make.isPending}
      error={make.error}
      onSubmit={(form) => make.mutate(String(form.get('name')))}
      onClose={onClose}
    >
      <TextInput name="name" label="Name" description="What it is for" required withAsterisk={false} data-autofocus />
      <Select
        label="Role"
        data={roles}
        value={role ?? own ?? null}
        onChange={(value) => setRole(roles.find((r) => r.value === value)?.value)}
      />
      <NumberInput
        label="Expires after, in days"
        min={1}
        max={730}
        value={days}
        onChange={(next) => {
          if (typeof next === 'number') setDays(next)
        }}
      />
    </Dialog>
  )
}
