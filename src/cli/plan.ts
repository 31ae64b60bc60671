/** `usher plan` and `usher run`: make a plan, look at it, carry it out, watch it. */
import type { Command } from 'commander'
import type { Schema } from '../../client/index.ts'
import { changeKinds } from '../domain/plan.ts'
import { Failure } from './exit.ts'
import { findPerson, findPlan } from './find.ts'
import { examples } from './help.ts'
import { take, withPaging, wholeNumber, type ListOptions } from './pages.ts'
import { forecastView } from './forecast-view.ts'
import { changesView, destructive, findChanges, plansTable, planView, type ChangeFilter } from './plan-view.ts'
import { followPlan, waitForPlan, watchPlan } from './plan-follow.ts'
import { act, call, confirm, say, show, showList, type Session, type World } from './session.ts'
import { stuckCommands } from './stuck.ts'
import { clean } from './terminal.ts'
import { during, endOf, plural } from './words.ts'

type Plan = Schema<'Plan'>
type Scope = { jobs: string[] } | { people: string[] } | null
const which = 'number or id; without it the latest'

export function planCommand(program: Command, world: World): void {
  const plan = program.command('plan').description('plans: what would be changed, and because of what')

  examples(withScope(plan.command('new').description('read, compare and show what would be changed; writes nothing'))
    .option('--no-wait', 'do not wait until it is computed')
    .action(act(world, async (session, options: ScopeOptions & { wait: boolean }) => {
      const { planId } = await call(session.api.POST('/api/plans', { body: { scope: await scopeOf(session, options) } }))
      if (options.wait) await followPlan(session, planId, 'computed')
      else show(session, { planId }, () => `The plan: usher plan show ${planId}`)
    })), ['usher plan new', 'usher plan new --job hr-to-people --job people-to-ad', 'usher plan new --person 4711'])

  examples(withScope(plan.command('forecast').description('what would be on a day to come: who comes and goes, what ends, and the plan of that day; it is never carried out'))
    .requiredOption('--at <date>', 'a day to come (2026-12-31, all of it), or an instant')
    .option('--read-anew', 'read the systems first, instead of taking them as last seen')
    .action(act(world, async (session, options: ScopeOptions & { at: string; readAnew?: boolean }) => {
      const body = { scope: await scopeOf(session, options), asOf: during(options.at), readAnew: options.readAnew ?? false }
      const { planId } = await call(session.api.POST('/api/plans', { body }))
      const data = await waitForPlan(session, planId, 'computed')
      if (data.state !== 'forecast') throw new Failure('failed', data.error?.message ?? `The forecast is ${data.state}.`)
      const comings = await call(session.api.GET('/api/plans/{id}/forecast', { params: { path: { id: planId } } }))
      session.terminal.out(session.json ? JSON.stringify({ ...data, forecast: comings }) : `${await planView(session, data)}\n\n${forecastView(session.terminal, comings)}`)
    })), ['usher plan forecast --at 2026-12-31', 'usher plan forecast --at 2026-12-31 --person 4711 --json'])

  withPaging(plan.command('list').description('plans, newest first'))
    .option('--state <state>', 'computing, empty, open, held, approved, applying, stopped, applied, superseded, failed or forecast')
    .action(act(world, async (session, options: ListOptions & { state?: Plan['state'] }) => {
      const items = await take(session, options, (paging) => call(session.api.GET('/api/plans', { params: { query: { ...paging, state: options.state } } })))
      showList(session, items, (rows) => plansTable(session.terminal, rows), 'There is no plan yet. Make one: usher plan new')
    }))

  examples(withFilter(plan.command('show').description('one plan: a sentence, what is held, each change with before, after and because'))
    .argument('[plan]', which)
    .action(act(world, async (session, given: string | undefined, options: FilterOptions) => {
      const data = await call(session.api.GET('/api/plans/{id}', { params: { path: { id: await findPlan(session, given) } } }))
      session.terminal.out(session.json ? JSON.stringify(data) : await planView(session, data, await filterOf(session, options)))
    })), ['usher plan show', 'usher plan show 12 --held', 'usher plan show 12 --system ad --kind disable --all', 'usher plan show 12 --json | jq .counts'])

  examples(withFilter(plan.command('changes').description('the changes of a plan; with --json one object a line'))
    .argument('[plan]', which)
    .action(act(world, async (session, given: string | undefined, options: FilterOptions) => {
      const items = await findChanges(session, await findPlan(session, given), await filterOf(session, options))
      showList(session, items, (rows) => changesView(session.terminal, rows), 'No change fits.')
    })), ['usher plan changes 12 --all --json', 'usher plan changes --state stuck'])

  examples(plan.command('approve').description('carry out exactly the plan that was reviewed, and watch it')
    .argument('[plan]', which)
    .option('--hash <hash>', 'the hash that was reviewed; anything else is refused')
    .option('--no-watch', 'do not wait until it is over')
    .action(act(world, async (session, given: string | undefined, options: { hash?: string; watch: boolean }) => {
      const data = await call(session.api.GET('/api/plans/{id}', { params: { path: { id: await findPlan(session, given) } } }))
      await approve(session, data, options.hash)
      if (options.watch) await watchPlan(session, data.id)
      else show(session, { planId: data.id, approved: true }, () => `Approved. Watch it: usher plan watch ${data.number}`)
    })), ['usher plan approve 12', 'usher plan approve 12 --hash 3fa9… --yes'])

  examples(plan.command('release').description('let exactly the changes that a brake or finding holds go on with the plan')
    .argument('[plan]', which)
    .option('--system <id>', 'only of this system')
    .option('--kind <kind>', 'only of this kind')
    .option('--set <hash>', 'only the set with this hash')
    .action(act(world, async (session, given: string | undefined, options: ReleaseOptions) => {
      const data = await call(session.api.GET('/api/plans/{id}', { params: { path: { id: await findPlan(session, given) } } }))
      const { planId, released, pending } = await release(session, data, options)
      const now = planId === data.id ? data : await waitForPlan(session, planId, 'computed')
      show(session, { planId, released, pending }, () => [
        ...(now !== data ? [`Released. With it everything was planned anew: usher plan show ${now.number}`] : []),
        ...(released.length > 0 ? [`${now === data ? 'Released. ' : ''}Carry it out: usher plan approve ${now.number}`] : []),
        ...(pending.length > 0 ? [`${plural(pending.length, 'set')} wait until another user confirms: usher plan release ${data.number}`] : []),
      ].join('\n'))
    })), ['usher plan release 12', 'usher plan release 12 --system ad --kind disable'])

  examples(plan.command('undo').description('make a plan that takes back what a plan did; look at it, then approve it')
    .argument('[plan]', which)
    .option('--until <date>', 'what is undone is left as it is until then: last day (2026-11-30), or an instant (default: a week)')
    .option('--no-wait', 'do not wait until it is computed')
    .action(act(world, async (session, given: string | undefined, options: { until?: string; wait: boolean }) => {
      const until = options.until === undefined ? {} : { until: endOf(options.until) }
      const { planId } = await call(session.api.POST('/api/plans/{id}/undo', { params: { path: { id: await findPlan(session, given) } }, body: until }))
      if (!options.wait) return show(session, { planId }, () => `The plan: usher plan show ${planId}`)
      await followPlan(session, planId, 'computed')
      await showLeft(session, planId)
    })), ['usher plan undo 12', 'usher plan undo 12 --until 2026-12-24', 'usher plan approve'])

  for (const [verb, description] of [['stop', 'stop between two changes'], ['resume', 'go on with a stopped plan']] as const) {
    plan.command(verb).description(description).argument('[plan]', which)
      .action(act(world, async (session, given: string | undefined) => {
        const id = await findPlan(session, given)
        await call(session.api.POST(`/api/plans/{id}/${verb}`, { params: { path: { id } } }))
        show(session, { planId: id, [verb]: true }, () => (verb === 'stop' ? 'It stops after the changes that are under way.' : 'It goes on. Watch it: usher plan watch'))
      }))
  }

  plan.command('watch').description('watch a plan until it is over or needs somebody').argument('[plan]', which)
    .action(act(world, async (session, given: string | undefined) => await watchPlan(session, await findPlan(session, given))))

  plan.command('retry').description('try a failed change again, now')
    .argument('<plan>', 'number or id').argument('<change>', 'number of the change; see `usher plan changes --json`')
    .action(act(world, async (session, given: string, changeId: string) => {
      const id = await findPlan(session, given)
      await call(session.api.POST('/api/plans/{id}/changes/{changeId}/retry', { params: { path: { id, changeId } } }))
      show(session, { planId: id, changeId }, () => `It is tried again. Watch it: usher plan watch ${given}`)
    }))

  stuckCommands(plan, world)

  plan.command('export').description('the changes of a plan as CSV, to standard output').argument('[plan]', which)
    .action(act(world, async (session, given: string | undefined) => {
      const id = await findPlan(session, given)
      const csv = await call(session.api.GET('/api/plans/{id}/changes.csv', { params: { path: { id } }, parseAs: 'text' }))
      session.terminal.out(csv.trimEnd())
    }))
}

