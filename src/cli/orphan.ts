/** `usher orphan`: accounts of nobody. */
import type { Command } from 'commander'
import type { Schema } from '../../client/index.ts'
import { findPerson } from './find.ts'
import { examples } from './help.ts'
import { take, withPaging, type ListOptions } from './pages.ts'
import { followPlan } from './plan-follow.ts'
import { act, call, confirm, show, showList, type World } from './session.ts'
import { clean, type Terminal } from './terminal.ts'
import { endOf, moment, plural } from './words.ts'

type Kind = 'nobody' | 'shared' | 'service' | 'ignored'

export function orphanCommand(program: Command, world: World): void {
  const orphan = program.command('orphan').description('accounts of nobody, of several people, and of services')
  const account = 'number, as `usher orphan list` shows it'

  examples(withPaging(orphan.command('list').description('accounts of nobody; or those of several people, of services, or left out'))
    .option('--system <id>').option('--kind <kind>', 'nobody (the default), shared, service or ignored').option('--search <text>', 'a part of the name')
    .action(act(world, async (session, options: ListOptions & { system?: string; kind?: Kind; search?: string }) => {
      const { system, kind = 'nobody', search } = options
      const items = await take(session, options, (paging) => call(session.api.POST('/api/orphans/search', { body: { ...paging, system, kind, search } })))
      showList(session, items, (rows) => rows.map((row) => orphanView(session.terminal, row)).join('\n'), 'There is none.')
    })), ['usher orphan list --system ad', 'usher orphan list --kind shared'])

  examples(orphan.command('link').description('make a plan that makes the account a person\'s, and show it').argument('<account>', account)
    .requiredOption('--person <person>', 'employee id, e-mail address, name or id').option('--job <id>', 'the job that the account is of, where several make such accounts')
    .action(act(world, async (session, id: string, options: { person: string; job?: string }) => {
      const body = { personId: await findPerson(session, options.person), jobId: options.job }
      const { planId } = await call(session.api.POST('/api/orphans/{id}/link', { params: { path: { id } }, body }))
      await followPlan(session, planId, 'computed')
    })), ['usher orphan link 311 --person 4711'])

  for (const [verb, description] of [['service', 'it is a service\'s, and this person answers for it'], ['shared', 'several people use it'], ['ignored', 'leave it out of the list until a date']] as const) {
    orphan.command(verb).description(description).argument('<account>', account)
      .option('--owner <person>', 'who answers for it: employee id, e-mail address, name or id').option('--until <date>', 'last day (2026-11-30), or an instant').option('--note <text>')
      .action(act(world, async (session, id: string, options: { owner?: string; until?: string; note?: string }) => {
        const ownerId = options.owner === undefined ? undefined : await findPerson(session, options.owner)
        const until = options.until === undefined ? undefined : endOf(options.until)
        await call(session.api.POST('/api/orphans/{id}/mark', { params: { path: { id } }, body: { kind: verb, ownerId, until, note: options.note } }))
        show(session, { id, kind: verb }, () => 'Noted.')
      }))
  }

  orphan.command('unmark').description('take back what was said of it').argument('<account>', account).argument('<kind>', 'service, shared or ignored')
    .action(act(world, async (session, id: string, kind: 'service' | 'shared' | 'ignored') => {
      await call(session.api.POST('/api/orphans/{id}/unmark', { params: { path: { id } }, body: { kind } }))
      show(session, { id, kind: null }, () => 'Taken back.')
    }))

  orphan.command('protect').description('Usher never touches it again: an edit of the policy').argument('<account>', account)
    .action(act(world, async (session, id: string) => {
      await confirm(session, 'Protect this account?')
      await call(session.api.POST('/api/orphans/{id}/protect', { params: { path: { id } } }))
      show(session, { id, protected: true }, () => 'Protected.')
    }))
}

function orphanView(terminal: Terminal, o: Schema<'Orphan'>): string {
  const marks = o.marks.map((m) => [m.kind, m.owner === null ? '' : `of ${clean(m.owner.name)}`, m.until === null ? '' : `until ${moment(m.until)}`, clean(m.note)].filter((t) => t !== '').join(' '))
  const claimed = o.claimedBy.length === 0 ? [] : [`may be ${o.claimedBy.map((c) => clean(c.name)).join(' or ')}`]
  const facts = [clean(o.system.name), o.enabled ? 'enabled' : 'disabled', plural(o.entitlements, 'entitlement'), `seen ${moment(o.seenAt)}`, ...marks, ...claimed]
  return `${terminal.paint('bold', o.id)}  ${clean(o.name)} ${terminal.paint('dim', facts.join(', '))}`
}
