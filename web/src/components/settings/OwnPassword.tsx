import { Button, Group, PasswordInput, Stack } from '@mantine/core'
import { useRef } from 'react'
import { changePassword } from '../../queries/session.ts'
import { Section } from '../Section.tsx'
import { Failure } from '../states.tsx'
import { useAct } from '../useAct.tsx'

/** Changes the password of whoever is signed in. */
export function OwnPassword() {
  const form = useRef<HTMLFormElement>(null)
  const change = useAct(
    (data: FormData) =>
      changePassword({ currentPassword: String(data.get('current')), newPassword: String(data.get('new')) }),
    {
      says: 'Your password is changed. Other sessions have ended.',
      onDone: () => form.current?.reset(),
      quiet: true,
    },
  )
  const eye = { 'aria-label': 'Show it' }
  return (
    <Section title="Your password">
      <form
        ref={form}
        onSubmit={(event) => {
          event.preventDefault()
          change.mutate(new FormData(event.currentTarget))
        }}
      >
        <Stack maw={420}>
          <PasswordInput
            name="current"
            label="Present password"
            autoComplete="current-password"
            required
            withAsterisk={false}
            visibilityToggleButtonProps={eye}
          />
          <PasswordInput
            name="new"
            label="New password"
            description="At least 10 characters"
            autoComplete="new-password"
            minLength={10}
            required
            withAsterisk={false}
            visibilityToggleButtonProps={eye}
          />
          {change.error !== null && <Failure error={change.error} />}
          <Group>
            <Button type="submit" variant="default" loading={change.isPending}>
              Change password
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  )
}
