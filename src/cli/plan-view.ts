/** A plan for a nervous administrator: one sentence, what is held, then each change with before, after and because. */
import type { Schema } from '../../client/index.ts'
import { symbol } from '../domain/plan.ts'
import { take, type ListOptions } from './pages.ts'
import { call, type Session } from './session.ts'
import { properties, table } from './table.ts'
import { clean, type Style, type Terminal } from './terminal.ts'
import { moment, plural, words } from './words.ts'

type Plan = Schema<'Plan'>
type Change = Schema<'Change'>
type Kind = Schema<'ChangeKind'>

export interface ChangeFilter extends ListOptions {
  stage?: number
  system?: string
  kind?: Kind
  state?: Schema<'ChangeState'>
  person?: string
  search?: string
}

const kindStyle: Record<Kind, Style> = {
  create: 'green', grant: 'green', enable: 'green', link: 'cyan', update: 'yellow', rename: 'yellow', disable: 'red', delete: 'red', revoke: 'red', unlink: 'red',
}
const stateStyle: Record<Plan['state'], Style> = {
  computing: 'cyan', empty: 'green', open: 'blue', held: 'yellow', approved: 'cyan', applying: 'cyan', stopped: 'yellow', applied: 'green', superseded: 'dim', failed: 'red', forecast: 'cyan',
}
/** Removes or closes something; approving it asks for more than a y. */
export const destructive: Kind[] = ['disable', 'delete', 'revoke', 'unlink']
const people = 'people'

export function plansTable(terminal: Terminal, plans: Schema<'PlanRow'>[]): string {
  return table(terminal, [
    { title: 'plan', value: (p) => p.number, align: 'right' },
    { title: 'state', value: (p) => p.state, style: (p) => stateStyle[p.state] },
    { title: 'made', value: (p) => moment(p.madeAt) },
    { title: 'by', value: (p) => p.madeBy.name },
    { title: 'done', value: (p) => `${p.done}/${p.total}`, align: 'right' },
    { title: 'held', value: (p) => p.held || '', align: 'right', style: () => 'yellow' },
    { title: 'failed', value: (p) => p.failed || '', align: 'right', style: () => 'red' },
    { title: 'what', value: (p) => p.says },
  ], plans)
}

/** The whole plan: head, what holds it, changes, counts, what to do next. */
export async function planView(session: Session, plan: Plan, filter: ChangeFilter = {}): Promise<string> {
  const { terminal } = session
  const parts = [planHead(terminal, plan), warnings(terminal, plan)]
  if (plan.total > 0) {
    const changes = await findChanges(session, plan.id, filter)
    parts.push(changesView(terminal, changes), countsTable(terminal, plan))
  }
  parts.push(nextStep(terminal, plan))
  return parts.filter(Boolean).join('\n\n')
}

export async function findChanges(session: Session, id: string, filter: ChangeFilter): Promise<Change[]> {
  const { stage, system, kind, state, person, search } = filter
  return await take(session, filter, (paging) => call(session.api.POST('/api/plans/{id}/changes/search', {
    params: { path: { id } }, body: { ...paging, stage, system, kind, state, person, search },
  })))
}

export function planHead(terminal: Terminal, plan: Plan): string {
  return [
    `${terminal.paint('bold', `Plan ${plan.number}`)}  ${terminal.paint(stateStyle[plan.state], plan.state)}`,
    terminal.paint('bold', clean(plan.says)),
    '',
    properties(terminal, [
      ['made', `${moment(plan.madeAt)} by ${plan.madeBy.name} (${plan.cause})`],
      ['approved', plan.approvedBy && `${moment(plan.approvedAt)} by ${plan.approvedBy.name}`],
      ['ended', moment(plan.endedAt)],
      ...plan.basedOn.map((basis, i): [string, string] => [i === 0 ? 'based on' : '', basis.says]),
      ['hash', plan.hash],
    ]),
  ].join('\n')
}

