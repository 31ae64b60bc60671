import { Button, PasswordInput, Stack } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Gate } from '../components/Gate.tsx'
import { Failure } from '../components/states.tsx'
import { queryClient } from '../queries/keys.ts'
import { setPassword } from '../queries/session.ts'

/** A new user sets their password with a one-time link. */
export function PasswordPage() {
  const navigate = useNavigate()
  const { token } = useSearch({ from: '/password' })
  const save = useMutation({
    mutationFn: (form: FormData) => setPassword({ token: token ?? '', password: String(form.get('password')) }),
    onSuccess: () => {
      queryClient.clear()
      return navigate({ to: '/' })
    },
  })
  return (
    <Gate title="Choose a password" says="The link works once. After that you sign in with your e-mail address.">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          save.mutate(new FormData(event.currentTarget))
        }}
      >
        <Stack>
          <PasswordInput
            name="password"
            label="Password"
            description="At least 10 characters"
            autoComplete="new-password"
            minLength={10}
            required
            autoFocus
            withAsterisk={false}
            visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
          />
          {save.error && <Failure error={save.error} />}
          <Button type="submit" loading={save.isPending} fullWidth>
            Set password and sign in
          </Button>
        </Stack>
      </form>
    </Gate>
  )
}