export function runCommand(program: Command, world: World): void {
  examples(withScope(program.command('run').description('plan, show, ask, carry out, watch: everything in one go'))
    .action(act(world, async (session, options: ScopeOptions) => {
      const { planId } = await call(session.api.POST('/api/plans', { body: { scope: await scopeOf(session, options) } }))
      const computed = await waitForPlan(session, planId, 'computed')
      if (computed.state !== 'open' && computed.state !== 'held') return await watchPlan(session, planId)
      say(session, await planView(session, computed))
      const held = computed.brakes.filter((brake) => !brake.released)
      const data = held.length > 0 && session.terminal.interactive && !session.yes ? await offerRelease(session, computed) : computed
      await approve(session, data, data.hash ?? undefined)
      await watchPlan(session, data.id)
    })), ['usher run', 'usher run --job people-to-ad', 'usher run --yes --json    # for scripts: held changes stay held, exit code 4'])
}

/** What the plan cannot take back. */
async function showLeft(session: Session, planId: string): Promise<void> {
  const { items, next } = await call(session.api.GET('/api/plans/{id}/left', { params: { path: { id: planId }, query: { limit: 20 } } }))
  if (items.length === 0 || session.json) return
  const lines = items.map((l) => `  ${l.change === null ? '' : `${l.change.symbol} ${clean(l.change.subject)} in ${clean(l.change.system.name)}: `}${clean(l.words)}`)
  say(session, ['Not taken back:', ...lines, ...(next === null ? [] : ['  and more'])].join('\n'))
}

