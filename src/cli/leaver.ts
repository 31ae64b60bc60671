/** `usher leaver`: people who leave, the clock of each, and its signed receipt. */
import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import type { Command } from 'commander'
import type { Schema } from '../../client/index.ts'
import { verifyReceiptFile } from './leaver-offline.ts'
import { Failure } from './exit.ts'
import { findPerson } from './find.ts'
import { examples } from './help.ts'
import { take, withPaging, type ListOptions } from './pages.ts'
import { act, call, show, showList, type Session, type World } from './session.ts'
import { properties, table } from './table.ts'
import { clean, type Style, type Terminal } from './terminal.ts'
import { moment } from './words.ts'

type Leaver = Schema<'Leaver'>

const which = 'id of the leaver, or the person: employee id, e-mail address or name'

export function leaverCommand(program: Command, world: World): void {
  const leaver = program.command('leaver').description('people who leave: how fast they are gone everywhere, and the proof')

  examples(withPaging(leaver.command('list').description('people who left, newest first'))
    .argument('[search]', 'a part of the name, e-mail address or employee id')
    .option('--running', 'only those who are not gone everywhere')
    .action(act(world, async (session, search: string | undefined, options: ListOptions & { running?: true }) => {
      const filter = options.running === true ? 'running' as const : 'all' as const
      const items = await take(session, options, (paging) => call(session.api.POST('/api/leavers/search', { body: { ...paging, search, filter } })))
      showList(session, items, (rows) => leaverTable(session.terminal, rows), 'Nobody has left yet. When an end date comes, a source ends somebody, or you do (usher people end), their clock appears here.')
    })), ['usher leaver list', 'usher leaver list --running --json'])

  examples(leaver.command('show').description('the clock of one leaver, system by system')
    .argument('<leaver>', which)
    .option('--follow', 'wait until they are gone everywhere')
    .action(act(world, async (session, given: string, options: { follow?: true }) => {
      const id = await findLeaver(session, given)
      if (options.follow === true) return await followLeaver(session, id)
      show(session, await leaverById(session, id), (data) => leaverView(session.terminal, data))
    })), ['usher leaver show 4711', 'usher leaver show 4711 --follow'])

  examples(leaver.command('receipt').description('the signed receipt, as JSON to standard output')
    .argument('<leaver>', which)
    .action(act(world, async (session, given: string) => {
      const id = await findLeaver(session, given)
      const text = await call(session.api.GET('/api/leavers/{id}/receipt', { params: { path: { id } }, parseAs: 'text' }))
      session.terminal.out(text.trimEnd())
    })), ['usher leaver receipt 4711 > receipt.json'])

  examples(leaver.command('verify').description('whether a receipt is as it was signed; needs no server')
    .argument('<file>', 'what `usher leaver receipt` wrote')
    .option('--public-key <file>', 'the key that you kept (audit-key.pub); without it the one in the receipt is trusted')
    .action(act(world, async (session, file: string, options: { publicKey?: string }) => {
      const found = verifyReceiptFile(await textOf(file), options.publicKey === undefined ? null : await textOf(options.publicKey))
      show(session, found, () => (found.ok
        ? `${session.terminal.paint('green', '✓')} The receipt is as it was signed: ${clean(found.says)}`
        : [`${session.terminal.paint('red', '✗')} The receipt is not as it was signed.`, ...found.problems.map((p) => `  ${clean(p.message)}`)].join('\n')))
      if (!found.ok) throw new Failure('broken', '')
    })), ['usher leaver verify receipt.json --public-key kept/audit-key.pub'])
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new Failure('usage', `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** A leaver by id, or the latest leaving of a person. */
async function findLeaver(session: Session, given: string): Promise<string> {
  if (uuid.test(given)) return given.toLowerCase()
  const personId = await findPerson(session, given)
  const { items: [latest] } = await call(session.api.POST('/api/leavers/search', { body: { personId, limit: 1, filter: 'all' } }))
  if (latest === undefined) throw new Failure('failed', `${given} did not leave.`, { advice: 'To end somebody: usher people end …' })
  return latest.id
}

async function leaverById(session: Session, id: string): Promise<Leaver> {
  return await call(session.api.GET('/api/leavers/{id}', { params: { path: { id } } }))
}

/** Waits until the clock stopped, or somebody interrupts. */
export async function followLeaver(session: Session, id: string): Promise<void> {
  let last = ''
  for (;;) {
    const data = await leaverById(session, id)
    if (data.state !== 'running') return show(session, data, () => leaverView(session.terminal, data))
    if (!session.json && data.says !== last) session.terminal.redraw(data.says)
    last = data.says
    await pause(session.pollMs)
  }
}

const causes: Record<Leaver['cause'], string> = { hand: 'ended by hand', date: 'the end date came', source: 'ended by their source' }
const styles: Partial<Record<string, Style>> = { gone: 'green', running: 'yellow' }

function leaverTable(terminal: Terminal, rows: Schema<'LeaverRow'>[]): string {
  return table(terminal, [
    { title: 'left', value: (r) => moment(r.startedAt) },
    { title: 'person', value: (r) => r.person.name },
    { title: 'state', value: (r) => r.state, style: (r) => styles[r.state] },
    { title: 'how it stands', value: (r) => r.says },
  ], rows)
}

export function leaverView(terminal: Terminal, data: Leaver): string {
  const seconds = (s: number | null): string => (s === null ? '' : `${s < 10 ? s.toFixed(1) : Math.round(s)} s`)
  const about = properties(terminal, [
    ['person', data.person.name], ['because', `${causes[data.cause]}${data.cause === 'hand' ? ` (${data.by.name})` : ''}`], ['note', data.note],
    ['left', moment(data.startedAt)], ['plan', data.plan === null ? null : `usher plan show ${data.plan.number}`],
  ])
  const systems = data.systems.length === 0 ? '' : `\n\n${table(terminal, [
    { title: 'system', value: (s) => s.system.name },
    { title: 'account', value: (s) => s.accounts.map((a) => a.name).join(', ') },
    { title: 'state', value: (s) => (s.state === 'unmanaged' ? 'not managed here' : s.state), style: (s) => (s.state === 'gone' ? 'green' : s.state === 'unmanaged' ? 'dim' : 'yellow') },
    { title: 'after', value: (s) => seconds(s.seconds), align: 'right' },
    { title: 'taken away', value: (s) => s.changes.filter((c) => c.state === 'done').length, align: 'right' },
    { title: '', value: (s) => s.error?.words ?? s.words ?? '' },
  ], data.systems)}`
  return `${terminal.paint('bold', clean(data.says))}\n\n${about}${systems}`
}
