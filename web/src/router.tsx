/** Every address of the UI. Pages load when they are first opened; names and search words never stand in an address. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { Shell } from './components/Shell.tsx'
import { Broken, Missing, Pending } from './components/Broken.tsx'
import { whoAmI } from './queries/session.ts'

const text = (search: Record<string, unknown>, name: string) =>
  typeof search[name] === 'string' ? search[name] : undefined
const tab = (search: Record<string, unknown>): { tab?: string } => ({ tab: text(search, 'tab') })
const token = (search: Record<string, unknown>): { token?: string } => ({ token: text(search, 'token') })

const root = createRootRoute({ notFoundComponent: Missing, errorComponent: Broken })

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search): { to?: string } => ({ to: text(search, 'to') }),
  component: lazyRouteComponent(() => import('./pages/SignInPage.tsx'), 'SignInPage'),
})
const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  validateSearch: token,
  component: lazyRouteComponent(() => import('./pages/SetupPage.tsx'), 'SetupPage'),
})
const password = createRoute({
  getParentRoute: () => root,
  path: '/password',
  validateSearch: token,
  component: lazyRouteComponent(() => import('./pages/PasswordPage.tsx'), 'PasswordPage'),
})

const inside = createRoute({
  getParentRoute: () => root,
  id: 'inside',
  component: Shell,
  pendingComponent: Pending,
  errorComponent: Broken,
  beforeLoad: async ({ location }) => {
    if ((await whoAmI()) === null)
      throw redirect({ to: '/sign-in', search: location.pathname === '/' ? {} : { to: location.pathname } })
  },
})

const overview = createRoute({
  getParentRoute: () => inside,
  path: '/',
  component: lazyRouteComponent(() => import('./pages/OverviewPage.tsx'), 'OverviewPage'),
})
const people = createRoute({
  getParentRoute: () => inside,
  path: '/people',
  validateSearch: (search): { state?: string } => ({ state: text(search, 'state') }),
  component: lazyRouteComponent(() => import('./pages/PeoplePage.tsx'), 'PeoplePage'),
})
const person = createRoute({
  getParentRoute: () => inside,
  path: '/people/$id',
  validateSearch: tab,
  component: lazyRouteComponent(() => import('./pages/PersonPage.tsx'), 'PersonPage'),
})
const leavers = createRoute({
  getParentRoute: () => inside,
  path: '/leavers',
  component: lazyRouteComponent(() => import('./pages/LeaversPage.tsx'), 'LeaversPage'),
})
const leaver = createRoute({
  getParentRoute: () => inside,
  path: '/leavers/$id',
  component: lazyRouteComponent(() => import('./pages/LeaverPage.tsx'), 'LeaverPage'),
})
const systems = createRoute({
  getParentRoute: () => inside,
  path: '/systems',
  component: lazyRouteComponent(() => import('./pages/SystemsPage.tsx'), 'SystemsPage'),
})
const systemNew = createRoute({
  getParentRoute: () => inside,
  path: '/systems/new',
  validateSearch: (search): { connector?: string } => ({ connector: text(search, 'connector') }),
  component: lazyRouteComponent(() => import('./pages/SystemNewPage.tsx'), 'SystemNewPage'),
})
const system = createRoute({
  getParentRoute: () => inside,
  path: '/systems/$id',
  validateSearch: tab,
  component: lazyRouteComponent(() => import('./pages/SystemPage.tsx'), 'SystemPage'),
})
const jobs = createRoute({
  getParentRoute: () => inside,
  path: '/jobs',
  component: lazyRouteComponent(() => import('./pages/JobsPage.tsx'), 'JobsPage'),
})
const jobNew = createRoute({
  getParentRoute: () => inside,
  path: '/jobs/new',
  validateSearch: (search): { system?: string } => ({ system: text(search, 'system') }),
  component: lazyRouteComponent(() => import('./pages/JobNewPage.tsx'), 'JobNewPage'),
})
const job = createRoute({
  getParentRoute: () => inside,
  path: '/jobs/$id',
  validateSearch: tab,
  component: lazyRouteComponent(() => import('./pages/JobPage.tsx'), 'JobPage'),
})
const roles = createRoute({
  getParentRoute: () => inside,
  path: '/roles',
  validateSearch: tab,
  component: lazyRouteComponent(() => import('./pages/RolesPage.tsx'), 'RolesPage'),
})
const role = createRoute({
  getParentRoute: () => inside,
  path: '/roles/$id',
  component: lazyRouteComponent(() => import('./pages/RolePage.tsx'), 'RolePage'),
})
const rule = createRoute({
  getParentRoute: () => inside,
  path: '/rules/$id',
  component: lazyRouteComponent(() => import('./pages/RulePage.tsx'), 'RulePage'),
})
const plans = createRoute({
  getParentRoute: () => inside,
  path: '/plans',
  component: lazyRouteComponent(() => import('./pages/PlansPage.tsx'), 'PlansPage'),
})
const plan = createRoute({
  getParentRoute: () => inside,
  path: '/plans/$id',
  validateSearch: (search): { view?: string; kind?: string; system?: string; state?: string; stage?: number } => ({
    view: text(search, 'view'),
    kind: text(search, 'kind'),
    system: text(search, 'system'),
    state: text(search, 'state'),
    stage: search['stage'] === 1 || search['stage'] === 2 ? search['stage'] : undefined,
  }),
  component: lazyRouteComponent(() => import('./pages/PlanPage.tsx'), 'PlanPage'),
})
const cases = createRoute({
  getParentRoute: () => inside,
  path: '/cases',
  component: lazyRouteComponent(() => import('./pages/CasesPage.tsx'), 'CasesPage'),
})
const stuck = createRoute({
  getParentRoute: () => inside,
  path: '/stuck',
  component: lazyRouteComponent(() => import('./pages/StuckPage.tsx'), 'StuckPage'),
})
const findings = createRoute({
  getParentRoute: () => inside,
  path: '/findings',
  component: lazyRouteComponent(() => import('./pages/FindingsPage.tsx'), 'FindingsPage'),
})
const drift = createRoute({
  getParentRoute: () => inside,
  path: '/drift',
  validateSearch: tab,
  component: lazyRouteComponent(() => import('./pages/DriftPage.tsx'), 'DriftPage'),
})
const audit = createRoute({
  getParentRoute: () => inside,
  path: '/audit',
  component: lazyRouteComponent(() => import('./pages/AuditPage.tsx'), 'AuditPage'),
})
const settings = createRoute({
  getParentRoute: () => inside,
  path: '/settings',
  validateSearch: tab,
  component: lazyRouteComponent(() => import('./pages/SettingsPage.tsx'), 'SettingsPage'),
})

export const router = createRouter({
  routeTree: root.addChildren([
    signIn,
    setup,
    password,
    inside.addChildren([
      overview,
      people,
      person,
      leavers,
      leaver,
      systems,
      systemNew,
      system,
      jobs,
      jobNew,
      job,
      roles,
      role,
      rule,
      plans,
      plan,
      cases,
      findings,
      drift,
      stuck,
      audit,
      settings,
    ]),
  ]),
  defaultPreload: 'intent',
  scrollRestoration: true,
  defaultErrorComponent: Broken,
  defaultPendingComponent: Pending,
  defaultPendingMs: 200,
  defaultNotFoundComponent: Missing,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
