import { Button, PasswordInput, Stack, TextInput } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Gate } from '../components/Gate.tsx'
import { Failure } from '../components/states.tsx'
import { setupState, signIn } from '../queries/session.ts'

/** Sign in with e-mail and password. */
export function SignInPage() {
  const navigate = useNavigate()
  const { to } = useSearch({ from: '/sign-in' })
  const fresh = useQuery(setupState).data?.open === true
  const enter = useMutation({
    mutationFn: (form: FormData) => signIn(String(form.get('email')), String(form.get('password'))),
    onSuccess: () => navigate({ to: to?.startsWith('/') && !to.startsWith('//') ? to : '/' }),
  })
  return (
    <Gate
      title="Sign in"
      says={fresh ? 'Nobody can sign in yet. Open the set-up link that Usher printed when it started.' : 'to Usher'}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          enter.mutate(new FormData(event.currentTarget))
        }}
      >
        <Stack>
          <TextInput
            name="email"
            type="email"
            label="E-mail"
            autoComplete="username"
            required
            autoFocus
            withAsterisk={false}
          />
          <PasswordInput
            name="password"
            label="Password"
            autoComplete="current-password"
            required
            withAsterisk={false}
            visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
          />
          {enter.error && <Failure error={enter.error} />}
          <Button type="submit" loading={enter.isPending} fullWidth>
            Sign in
          </Button>
        </Stack>
      </form>
    </Gate>
  )
}
