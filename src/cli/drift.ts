/** `usher drift`: what somebody changed in systems by hand, and what to do about it. */
import type { Command } from 'commander'
import type { Schema } from '../../client/index.ts'
import { Failure } from './exit.ts'
import { examples } from './help.ts'
import { take, withPaging, type ListOptions } from './pages.ts'
import { followPlan } from './plan-follow.ts'
import { act, call, confirm, show, showList, type Session, type World } from './session.ts'
import { clean, type Terminal } from './terminal.ts'
import { endOf, moment, plural } from './words.ts'

interface Filter { system?: string; kind?: Schema<'Drift'>['kind']; search?: string }

export function driftCommand(program: Command, world: World): void {
  const drift = program.command('drift').description('what somebody changed in systems by hand: put it back, adopt it, or leave it until a date')

  examples(withFilter(withPaging(drift.command('list').description('what differs from what Usher last saw right, with before and after')))
    .option('--settled', 'what was settled, instead')
    .action(act(world, async (session, options: ListOptions & Filter & { settled?: boolean }) => {
      const { system, kind, search, settled = false } = options
      const items = await take(session, options, (paging) => call(session.api.POST('/api/drift/search', { body: { ...paging, system, kind, search, settled } })))
      showList(session, items, (rows) => rows.map((row) => driftView(session.terminal, row)).join('\n'), 'Nothing drifted, as far as the last plans saw.')
    })), ['usher drift list', 'usher drift list --system ad --kind extra'])

  examples(withChoice(drift.command('put-back').description('make a plan that puts back exactly these, and show it'))
    .action(act(world, async (session, given: string[], options: Filter & { all?: boolean }) => {
      const ids = await chosen(session, given, options)
      const { planId } = await call(session.api.POST('/api/drift/put-back', { body: { ids } }))
      await followPlan(session, planId, 'computed')
    })), ['usher drift put-back 12 14', 'usher drift put-back --all --system ad'])

  examples(withChoice(drift.command('adopt').description('it is right as it is: a reason for access, an exception without end for anything else'))
    .option('--note <text>', 'why')
    .action(act(world, async (session, given: string[], options: Filter & { all?: boolean; note?: string }) => {
      const ids = await chosen(session, given, options)
      await confirm(session, `Adopt ${plural(ids.length, 'finding')} as right?`)
      await call(session.api.POST('/api/drift/adopt', { body: { ids, note: options.note ?? '' } }))
      show(session, { adopted: ids }, () => `${plural(ids.length, 'finding')} adopted.`)
    })), ['usher drift adopt 12 --note "agreed with the owner"'])

  examples(withChoice(drift.command('leave').description('leave it as it is until a date'))
    .requiredOption('--until <date>', 'last day (2026-11-30), or an instant')
    .option('--note <text>', 'why')
    .action(act(world, async (session, given: string[], options: Filter & { all?: boolean; until: string; note?: string }) => {
      const ids = await chosen(session, given, options)
      const until = endOf(options.until)
      await call(session.api.POST('/api/drift/leave', { body: { ids, until, note: options.note ?? '' } }))
      show(session, { left: ids, until }, () => `Left as it is until ${moment(until)}: ${plural(ids.length, 'finding')}.`)
    })), ['usher drift leave 12 --until 2026-12-31 --note "project Blue"'])

  withPaging(drift.command('exceptions').description('what is left as it is by decision, the next to end first'))
    .action(act(world, async (session, options: ListOptions) => {
      const items = await take(session, options, (paging) => call(session.api.GET('/api/exceptions', { params: { query: paging } })))
      const view = (x: Schema<'Exception'>) => `${x.id}  ${clean(x.says)} ${session.terminal.paint('dim', `${x.system.name}, ${clean(x.person.name)}; ${x.until === null ? 'without end' : `until ${moment(x.until)}`}, by ${clean(x.by.name)}${x.note === '' ? '' : `: ${clean(x.note)}`}`)}`
      showList(session, items, (rows) => rows.map(view).join('\n'), 'There is no exception.')
    }))

  drift.command('end-exception').description('end an exception now; the plan that follows treats the thing like everything else').argument('<exception>', 'number')
    .action(act(world, async (session, id: string) => {
      const { planId } = await call(session.api.POST('/api/exceptions/{id}/end', { params: { path: { id } } }))
      await followPlan(session, planId, 'computed')
    }))
}

function withFilter(command: Command): Command {
  return command.option('--system <id>').option('--kind <kind>', 'changed, extra (a membership that nobody granted) or gone').option('--search <text>', 'a part of a name')
}

function withChoice(command: Command): Command {
  return withFilter(command.argument('[drift...]', 'numbers, as `usher drift list` shows them')).option('--all', 'everything that fits the filters')
}

async function chosen(session: Session, given: string[], options: Filter & { all?: boolean }): Promise<string[]> {
  if (given.length > 0) return given
  if (!options.all) throw new Failure('usage', 'Say which ones: numbers, or --all.', { advice: 'List them: usher drift list' })
  const { system, kind, search } = options
  const { items } = await call(session.api.POST('/api/drift/search', { body: { limit: 500, system, kind, search } }))
  if (items.length === 0) throw new Failure('failed', 'Nothing drifted.')
  return items.map((d) => d.id)
}

function driftView(terminal: Terminal, d: Schema<'Drift'>): string {
  const [right, seen] = [d.lastRightAt === null ? null : moment(d.lastRightAt), moment(d.firstSeenAt)]
  const when = right === null ? `seen ${seen}` : right === seen ? seen : `between ${right} and ${seen}`
  const settled = d.settled === null ? '' : `; ${d.settled.how} ${moment(d.settled.at)}${d.settled.by === null ? '' : ` by ${clean(d.settled.by.name)}`}`
  const trace = d.trace === null ? '' : `\n    ${terminal.paint('dim', `${clean(d.system.name)} says: ${clean(d.trace.says)}${d.trace.at === null ? '' : ` ${moment(d.trace.at)}`}`)}`
  return `${terminal.paint('bold', d.id)}  ${clean(d.says)} ${terminal.paint('dim', `${clean(d.system.name)}, ${clean(d.person.name)}; ${when}${settled}`)}${trace}`
}
