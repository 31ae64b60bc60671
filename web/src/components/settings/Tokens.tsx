import { Button, Group, Modal, NumberInput, Select, Stack, Table, TextInput, VisuallyHidden } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { IconKey, IconPlus } from '@tabler/icons-react'
import { useState } from 'react'
import { humanise } from '../../lib/words.ts'
import { me } from '../../queries/session.ts'
import { createToken, deleteToken, tokens, type UserRole } from '../../queries/work.ts'
import { Section } from '../Section.tsx'
import { Empty, Failure, Loaded } from '../states.tsx'
import { useAct } from '../useAct.tsx'
import { When } from '../When.tsx'
import { LinkShown } from './LinkShown.tsx'
import { roles } from './Users.tsx'
import { WideTable } from '../WideTable.tsx'

/** Tokens for the command line and for programs. */
export function Tokens() {
  const query = useQuery(tokens)
  const [adding, setAdding] = useState(false)
  const [secret, setSecret] = useState<string>()
  const revoke = useAct(deleteToken, { says: 'The token no longer works.', forgets: ['tokens'] })
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
            <WideTable label="API tokens" minWidth={640}>
              <Table>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Name</Table.Th>
                    <Table.Th>Role</Table.Th>
                    <Table.Th>Begins with</Table.Th>
                    <Table.Th>Last used</Table.Th>
                    <Table.Th>Expires</Table.Th>
                    <Table.Th>
                      <VisuallyHidden>Actions</VisuallyHidden>
                    </Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {items.map((token) => (
                    <Table.Tr key={token.id}>
                      <Table.Td fw={560}>{token.name}</Table.Td>
                      <Table.Td>{humanise(token.role)}</Table.Td>
                      <Table.Td className="mono">{token.start ?? '—'}</Table.Td>
                      <Table.Td>
                        <When at={token.lastUsedAt} />
                      </Table.Td>
                      <Table.Td>
                        <When at={token.expiresAt} />
                      </Table.Td>
                      <Table.Td ta="end">
                        <Button
                          size="compact-xs"
                          variant="default"
                          aria-label={`Revoke ${token.name}`}
                          onClick={() => revoke.mutate(token.id)}
                        >
                          Revoke
                        </Button>
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </WideTable>
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
    <Modal opened={opened} onClose={onClose} title="New token" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          make.mutate(String(new FormData(event.currentTarget).get('name')))
        }}
      >
        <Stack>
          <TextInput
            name="name"
            label="Name"
            description="What it is for"
            required
            withAsterisk={false}
            data-autofocus
          />
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
          {make.error !== null && <Failure error={make.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={make.isPending}>
              Make the token
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
