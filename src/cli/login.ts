/** `usher login`, `logout` and `status`: which server, as whom, and what waits there. */
import { hostname } from 'node:os'
import type { Command } from 'commander'
import { createUsherClient } from '../../client/index.ts'
import { Failure } from './exit.ts'
import { examples } from './help.ts'
import { act, call, failureOf, reach, show, type Session, type World } from './session.ts'
import { storeLogin, trimUrl } from './settings.ts'
import { overviewView } from './overview-view.ts'

export function loginCommands(program: Command, world: World): void {
  examples(program.command('login').description('sign in, and keep an API token for this server (readable by you alone)')
    .option('--token <token>', 'an API token; `-` reads it from standard input')
    .option('--email <address>', 'sign in with this address; the password is asked for, or read from standard input')
    .action(act(world, async (session, options: { token?: string; email?: string }) => {
      const url = trimUrl(session.settings.url)
      const token = options.token === undefined ? await tokenByPassword(session, url, options.email) : await given(session, options.token)
      const me = await call(createUsherClient(url, { token, fetch: reach(url) }).GET('/api/me'))
      const file = storeLogin(url, token, world.env)
      show(session, { url, user: me.user.email, role: me.role, file }, () => `Signed in at ${url} as ${me.user.name} (${me.role}). The token is in ${file}.`)
    })), ['usher login', 'usher login --url https://usher.example.org --email anna@example.org', 'echo "$TOKEN" | usher login --token -'])

  program.command('logout').description('forget the token for this server')
    .action(act(world, async (session) => {
      storeLogin(session.settings.url, undefined, world.env)
      show(session, { url: session.settings.url }, () => `Forgotten. The token itself lives on until it expires or is revoked: usher token list`)
    }))

  program.command('status').description('what waits for somebody, what ran last, what is wrong')
    .action(act(world, async (session) => {
      const [me, overview] = await Promise.all([call(session.api.GET('/api/me')), call(session.api.GET('/api/overview'))])
      show(session, { url: session.settings.url, me, overview }, () => overviewView(session.terminal, session.settings.url, me, overview))
    }))
}

async function given(session: Session, token: string): Promise<string> {
  const found = (token === '-' ? await session.terminal.input() : token).trim()
  if (found === '') throw new Failure('usage', 'The token is empty.')
  return found
}

/** Signs in once with the password, makes a token, and forgets the password. */
async function tokenByPassword(session: Session, url: string, address: string | undefined): Promise<string> {
  const { terminal } = session
  if (!terminal.interactive && address === undefined) {
    throw new Failure('usage', 'Nobody is there to ask.', { advice: 'Use --token, or --email with the password on standard input.' })
  }
  const email = address ?? (await terminal.ask('E-mail address: ')).trim()
  const password = terminal.interactive ? await terminal.ask('Password: ', { hidden: true }) : (await terminal.input()).replace(/\r?\n$/, '')
  const headers = { 'content-type': 'application/json', origin: url }
  const answer = await reach(url)(`${url}/api/auth/sign-in/email`, { method: 'POST', headers, body: JSON.stringify({ email, password }) })
  if (!answer.ok) throw failureOf(await answer.json().catch(() => undefined), answer)
  const cookie = answer.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ')
  const api = createUsherClient(url, { fetch: reach(url) })
  const me = await call(api.GET('/api/me', { headers: { cookie } }))
  const made = await call(api.POST('/api/tokens', {
    headers: { cookie, origin: url }, body: { name: `usher on ${hostname()}`.slice(0, 100), role: me.role, expiresInDays: 90 },
  }))
  await api.POST('/api/auth/sign-out', { headers: { cookie, origin: url } })
  return made.secret
}
