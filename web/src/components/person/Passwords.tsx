import { Button, CopyButton, Group, Modal, Text } from '@mantine/core'
import { IconKey } from '@tabler/icons-react'
import { useState } from 'react'
import { showPassword } from '../../queries/person.ts'
import { useMay } from '../../queries/session.ts'
import type { Schema } from '../../../../client/index.ts'
import { useAct } from '../useAct.tsx'
import { useSystemName } from '../useSystemName.ts'
import { When } from '../When.tsx'
import classes from './Passwords.module.css'

/** First passwords that nobody has seen yet, unless the person has ended. Each is shown once, then it is gone for good. */
export function Passwords({ person }: { person: Schema<'Person'> }) {
  const may = useMay()
  const nameOf = useSystemName()
  const [shown, setShown] = useState<{ system: string; password: string }>()
  const show = useAct(
    async (of: { job: string; system: string }) => ({ ...of, ...(await showPassword(person.id, of.job)) }),
    {
      onDone: setShown,
    },
  )
  const close = () => {
    setShown(undefined)
    show.reset()
  }
  if (!may('people:password') || person.state === 'ended') return null
  return (
    <>
      {person.passwords.map((password) => (
        <div key={password.job} className={classes.row}>
          <IconKey size={17} aria-hidden />
          <Text flex={1}>
            A first password for {nameOf(password.system)} was made <When at={password.madeAt} /> and nobody has seen
            it.
          </Text>
          <Button size="xs" variant="default" loading={show.isPending} onClick={() => show.mutate(password)}>
            Show it once…
          </Button>
        </div>
      ))}
      <Modal
        opened={shown !== undefined}
        onClose={close}
        title={`First password of ${person.name}`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <Text className={classes.password}>{shown?.password}</Text>
        <Text size="sm" c="dimmed" my="sm">
          For {nameOf(shown?.system ?? '')}. It is not stored any more: hand it over now. It is not shown again.
        </Text>
        <Group justify="flex-end">
          <CopyButton value={shown?.password ?? ''}>
            {({ copied, copy }) => (
              <Button variant="default" onClick={copy}>
                {copied ? 'Copied' : 'Copy'}
              </Button>
            )}
          </CopyButton>
          <Button onClick={close}>Done</Button>
        </Group>
      </Modal>
    </>
  )
}
