/** `usher token`: API tokens, for programs and for this command line. */
import type { Command } from 'commander'
import type { Schema } from '../../client/index.ts'
import { examples } from './help.ts'
import { wholeNumber } from './pages.ts'
import { act, call, confirm, say, show, showList, type World } from './session.ts'
import { table } from './table.ts'
import { moment } from './words.ts'

export type Role = Schema<'User'>['role']
export const roleWords = 'administrator, operator, helpdesk or auditor'

export function tokenCommand(program: Command, world: World): void {
  const token = program.command('token').description('API tokens')

  examples(token.command('create').description('make a token; it is shown this once').argument('<name>', 'what it is for')
    .option('--role <role>', `${roleWords}; at most your own`, 'auditor')
    .option('--days <n>', 'until it expires', wholeNumber, 90)
    .action(act(world, async (session, name: string, options: { role: Role; days: number }) => {
      const data = await call(session.api.POST('/api/tokens', { body: { name, role: options.role, expiresInDays: options.days } }))
      say(session, session.terminal.paint('dim', `Shown this once; it expires ${moment(data.token.expiresAt)}:`))
      show(session, data, () => data.secret)
    })), ['usher token create "nightly pipeline" --role operator --days 365'])

  token.command('list').description('tokens: your own; for administrators everybody\'s')
    .action(act(world, async (session) => {
      const { items } = await call(session.api.GET('/api/tokens'))
      showList(session, items, (rows) => table(session.terminal, [
        { title: 'id', value: (t) => t.id },
        { title: 'name', value: (t) => t.name },
        { title: 'starts with', value: (t) => t.start },
        { title: 'role', value: (t) => t.role },
        { title: 'expires', value: (t) => moment(t.expiresAt) },
        { title: 'last used', value: (t) => moment(t.lastUsedAt) },
      ], rows), 'There is no token.')
    }))

  token.command('delete').description('revoke a token').argument('<id>')
    .action(act(world, async (session, id: string) => {
      await confirm(session, `Revoke token ${id}?`)
      await call(session.api.DELETE('/api/tokens/{id}', { params: { path: { id } } }))
      show(session, { id, revoked: true }, () => 'Revoked.')
    }))
}
