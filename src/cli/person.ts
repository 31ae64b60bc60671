/** `usher people`: find them, see what they have and why, give and end access by hand. */
import type { Command } from 'commander'
import type { Schema } from '../../client/index.ts'
import { findEntitlement, findPerson } from './find.ts'
import { Failure } from './exit.ts'
import { examples } from './help.ts'
import { take, withPaging, type ListOptions } from './pages.ts'
import { followLeaver } from './leaver.ts'
import { historyView, peopleTable, personView, whyNotView, whyView } from './person-view.ts'
import { followPlan } from './plan-follow.ts'
import { act, call, confirm, say, show, showList, type World } from './session.ts'
import { during, endOf, moment, startOf } from './words.ts'

type State = Schema<'PersonState'>
const who = 'employee id, e-mail address, name or id'

export function peopleCommand(program: Command, world: World): void {
  const people = program.command('people').description('people, what they have, and why')

  examples(withPaging(people.command('list').description('search people by name, e-mail address or employee id'))
    .argument('[search]', 'a part of the name, e-mail address or employee id')
    .option('--state <state>', 'before-start, active, on-leave or ended')
    .option('--department <name>')
    .option('--location <name>')
    .action(act(world, async (session, search: string | undefined, options: ListOptions & { state?: State; department?: string; location?: string }) => {
      const { state, department, location } = options
      const items = await take(session, options, (paging) =>
        call(session.api.POST('/api/people/search', { body: { ...paging, search, state, department, location } })))
      showList(session, items, (rows) => peopleTable(session.terminal, rows), 'Nobody fits.')
    })), ['usher people list novak', 'usher people list --state on-leave --all --json'])

  examples(people.command('show').description('one person: attributes, positions, accounts, findings')
    .argument('<person>', who)
    .action(act(world, async (session, person: string) => {
      const id = await findPerson(session, person)
      show(session, await call(session.api.GET('/api/people/{id}', { params: { path: { id } } })), (data) => personView(session.terminal, data))
    })), ['usher people show 4711', 'usher people show anna.nowak@example.org'])

  examples(people.command('why').description('everything that a person has, since when, until when, because of what')
    .argument('<person>', who)
    .option('--at <date>', 'on a past day (2026-03-31), at its end, or at an instant')
    .action(act(world, async (session, person: string, options: { at?: string }) => {
      const id = await findPerson(session, person)
      const query = options.at === undefined ? {} : { asOf: during(options.at) }
      show(session, await call(session.api.GET('/api/people/{id}/why', { params: { path: { id }, query } })), (data) => whyView(session.terminal, data))
    })), ['usher people why 4711', 'usher people why 4711 --at 2026-03-31'])

  examples(people.command('why-not').description('why a person lacks something: the first condition that failed, and the value it saw')
    .argument('<person>', who)
    .option('--role <id>', 'a role')
    .option('--entitlement <name>', 'system/name or number')
    .option('--job <id>', 'an account of this job')
    .option('--at <date>', 'on a past day (2026-03-31), at its end, or at an instant')
    .action(act(world, async (session, person: string, options: { role?: string; entitlement?: string; job?: string; at?: string }) => {
      const { role, entitlement, job, at } = options
      if ([role, entitlement, job].filter((given) => given !== undefined).length !== 1) throw new Failure('usage', 'Name one of --role, --entitlement and --job.')
      const id = await findPerson(session, person)
      const entitlementId = entitlement === undefined ? undefined : await findEntitlement(session, entitlement)
      const query = { roleId: role, entitlementId, jobId: job, asOf: at === undefined ? undefined : during(at) }
      show(session, await call(session.api.GET('/api/people/{id}/why-not', { params: { path: { id }, query } })), (data) => whyNotView(session.terminal, data))
    })), ['usher people why-not 4711 --role sales', 'usher people why-not 4711 --entitlement "ad/VPN users"', 'usher people why-not 4711 --job people-to-ad --at 2026-03-31'])

  withPaging(people.command('history').description('what happened to a person, newest first').argument('<person>', who))
    .action(act(world, async (session, person: string, options: ListOptions) => {
      const id = await findPerson(session, person)
      const items = await take(session, options, (query) => call(session.api.GET('/api/people/{id}/history', { params: { path: { id }, query } })))
      showList(session, items, (rows) => historyView(session.terminal, rows), 'Nothing happened yet.')
    }))

  examples(people.command('grant').description('give a role or an entitlement by hand; the plan that follows carries it out')
    .argument('<person>', who)
    .option('--role <id>', 'a role')
    .option('--entitlement <name>', 'system/name or number')
    .option('--from <date>', 'first day (2026-11-30), or an instant; without it at once')
    .option('--until <date>', 'last day (2026-11-30), or an instant')
    .option('--note <text>', 'why; it stays in the history')
    .action(act(world, async (session, person: string, options: { role?: string; entitlement?: string; from?: string; until?: string; note?: string }) => {
      if ((options.role === undefined) === (options.entitlement === undefined)) throw new Failure('usage', 'Name one of --role and --entitlement.')
      const id = await findPerson(session, person)
      const entitlementId = options.entitlement === undefined ? undefined : await findEntitlement(session, options.entitlement)
      const until = options.until === undefined ? undefined : endOf(options.until)
      const from = options.from === undefined ? undefined : startOf(options.from)
      const body = { roleId: options.role, entitlementId, from, until, note: options.note }
      show(session, await call(session.api.POST('/api/people/{id}/grants', { params: { path: { id } }, body })),
        (data) => `Given (reason ${data.reasonId}). The plan: usher plan show ${data.planId}`)
    })), ['usher people grant 4711 --role sales --until 2026-12-31 --note "covers for Jan"'])

  examples(people.command('extend').description('move the end of what was given by hand, later or earlier; nothing is taken away in between')
    .argument('<reason>', 'number of the reason; see `usher people why`')
    .option('--until <date>', 'last day (2026-11-30), or an instant')
    .option('--no-end', 'no end')
    .action(act(world, async (session, id: string, options: { until?: string; end: boolean }) => {
      if ((options.until === undefined) === options.end) throw new Failure('usage', 'Name one of --until and --no-end.')
      const until = options.until === undefined ? null : endOf(options.until)
      show(session, await call(session.api.PATCH('/api/reasons/{id}', { params: { path: { id } }, body: { until } })),
        (data) => `Changed. The plan: usher plan show ${data.planId}`)
    })), ['usher people extend 118 --until 2027-03-31'])

  people.command('end-reason').description('end a reason that was given by hand; `usher people why` shows its number')
    .argument('<reason>', 'number of the reason')
    .action(act(world, async (session, id: string) => {
      await confirm(session, `End reason ${id}?`)
      show(session, await call(session.api.DELETE('/api/reasons/{id}', { params: { path: { id } } })),
        (data) => `Ended. The plan: usher plan show ${data.planId}`)
    }))

  examples(people.command('end').description('end a person now or at an instant, whatever their source says: out of every system, at once')
    .argument('<person>', who)
    .option('--at <date>', 'the end of that day (2026-11-30), or an instant; without it: now')
    .option('--note <text>', 'why; it stays with the end')
    .option('--follow', 'wait until they are gone everywhere')
    .option('--lift', 'take the last such end back')
    .action(act(world, async (session, person: string, options: { at?: string; note?: string; follow?: true; lift?: true }) => {
      const path = { id: await findPerson(session, person) }
      if (options.lift === true) {
        show(session, await call(session.api.DELETE('/api/people/{id}/end', { params: { path } })),
          (data) => (data.planId === null ? 'Lifted.' : `Lifted. What comes back: usher plan show ${data.planId}`))
        return
      }
      const at = options.at === undefined ? undefined : endOf(options.at)
      await confirm(session, at === undefined ? `End ${person} now, in every system?` : `End ${person} at ${at}, in every system?`)
      const ended = await call(session.api.POST('/api/people/{id}/end', { params: { path }, body: { at, note: options.note } }))
      if (options.follow === true && ended.leaverId !== null) return await followLeaver(session, ended.leaverId)
      show(session, ended, (data) => (data.leaverId === null
        ? `Ends at ${moment(data.effectiveAt)}. To take it back: usher people end ${path.id} --lift`
        : `Ended. The clock: usher leaver show ${data.leaverId} --follow`))
    })), ['usher people end 4711 --follow', 'usher people end 4711 --at 2026-11-30 --note "end of contract"', 'usher people end 4711 --lift'])

  people.command('plan').description('plan one person now, and show the plan')
    .argument('<person>', who)
    .action(act(world, async (session, person: string) => {
      const id = await findPerson(session, person)
      const { planId } = await call(session.api.POST('/api/people/{id}/plan', { params: { path: { id } } }))
      await followPlan(session, planId, 'computed')
    }))

  people.command('password').description('show the first password of an account, once; then it is destroyed')
    .argument('<person>', who)
    .argument('<job>', 'the job that made the account')
    .action(act(world, async (session, person: string, jobId: string) => {
      const id = await findPerson(session, person)
      await confirm(session, 'It can be shown once only. Show it now?')
      show(session, await call(session.api.POST('/api/people/{id}/passwords/{jobId}/show', { params: { path: { id, jobId } } })), (data) => data.password)
    }))

  people.command('export').description('people as CSV, to standard output')
    .option('--state <state>', 'before-start, active, on-leave or ended')
    .option('--department <name>')
    .option('--location <name>')
    .action(act(world, async (session, options: { state?: State; department?: string; location?: string }) => {
      const { state, department, location } = options
      const csv = await call(session.api.GET('/api/people.csv', { params: { query: { state, department, location } }, parseAs: 'text' }))
      say({ ...session, json: false }, csv.trimEnd())
    }))
}
