/** `usher audit`: who decided and did what, and whether the log is as it was written. */
import type { Command } from 'commander'
import type { Schema } from '../../client/index.ts'
import { verifyFile, type OfflineOptions } from './audit-offline.ts'
import { Failure } from './exit.ts'
import { examples } from './help.ts'
import { take, withPaging, type ListOptions } from './pages.ts'
import { act, call, show, showList, type World } from './session.ts'
import { table } from './table.ts'
import { clean, type Terminal } from './terminal.ts'
import { moment, plural } from './words.ts'

export function auditCommand(program: Command, world: World): void {
  const audit = program.command('audit').description('every decision and change, in a chain that can be verified')

  withPaging(audit.command('list').description('decisions and changes, newest first'))
    .option('--subject <id>', 'a person, plan, system, user …')
    .option('--action <action>', 'such as plan.approved')
    .option('--actor <id>', 'a user, token:<id>, or usher itself')
    .action(act(world, async (session, options: ListOptions & { subject?: string; action?: string; actor?: string }) => {
      const { subject, action, actor } = options
      const items = await take(session, options, (paging) => call(session.api.GET('/api/audit', { params: { query: { ...paging, subject, action, actor } } })))
      showList(session, items, (rows) => auditTable(session.terminal, rows), 'Nothing fits.')
    }))

  examples(audit.command('verify').description('find what was altered, removed or cut off; of an exported file without any server')
    .argument('[file]', 'what `usher audit export` wrote; without it the server verifies its own log')
    .option('--public-key <file>', 'the key that you kept (audit-key.pub); without it the one in the export is trusted')
    .option('--heads <file>', 'the copy of audit-heads.log that you kept; shows a log that was cut or written anew')
    .action(act(world, async (session, file: string | undefined, options: OfflineOptions) => {
      const data = file === undefined ? await call(session.api.GET('/api/audit/verify')) : await verifyFile(file, options)
      show(session, data, () => verificationView(session.terminal, data))
      if (!data.ok) throw new Failure('broken', '')
    })), ['usher audit verify', 'usher audit verify audit.ndjson --public-key kept/audit-key.pub --heads kept/audit-heads.log'])

  examples(audit.command('export').description('the log with its heads, as NDJSON to standard output, to be verified elsewhere')
    .action(act(world, async (session) => {
      const text = await call(session.api.GET('/api/audit/export', { parseAs: 'text' }))
      session.terminal.out(text.trimEnd())
    })), ['usher audit export > audit.ndjson'])
}

function auditTable(terminal: Terminal, rows: Schema<'AuditRow'>[]): string {
  return table(terminal, [
    { title: 'number', value: (r) => r.position ?? '', align: 'right' },
    { title: 'at', value: (r) => moment(r.at) },
    { title: 'who', value: (r) => r.actor.name },
    { title: 'action', value: (r) => r.action },
    { title: 'what', value: (r) => r.says },
  ], rows)
}

export interface Verification { ok: boolean; rows: number; sealed: number; unsealed: number; problems: { message: string }[] }

export function verificationView(terminal: Terminal, found: Verification): string {
  const counted = `${plural(found.sealed, 'sealed row')}${found.unsealed > 0 ? `, ${found.unsealed.toLocaleString('en')} not sealed yet` : ''}.`
  if (found.ok) return `${terminal.paint('green', '✓')} The log is as it was written: ${counted}`
  return [`${terminal.paint('red', '✗')} The log is not as it was written: ${counted}`, ...found.problems.map((problem) => `  ${clean(problem.message)}`)].join('\n')
}