interface ScopeOptions { job?: string[]; person?: string }

function withScope(command: Command): Command {
  return command
    .option('--job <id>', 'only this job; may be given several times', (id: string, ids: string[] = []) => [...ids, id])
    .option('--person <person>', 'only this person: employee id, e-mail address, name or id')
}

async function scopeOf(session: Session, options: ScopeOptions): Promise<Scope> {
  if (options.job && options.person) throw new Failure('usage', 'Name jobs or a person, not both.')
  if (options.job) return { jobs: options.job }
  return options.person ? { people: [await findPerson(session, options.person)] } : null
}

interface FilterOptions extends Omit<ChangeFilter, 'person'> { held?: boolean; person?: string }

function withFilter(command: Command): Command {
  return withPaging(command)
    .option('--held', 'only what is held')
    .option('--stage <n>', '1: people, 2: systems', wholeNumber)
    .option('--system <id>')
    .option('--kind <kind>', changeKinds.join(', '))
    .option('--state <state>', 'planned, observed, held, waiting, running, done, refused, again, stuck or skipped')
    .option('--person <person>', 'employee id, e-mail address, name or id')
    .option('--search <text>', 'a part of a name')
}

async function filterOf(session: Session, options: FilterOptions): Promise<ChangeFilter> {
  const { held, person, ...filter } = options
  return {
    ...filter,
    ...(held ? { state: 'held' as const } : {}),
    ...(person === undefined ? {} : { person: await findPerson(session, person) }),
  }
}

/** Approves what was shown; what removes or closes something asks for the plan's number. */
async function approve(session: Session, plan: Plan, hash: string | undefined): Promise<void> {
  if (plan.state === 'empty') throw new Failure('failed', `Plan ${plan.number} is empty; there is nothing to carry out.`)
  if (plan.state === 'computing') throw new Failure('waits', `Plan ${plan.number} is still being computed.`, { advice: `Wait for it: usher plan watch ${plan.number}` })
  if (plan.hash === null) throw new Failure('changed', `Plan ${plan.number} is ${plan.state}.`, { advice: 'Make a new one: usher plan new' })
  const removing = plan.counts.filter((count) => destructive.includes(count.kind) && count.state === 'planned').reduce((sum, count) => sum + count.count, 0)
  if (removing > 0) await confirm(session, `${plan.says}\n${plural(removing, 'change')} of these remove or close something.`, String(plan.number))
  else await confirm(session, `${plan.says}\nCarry it out?`)
  await call(session.api.POST('/api/plans/{id}/approve', { params: { path: { id: plan.id } }, body: { hash: hash ?? plan.hash } }))
}

interface ReleaseOptions { system?: string; kind?: string; set?: string }

/** Releases the sets that fit the options; answers their hashes, and the plan that they go on with. */
async function release(session: Session, plan: Plan, options: ReleaseOptions): Promise<{ planId: string; released: string[]; pending: string[] }> {
  const { system, kind, set } = options
  const sets = plan.brakes.filter((brake) => !brake.released
    && (system === undefined || brake.system.id === system) && (kind === undefined || brake.kind === kind) && (set === undefined || brake.setHash === set))
  if (sets.length === 0) throw new Failure('failed', `Plan ${plan.number} holds nothing like that.`, { advice: `See what it holds: usher plan show ${plan.number}` })
  const done = { planId: plan.id, released: [] as string[], pending: [] as string[] }
  for (const brake of sets) {
    await confirm(session, `${brake.says}\nRelease exactly these ${brake.planned}?`, String(brake.planned))
    const { pending, planId } = await call(session.api.POST('/api/plans/{id}/release', { params: { path: { id: plan.id } }, body: { setHash: brake.setHash } }))
    if (planId !== plan.id) done.planId = planId
    done[pending ? 'pending' : 'released'].push(brake.setHash)
  }
  return done
}

/** The plan to go on with: another one, which is shown, where what was released is planned anew. */
async function offerRelease(session: Session, plan: Plan): Promise<Plan> {
  const answer = await session.terminal.ask('Some changes are held. Review and release them now? [y/N] ')
  if (!/^y/i.test(answer.trim())) return plan
  const { planId } = await release(session, plan, {})
  if (planId === plan.id) return plan
  const anew = await waitForPlan(session, planId, 'computed')
  say(session, await planView(session, anew))
  return anew
}