/** What is held and what was found, each with what to do. */
export function warnings(terminal: Terminal, plan: Plan): string {
  const lines: string[] = []
  if (plan.error) lines.push(`${terminal.paint('red', `! ${plan.error.code}`)}  ${clean(plan.error.message)}`, `    ${plan.error.advice}`)
  for (const brake of plan.brakes) {
    const by = brake.released && [brake.released.by, ...(brake.released.second ? [brake.released.second] : [])].map((u) => clean(u.name)).join(' and ')
    const released = brake.released ? `  ${terminal.paint('green', `released by ${by} ${moment(brake.released.at)}, until ${moment(brake.released.until)}`)}` : ''
    lines.push(`${terminal.paint('yellow', '! Held')}  ${clean(brake.says)}${released}`)
    if (brake.released) continue
    // A read that is in doubt holds what nobody planned yet.
    const right = brake.planned === 0 ? 'if that is right' : 'if they are right'
    if (brake.planned > 0) lines.push(`    look at them: usher plan show ${plan.number} --system ${brake.system.id} --kind ${brake.kind} --all`)
    lines.push(`    ${brake.pending ? 'another user confirms' : brake.secondPerson ? `${right}, two users release` : right}: usher plan release ${plan.number} --system ${brake.system.id} --kind ${brake.kind}`)
  }
  for (const finding of plan.findings) {
    lines.push(`${terminal.paint('yellow', `! ${finding.code}`)}  ${clean(finding.message)}`)
    if (finding.advice) lines.push(`    ${terminal.paint('dim', finding.advice)}`)
  }
  return lines.join('\n')
}

/** By system, then by person, in the order in which they come. */
export function changesView(terminal: Terminal, changes: Change[]): string {
  const bySystem = Map.groupBy(changes, (change) => (change.stage === 1 ? people : change.system.name))
  return [...bySystem].map(([system, ofSystem]) => {
    const byPerson = Map.groupBy(ofSystem, (change) => change.person?.id ?? '')
    const title = system === people ? 'People' : clean(system)
    return [
      terminal.paint('bold', `${title}  `) + terminal.paint('dim', plural(ofSystem.length, 'change')),
      ...[...byPerson.values()].map((ofPerson) => personChanges(terminal, ofPerson, system === people)),
    ].join('\n')
  }).join('\n\n')
}

function personChanges(terminal: Terminal, changes: Change[], isPerson: boolean): string {
  const person = changes[0]?.person?.name
  const heading = person === undefined || isPerson ? [] : [`  ${clean(person)}`]
  return [...heading, ...changes.map((change) => changeView(terminal, change))].join('\n')
}

export function changeView(terminal: Terminal, change: Change): string {
  const paint = (text: string) => terminal.paint(kindStyle[change.kind], text)
  const what = change.entitlement ? `${clean(change.entitlement.name)}  ${terminal.paint('dim', clean(change.subject))}` : clean(change.subject || change.person?.name || '')
  const widest = Math.max(0, ...change.fields.map((field) => field.attribute.length))
  const state = change.state === 'planned' ? '' : `  ${terminal.paint(change.state === 'done' ? 'green' : change.state === 'observed' ? 'dim' : 'yellow', change.state)}`
  return [
    `    ${paint(`${symbol[change.kind]} ${change.kind.padEnd(7)}`)} ${what}${state}`,
    ...change.fields.map((field) => `        ${field.attribute.padEnd(widest)}  ${difference(terminal, field.before, field.after)}`),
    ...[...new Set(change.reasons.map((reason) => clean(reason.says)))].map((says) => `        ${terminal.paint('dim', `because ${says}`)}`),
    ...(change.error ? errorLines(terminal, change.error, change.nextAttemptAt) : []),
  ].join('\n')
}

/** The code, the system's own words, and what to do; a change that was left out for another reason has words only. */
function errorLines(terminal: Terminal, error: { code: string; words: string; advice: string }, nextAttemptAt: string | null): string[] {
  const advice = [error.advice, nextAttemptAt ? `Next try: ${moment(nextAttemptAt)}.` : ''].filter(Boolean).join(' ')
  return [
    `        ${[error.code && terminal.paint('red', error.code), clean(error.words)].filter(Boolean).join('  ')}`,
    ...(advice ? [`        ${advice}`] : []),
  ]
}

