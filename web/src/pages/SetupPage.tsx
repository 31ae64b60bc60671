import { Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Gate } from '../components/Gate.tsx'
import { ButtonLink } from '../components/links.tsx'
import { Failure } from '../components/states.tsx'
import { queryClient } from '../queries/keys.ts'
import { setUp, setupState } from '../queries/session.ts'

/** Create the first administrator with the one-time link. */
export function SetupPage() {
  const navigate = useNavigate()
  const { token } = useSearch({ from: '/setup' })
  const state = useQuery(setupState)
  const create = useMutation({
    mutationFn: (form: FormData) =>
      setUp({
        token: token ?? '',
        name: String(form.get('name')),
        email: String(form.get('email')),
        password: String(form.get('password')),
      }),
    onSuccess: () => {
      queryClient.clear()
      return navigate({ to: '/' })
    },
  })
  if (state.data?.open === false || token === undefined) {
    const done = state.data?.open === false
    return (
      <Gate title={done ? 'Usher is set up already' : 'The link is incomplete'}>
        <Stack>
          <Text c="dimmed">
            {done
              ? 'The first administrator exists. Ask them for a user of your own.'
              : 'Copy the whole set-up link from the place where Usher was started.'}
          </Text>
          <ButtonLink to="/sign-in" search={{}}>
            Go to sign in
          </ButtonLink>
        </Stack>
      </Gate>
    )
  }
  return (
    <Gate title="Welcome to Usher" says="You become the first administrator. The link works this once.">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          create.mutate(new FormData(event.currentTarget))
        }}
      >
        <Stack>
          <TextInput name="name" label="Your name" autoComplete="name" required autoFocus withAsterisk={false} />
          <TextInput name="email" type="email" label="E-mail" autoComplete="username" required withAsterisk={false} />
          <PasswordInput
            name="password"
            label="Password"
            description="At least 10 characters"
            autoComplete="new-password"
            minLength={10}
            required
            withAsterisk={false}
            visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
          />
          {create.error && <Failure error={create.error} />}
          <Button type="submit" loading={create.isPending} fullWidth>
            Create administrator
          </Button>
        </Stack>
      </form>
    </Gate>
  )
}
