import { Group, Menu, Text, UnstyledButton, useMantineColorScheme } from '@mantine/core'
import {
  IconCheck,
  IconDeviceDesktop,
  IconKeyboard,
  IconLogout,
  IconMoon,
  IconSelector,
  IconSun,
} from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { queryClient } from '../queries/keys.ts'
import { me, signOut } from '../queries/session.ts'
import { humanise } from '../lib/words.ts'
import { openHelp } from './Shortcuts.tsx'
import classes from './UserMenu.module.css'

const schemes = [
  { value: 'auto', title: 'As the system', icon: IconDeviceDesktop },
  { value: 'light', title: 'Light', icon: IconSun },
  { value: 'dark', title: 'Dark', icon: IconMoon },
] as const

/** Who is signed in, light or dark, shortcuts, sign out. */
export function UserMenu() {
  const { data } = useQuery(me)
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const navigate = useNavigate()
  const leave = async () => {
    await signOut()
    await navigate({ to: '/sign-in', search: {} })
    queryClient.clear()
  }
  return (
    <Menu position="top-start" width={220}>
      <Menu.Target>
        <UnstyledButton className={classes.target} aria-label="Your account">
          <span className={classes.letters} aria-hidden>
            {initials(data?.user.name ?? '')}
          </span>
          <span className={classes.words}>
            <Text size="sm" fw={560} truncate>
              {data?.user.name}
            </Text>
            <Text size="xs" c="dimmed">
              {humanise(data?.role ?? '')}
            </Text>
          </span>
          <IconSelector size={15} aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Appearance</Menu.Label>
        {schemes.map((scheme) => (
          <Menu.Item
            key={scheme.value}
            leftSection={<scheme.icon size={15} />}
            onClick={() => setColorScheme(scheme.value)}
            rightSection={colorScheme === scheme.value ? <IconCheck size={14} aria-label="chosen" /> : undefined}
          >
            {scheme.title}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item
          leftSection={<IconKeyboard size={15} />}
          rightSection={<Group className="mono dim">?</Group>}
          onClick={openHelp}
        >
          Keyboard
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={15} />} onClick={() => void leave()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}

function initials(name: string): string {
  return name
    .split(/\s+/)
    .map((word) => word.charAt(0))
    .slice(0, 2)
    .join('')
    .toUpperCase()
}
