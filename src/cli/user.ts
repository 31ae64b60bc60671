/** `usher user`: who may sign in to Usher. */
import type { Command } from 'commander'
import type { Schema } from '../../client/index.ts'
import { Failure } from './exit.ts'
import { examples } from './help.ts'
import { act, call, show, showList, type Session, type World } from './session.ts'
import { table } from './table.ts'
import { roleWords, type Role } from './token.ts'
import { moment } from './words.ts'

type User = Schema<'User'>
const who = 'e-mail address or id'

export function userCommand(program: Command, world: World): void {
  const user = program.command('user').description('who may sign in to Usher')

  examples(user.command('add').description('add a user; prints a one-time link with which they set their password')
    .argument('<email>')
    .requiredOption('--name <name>')
    .option('--role <role>', roleWords, 'helpdesk')
    .action(act(world, async (session, email: string, options: { name: string; role: Role }) => {
      const data = await call(session.api.POST('/api/users', { body: { email, name: options.name, role: options.role } }))
      show(session, data, () => `Added. Let them open this until ${moment(data.link.expiresAt)}:\n${data.link.url}`)
    })), ['usher user add jan@example.org --name "Jan Novák" --role operator'])

  user.command('list').description('users, with their role')
    .action(act(world, async (session) => {
      const { items } = await call(session.api.GET('/api/users'))
      showList(session, items, (rows) => table(session.terminal, [
        { title: 'e-mail', value: (u) => u.email },
        { title: 'name', value: (u) => u.name },
        { title: 'role', value: (u) => u.role },
        { title: 'state', value: (u) => (u.disabled ? 'disabled' : u.ready ? 'ready' : 'no password yet') },
        { title: 'since', value: (u) => moment(u.createdAt) },
      ], rows), 'There is no user.')
    }))

  user.command('setup-link').description('a new one-time link with which a user sets their password').argument('<user>', who)
    .action(act(world, async (session, given: string) => {
      const data = await change(session, given, { newLink: true })
      show(session, data, () => `Let them open this until ${moment(data.link?.expiresAt)}:\n${data.link?.url}`)
    }))

  user.command('role').description('give a user another role').argument('<user>', who).argument('<role>', roleWords)
    .action(act(world, async (session, given: string, role: string) => {
      const data = await change(session, given, { role: role as Role })
      show(session, data, () => `${data.user.name} is ${data.user.role} now.`)
    }))

  for (const [verb, disabled] of [['disable', true], ['enable', false]] as const) {
    user.command(verb).description(disabled ? 'end a user\'s sessions and keep them out' : 'let a user sign in again').argument('<user>', who)
      .action(act(world, async (session, given: string) => {
        const data = await change(session, given, { disabled })
        show(session, data, () => `${data.user.name} is ${disabled ? 'disabled' : 'enabled'}.`)
      }))
  }
}

async function change(session: Session, given: string, body: { role?: Role; disabled?: boolean; newLink?: boolean }) {
  const { items } = await call(session.api.GET('/api/users'))
  const user = items.find((u: User) => u.id === given || u.email.toLowerCase() === given.toLowerCase())
  if (user === undefined) throw new Failure('failed', `There is no user ${given}.`, { advice: 'List them: usher user list' })
  return await call(session.api.PATCH('/api/users/{id}', { params: { path: { id: user.id } }, body }))
}
