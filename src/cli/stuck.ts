/** `usher plan stuck` and `usher plan settle`: what failed for good, over all plans, and how a person deals with it. */
import type { Command } from 'commander'
import type { Schema } from '../../client/index.ts'
import { Failure } from './exit.ts'
import { findPerson, findPlan } from './find.ts'
import { examples } from './help.ts'
import { take, withPaging, type ListOptions } from './pages.ts'
import { act, call, show, showList, type World } from './session.ts'
import { clean, type Terminal } from './terminal.ts'
import { moment } from './words.ts'

/** `usher stuck`, which is also `usher plan stuck`. */
export function stuckCommand(parent: Command, world: World): void {
  examples(withPaging(parent.command('stuck').description('changes of all plans that failed for good and wait for a person, by cause'))
    .option('--system <id>')
    .option('--person <person>', 'employee id, e-mail address, name or id')
    .action(act(world, async (session, options: ListOptions & { system?: string; person?: string }) => {
      const person = options.person === undefined ? undefined : await findPerson(session, options.person)
      const items = await take(session, options, (paging) => call(session.api.GET('/api/stuck-changes', { params: { query: { ...paging, system: options.system, person } } })))
      showList(session, items, (rows) => stuckView(session.terminal, rows), 'Nothing is stuck.')
    })), ['usher stuck', 'usher stuck --system ad --json'])
}

export function stuckCommands(plan: Command, world: World): void {
  stuckCommand(plan, world)

  examples(plan.command('settle').description('a stuck change was dealt with otherwise; the next plan looks for itself')
    .argument('<plan>', 'number or id').argument('<change>', 'number of the change; see `usher plan stuck`')
    .option('--by-hand', 'somebody did it in the system')
    .option('--not-needed', 'it need not be done')
    .requiredOption('--note <text>', 'what was done, or why not')
    .action(act(world, async (session, given: string, changeId: string, options: { byHand?: boolean; notNeeded?: boolean; note: string }) => {
      if (options.byHand === options.notNeeded) throw new Failure('usage', 'Say either --by-hand or --not-needed.')
      const id = await findPlan(session, given)
      const how = options.byHand ? 'by-hand' : 'not-needed'
      await call(session.api.POST('/api/plans/{id}/changes/{changeId}/settle', { params: { path: { id, changeId } }, body: { how, note: options.note } }))
      show(session, { planId: id, changeId, how }, () => 'Settled. The next plan looks for itself.')
    })), ['usher plan settle 12 4711 --by-hand --note "created in the console"'])
}

/** What a system said once, and everybody whom it concerns. */
export function stuckView(terminal: Terminal, rows: Schema<'StuckChange'>[]): string {
  const causes = Map.groupBy(rows, ({ change }) => `${change.system.id} ${change.error?.code} ${change.error?.words}`)
  return [...causes.values()].flatMap((same) => {
    const { system, error } = same[0]!.change
    return [
      `${terminal.paint('bold', clean(system.name))} said: ${clean(error?.words ?? 'nothing')}`,
      terminal.paint('dim', `${error?.advice ?? ''} (${error?.code ?? ''})`),
      ...same.map(({ plan, change, stuckSince }) => `  plan ${plan.number}, change ${change.id}  ${clean(change.says)} ${terminal.paint('dim', `(since ${moment(stuckSince)})`)}`),
      '',
    ]
  }).concat(['Try one again: usher plan retry PLAN CHANGE. Done otherwise: usher plan settle PLAN CHANGE --by-hand --note TEXT']).join('\n')
}
