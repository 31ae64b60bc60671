import type { Schema } from '../../client/index.ts'
import { plansTable } from './plan-view.ts'
import { systemsTable } from './system-view.ts'
import { clean, type Terminal } from './terminal.ts'
import { plural } from './words.ts'

type Overview = Schema<'Overview'>
interface Me { user: { name: string }; role: string }

export function overviewView(terminal: Terminal, url: string, me: Me, overview: Overview): string {
  const heading = (text: string) => `\n${terminal.paint('bold', text)}`
  const { waiting, start } = overview
  const first = !start.hasSource ? 'Add a source in the UI, or with: usher systems upload staff.xlsx'
    : !start.hasJob ? 'Add a job from the source to people in the UI, or with: usher policy apply'
    : !start.hasPlan ? 'See what would be done: usher plan new'
    : null
  const waits = [
    waiting.plansOpen > 0 && `${plural(waiting.plansOpen, 'plan')} to review: usher plan show`,
    waiting.plansHeld > 0 && `${plural(waiting.plansHeld, 'plan')} with held changes: usher plan list --state held`,
    waiting.cases > 0 && `${plural(waiting.cases, 'row')} that may be several people: usher cases list`,
    waiting.stuck > 0 && `${plural(waiting.stuck, 'change')} stuck: usher plan stuck`,
    waiting.retrying > 0 && `${plural(waiting.retrying, 'change')} tried again by itself`,
    waiting.setAside > 0 && `${plural(waiting.setAside, 'row')} set aside: usher jobs list, then usher jobs set-aside`,
  ].filter((line) => line !== false)
  const lines = [
    `${terminal.paint('bold', clean(overview.organisation))}  ${terminal.paint('dim', `${url}, as ${clean(me.user.name)} (${me.role})`)}`,
    ...(first === null ? [] : [heading('To begin'), `  ${first}`]),
    heading('Waits for somebody'), ...(waits.length > 0 ? waits.map((line) => `  ${line}`) : [`  ${terminal.paint('green', 'nothing')}`]),
    heading('People'), `  ${overview.people.map(({ state, count }) => `${count.toLocaleString('en')} ${state}`).join(', ') || 'none yet'}`,
  ]
  if (overview.systems.length > 0) lines.push(heading('Systems'), systemsTable(terminal, overview.systems))
  if (overview.lastPlans.length > 0) lines.push(heading('Last plans'), plansTable(terminal, overview.lastPlans))
  if (overview.findings.length > 0) lines.push(heading('What is wrong'), findingsView(terminal, overview.findings))
  return lines.join('\n')
}

export function findingsView(terminal: Terminal, findings: Schema<'Finding'>[]): string {
  return findings.map((finding) => {
    const where = [finding.system, finding.job, finding.person?.name].filter((part) => part !== null && part !== undefined).join(', ')
    return [
      `${terminal.paint(finding.severity === 'error' ? 'red' : 'yellow', `! ${finding.code}`)}  ${clean(finding.message)}${where ? terminal.paint('dim', `  (${clean(where)})`) : ''}`,
      ...(finding.advice ? [`    ${terminal.paint('dim', finding.advice)}`] : []),
    ].join('\n')
  }).join('\n')
}
