/** `usher secret`: credentials that the policy refers to by name. Values go in and never come out. */
import type { Command } from 'commander'
import { Failure } from './exit.ts'
import { examples } from './help.ts'
import { act, call, confirm, show, showList, type World } from './session.ts'
import { table } from './table.ts'
import { moment } from './words.ts'

export function secretCommand(program: Command, world: World): void {
  const secret = program.command('secret').description('credentials of systems, stored encrypted under a name')

  examples(secret.command('set').description('store a value; it is asked for, or read from standard input').argument('<reference>', 'the name that the policy uses')
    .action(act(world, async (session, reference: string) => {
      const { terminal } = session
      const value = terminal.interactive ? await terminal.ask(`Value of ${reference}: `, { hidden: true }) : (await terminal.input()).replace(/\r?\n$/, '')
      if (value === '') throw new Failure('usage', 'The value is empty, so nothing was stored.')
      await call(session.api.PUT('/api/secrets/{reference}', { params: { path: { reference } }, body: { value } }))
      show(session, { reference, stored: true }, () => `Stored ${reference}.`)
    })), ['usher secret set ad-bind', 'usher secret set warehouse < password.txt'])

  secret.command('list').description('names, when and by whom they were stored, and which systems use them')
    .action(act(world, async (session) => {
      const { items } = await call(session.api.GET('/api/secrets'))
      showList(session, items, (rows) => table(session.terminal, [
        { title: 'reference', value: (s) => s.reference },
        { title: 'changed', value: (s) => moment(s.changedAt) },
        { title: 'by', value: (s) => s.changedBy.name },
        { title: 'used by', value: (s) => s.usedBy.map((system) => system.id).join(', ') },
      ], rows), 'No secret is stored. Store one: usher secret set NAME')
    }))

  secret.command('delete').description('remove a value; systems that use it can no longer sign in').argument('<reference>')
    .action(act(world, async (session, reference: string) => {
      await confirm(session, `Remove ${reference}?`)
      await call(session.api.DELETE('/api/secrets/{reference}', { params: { path: { reference } } }))
      show(session, { reference, removed: true }, () => `Removed ${reference}.`)
    }))
}