function difference(terminal: Terminal, before: unknown, after: unknown): string {
  const isEmpty = (value: unknown) => value === null || value === undefined
  if (isEmpty(before)) return terminal.paint('green', words(after))
  return `${terminal.paint('dim', words(before))} → ${isEmpty(after) ? terminal.paint('red', '(none)') : terminal.paint('green', words(after))}`
}

/** How many changes of each kind each system gets. */
function countsTable(terminal: Terminal, plan: Plan): string {
  const bySystem = Map.groupBy(plan.counts, (count) => (count.stage === 1 ? people : count.system.name))
  const kinds = [...new Set(plan.counts.map((count) => count.kind))]
  const total = (counts: Plan['counts'], kind: Kind) => counts.filter((c) => c.kind === kind).reduce((sum, c) => sum + c.count, 0)
  return table(terminal, [
    { title: 'system', value: ([system]) => system },
    ...kinds.map((kind) => ({
      title: `${symbol[kind]} ${kind}`, align: 'right' as const, value: ([, counts]: [string, Plan['counts']]) => total(counts, kind) || '',
      style: () => kindStyle[kind],
    })),
  ], [...bySystem])
}

function nextStep(terminal: Terminal, plan: Plan): string {
  const steps: Partial<Record<Plan['state'], string>> = {
    open: `Carry out exactly this: usher plan approve ${plan.number}`,
    held: `Carry out what is not held: usher plan approve ${plan.number}`,
    approved: `Watch it: usher plan watch ${plan.number}`,
    applying: `Watch it: usher plan watch ${plan.number}`,
    stopped: `Go on: usher plan resume ${plan.number}`,
  }
  const step = steps[plan.state]
  return step === undefined ? '' : terminal.paint('dim', step)
}

/** After applying: how it went, and each change that needs a look. */
export async function troubleView(session: Session, plan: Plan): Promise<string> {
  const { terminal } = session
  const lines = [
    `${terminal.paint('bold', `Plan ${plan.number}`)}  ${terminal.paint(stateStyle[plan.state], plan.state)}`,
    clean(plan.says),
  ]
  if (plan.systems.length > 0) lines.push('', table(terminal, [
    { title: 'system', value: (s) => s.system.name },
    { title: 'done', value: (s) => s.done, align: 'right' },
    { title: 'of', value: (s) => s.total, align: 'right' },
    { title: 'failed', value: (s) => s.failed || '', align: 'right', style: () => 'red' },
    ...(plan.skipped > 0 ? [{ title: 'skipped', value: (s: Plan['systems'][number]) => s.skipped || '', align: 'right' as const }] : []),
  ], plan.systems))
  lines.push(warnings(terminal, plan))
  for (const state of ['stuck', 'refused'] as const) {
    if (plan.failed === 0) break
    const changes = await findChanges(session, plan.id, { state, limit: 20 })
    if (changes.length > 0) lines.push('', terminal.paint('bold', state === 'stuck' ? 'Stuck' : 'Refused'), changesView(terminal, changes))
  }
  lines.push(nextStep(terminal, plan))
  return lines.filter((line, i) => line !== '' || i === 2).join('\n')
}

/** One line while something goes on. */
export function progressLine(terminal: Terminal, plan: Plan): string {
  if (plan.state === 'computing') return `Plan ${plan.number}: ${clean(plan.progress ?? 'computing')} …`
  const settled = plan.done + plan.failed + plan.skipped
  const share = plan.total === 0 ? 1 : settled / plan.total
  const full = Math.round(share * 24)
  const rate = plan.systems.reduce((sum, s) => sum + (s.perSecond ?? 0), 0)
  return [
    `Plan ${plan.number}: ${plan.state}`,
    `${'█'.repeat(full)}${'░'.repeat(24 - full)} ${Math.floor(share * 100)} %`,
    `${settled}/${plan.total}`,
    ...(rate > 0 ? [`${Math.round(rate)}/s`] : []),
    ...(plan.failed > 0 ? [terminal.paint('red', `${plan.failed} failed`)] : []),
  ].join('  ')
}
