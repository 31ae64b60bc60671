/** The places of the UI: for the side bar, the command palette and the `g` shortcuts. */
import {
  IconAlertTriangle,
  IconArrowsDiff,
  IconArrowsSplit2,
  IconClipboardCheck,
  IconDoorExit,
  IconHistory,
  IconHome,
  IconPlugConnected,
  IconRefreshAlert,
  IconRoute,
  IconSettings,
  IconShieldCheck,
  IconUsers,
  type Icon,
} from '@tabler/icons-react'

export interface Place {
  to: '/' | '/plans' | '/people' | '/leavers' | '/cases' | '/findings' | '/stuck' | '/drift' | '/systems' | '/jobs' | '/roles' | '/audit' | '/settings'
  title: string
  icon: Icon
  /** Pressed after `g`. */
  key: string
  permission: string
}

export const places: { title: string; places: Place[] }[] = [
  {
    title: 'Work',
    places: [
      { to: '/', title: 'Overview', icon: IconHome, key: 'o', permission: 'overview:read' },
      { to: '/plans', title: 'Plans', icon: IconClipboardCheck, key: 'l', permission: 'plans:read' },
      { to: '/people', title: 'People', icon: IconUsers, key: 'p', permission: 'people:read' },
      { to: '/leavers', title: 'Leavers', icon: IconDoorExit, key: 'x', permission: 'people:read' },
      { to: '/cases', title: 'Cases', icon: IconArrowsSplit2, key: 'c', permission: 'cases:read' },
      { to: '/findings', title: 'Findings', icon: IconAlertTriangle, key: 'f', permission: 'findings:read' },
      { to: '/stuck', title: 'Stuck', icon: IconRefreshAlert, key: 'u', permission: 'plans:read' },
      { to: '/drift', title: 'Drift', icon: IconArrowsDiff, key: 'd', permission: 'drift:read' },
    ],
  },
  {
    title: 'Set up',
    places: [
      { to: '/systems', title: 'Systems', icon: IconPlugConnected, key: 's', permission: 'systems:read' },
      { to: '/jobs', title: 'Jobs', icon: IconRoute, key: 'j', permission: 'jobs:read' },
      { to: '/roles', title: 'Roles & rules', icon: IconShieldCheck, key: 'r', permission: 'policy:read' },
    ],
  },
  {
    title: 'Evidence',
    places: [
      { to: '/audit', title: 'Audit', icon: IconHistory, key: 'a', permission: 'audit:read' },
      { to: '/settings', title: 'Settings', icon: IconSettings, key: 'e', permission: 'self:read' },
    ],
  },
]

export const allPlaces: Place[] = places.flatMap((group) => group.places)
