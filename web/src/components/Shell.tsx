import { AppShell, Burger, Group, Kbd, ScrollArea, Text, UnstyledButton, VisuallyHidden } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { spotlight } from '@mantine/spotlight'
import { useQuery } from '@tanstack/react-query'
import { Outlet, useLocation } from '@tanstack/react-router'
import { IconSearch } from '@tabler/icons-react'
import { useEffect } from 'react'
import { overview } from '../queries/work.ts'
import { useMay } from '../queries/session.ts'
import { CommandPalette } from './CommandPalette.tsx'
import { BareLink, SideLink } from './links.tsx'
import { Logo } from './Logo.tsx'
import { places } from './places.ts'
import { Shortcuts } from './Shortcuts.tsx'
import { UserMenu } from './UserMenu.tsx'
import classes from './Shell.module.css'

const isMac = navigator.userAgent.includes('Mac')

/** Side bar, palette, shortcuts; the page in the middle. */
export function Shell() {
  const [opened, menu] = useDisclosure(false)
  const path = useLocation({ select: (location) => location.pathname })
  const may = useMay()
  const waiting = useQuery(overview).data?.waiting
  const counts: Record<string, number | undefined> = {
    '/plans': waiting && waiting.plansOpen + waiting.plansHeld,
    '/cases': waiting?.cases,
    '/findings': waiting?.findings,
    '/stuck': waiting?.stuck,
  }
  useEffect(menu.close, [path])
  return (
    <AppShell
      navbar={{ width: 232, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      header={{ height: { base: 52, sm: 0 } }}
      withBorder={false}
    >
      <a href="#content" className={classes.skip}>
        Skip to content
      </a>
      <AppShell.Header hiddenFrom="sm" className={classes.header}>
        <Group h="100%" px="md" justify="space-between">
          <Group gap="sm">
            <Burger opened={opened} onClick={menu.toggle} size="sm" aria-label={opened ? 'Close menu' : 'Open menu'} />
            <BareLink to="/" className={classes.brand} aria-label="Usher, overview">
              <Logo size={24} /> Usher
            </BareLink>
          </Group>
          <UnstyledButton onClick={spotlight.open} aria-label="Find people and pages" className={classes.find}>
            <IconSearch size={18} />
          </UnstyledButton>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className={classes.navbar} aria-label="Usher">
        <AppShell.Section p="md" pb="xs" visibleFrom="sm">
          <BareLink to="/" className={classes.brand} aria-label="Usher, overview">
            <Logo /> Usher
          </BareLink>
        </AppShell.Section>
        <AppShell.Section px="sm" pb="xs" pt={{ base: 'sm', sm: 4 }}>
          <UnstyledButton className={classes.search} onClick={spotlight.open}>
            <IconSearch size={15} aria-hidden /> <span>Find…</span>{' '}
            <Kbd size="xs" visibleFrom="sm">
              {isMac ? '⌘ K' : 'Ctrl K'}
            </Kbd>
          </UnstyledButton>
        </AppShell.Section>
        <AppShell.Section grow component={ScrollArea} px="sm">
          {places.map((group) => (
            <div key={group.title} className={classes.group}>
              <Text className={classes.title} id={`nav-${group.title}`}>
                {group.title}
              </Text>
              <nav aria-labelledby={`nav-${group.title}`}>
                {group.places
                  .filter((place) => may(place.permission))
                  .map((place) => {
                    const here =
                      place.to === '/'
                        ? path === '/'
                        : path.startsWith(place.to) || (place.to === '/roles' && path.startsWith('/rules'))
                    const waits = counts[place.to]
                    return (
                      <SideLink
                        key={place.to}
                        to={place.to}
                        label={place.title}
                        active={here}
                        aria-current={here ? 'page' : undefined}
                        className={classes.link}
                        leftSection={<place.icon size={17} stroke={1.7} aria-hidden />}
                        rightSection={
                          waits ? (
                            <span className={classes.waits}>
                              {waits}
                              <VisuallyHidden> waiting</VisuallyHidden>
                            </span>
                          ) : undefined
                        }
                      />
                    )
                  })}
              </nav>
            </div>
          ))}
        </AppShell.Section>
        <AppShell.Section p="sm">
          <UserMenu />
        </AppShell.Section>
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1} className={classes.main}>
        <Outlet />
      </AppShell.Main>
      <CommandPalette />
      <Shortcuts />
    </AppShell>
  )
}
