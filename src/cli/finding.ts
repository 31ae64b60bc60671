/** `usher findings`: what is wrong now. */
import type { Command } from 'commander'
import { findingsView } from './overview-view.ts'
import { take, withPaging, type ListOptions } from './pages.ts'
import { act, call, showList, type World } from './session.ts'

export function findingsCommand(program: Command, world: World): void {
  withPaging(program.command('findings').description('what is wrong now, with advice; a finding resolves itself'))
    .option('--system <id>')
    .option('--job <id>')
    .option('--code <code>', 'such as SOURCE_SHORT')
    .action(act(world, async (session, options: ListOptions & { system?: string; job?: string; code?: string }) => {
      const { system, job, code } = options
      const items = await take(session, options, (paging) => call(session.api.GET('/api/findings', { params: { query: { ...paging, system, job, code } } })))
      showList(session, items, (rows) => findingsView(session.terminal, rows), 'Nothing is wrong.')
    }))
}
