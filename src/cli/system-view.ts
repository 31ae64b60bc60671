import type { Schema } from '../../client/index.ts'
import { properties, table } from './table.ts'
import { clean, type Terminal } from './terminal.ts'
import { moment, plural, words } from './words.ts'

const stateStyle = { fine: 'green', reading: 'cyan', wrong: 'red', unknown: 'dim' } as const

export function systemsTable(terminal: Terminal, systems: Schema<'SystemRow'>[]): string {
  return table(terminal, [
    { title: 'id', value: (s) => s.id },
    { title: 'name', value: (s) => s.name },
    { title: 'connector', value: (s) => s.connector },
    { title: 'method', value: (s) => s.method },
    { title: 'state', value: (s) => s.state, style: (s) => stateStyle[s.state] },
    { title: 'last read', value: (s) => moment(s.lastRead?.at) },
    { title: 'accounts', value: (s) => (s.destination ? s.accounts : ''), align: 'right' },
    { title: 'orphans', value: (s) => (s.destination ? s.orphans : ''), align: 'right' },
    { title: 'entitlements', value: (s) => (s.destination ? s.entitlements : ''), align: 'right' },
    { title: 'wrong', value: (s) => s.findings || '', align: 'right', style: () => 'yellow' },
  ], systems)
}

export function systemView(terminal: Terminal, system: Schema<'System'>): string {
  const heading = (text: string) => `\n${terminal.paint('bold', text)}`
  const limit = (brake: { share?: number; count?: number }) =>
    [brake.count === undefined ? '' : `more than ${brake.count}`, brake.share === undefined ? '' : `more than ${Math.round(brake.share * 1000) / 10} %`].filter(Boolean).join(' and ')
  const lines = [
    `${terminal.paint('bold', clean(system.name))}  ${terminal.paint(stateStyle[system.state], system.state)}`,
    properties(terminal, [
      ['id', system.id], ['description', system.description], ['connector', system.connector], ['method', system.method],
      ['last read', system.lastRead && `${moment(system.lastRead.at)}, ${system.lastRead.state}${system.lastRead.because ? `: ${system.lastRead.because}` : ''}`],
      ['accounts', system.destination ? `${system.accounts} (${system.linked} linked, ${system.orphans} orphans, ${system.protected} protected)` : null],
      ['entitlements', system.destination ? system.entitlements : null],
      ['jobs', system.jobs.map((job) => job.id).join(', ')],
      ['protected', system.protectedNames.join(', ')], ['authoritative', system.authoritative.join(', ')],
    ]),
    heading('Configuration'), properties(terminal, Object.entries(system.config).map(([name, value]) => [name, words(value)])),
  ]
  const brakes = Object.entries(system.brakes)
  if (brakes.length > 0) lines.push(heading('Brakes'), properties(terminal, brakes.map(([kind, brake]) => [kind, `held when ${limit(brake)}`])))
  if (system.problem) lines.push('', terminal.paint('red', clean(system.problem)))
  for (const finding of system.openFindings) lines.push('', `${terminal.paint('yellow', `! ${finding.code}`)}  ${clean(finding.message)}`, `    ${terminal.paint('dim', finding.advice)}`)
  return lines.join('\n')
}

export function checkView(terminal: Terminal, check: Schema<'Check'>): string {
  return check.steps.map((step) => [
    `${step.ok ? terminal.paint('green', '✓') : terminal.paint('red', '✗')} ${clean(step.name)}`,
    ...(step.message ? [`    ${clean(step.message)}`] : []),
    ...(!step.ok && step.advice ? [`    ${terminal.paint('dim', step.advice)}`] : []),
  ].join('\n')).join('\n')
}

export function shapeView(terminal: Terminal, shape: Schema<'SourceShape'>): string {
  const columns = shape.columns.map((column) => ({ title: `${column.letter} ${clean(column.name)}`, value: (row: Record<string, unknown>) => words(row[column.name] ?? null) }))
  return [
    properties(terminal, [
      ['file', shape.file], ['sheet', shape.sheet], ['other sheets', shape.sheets?.filter((name) => name !== shape.sheet).join(', ')],
      ['encoding', shape.encoding], ['delimiter', shape.delimiter === '\t' ? 'tab' : shape.delimiter], ['header row', shape.headerRow], ['columns', shape.columns.length],
    ]),
    '', table(terminal, columns, shape.sample), terminal.paint('dim', `The first ${plural(shape.sample.length, 'row')}.`),
  ].join('\n')
}

export function accountsTable(terminal: Terminal, accounts: Schema<'Account'>[]): string {
  return table(terminal, [
    { title: 'account', value: (a) => a.name },
    { title: 'person', value: (a) => a.person?.name ?? (a.protected ? '' : 'orphan'), style: (a) => (a.person || a.protected ? undefined : 'yellow') },
    { title: 'state', value: (a) => (a.goneAt ? 'gone' : a.enabled ? 'enabled' : 'disabled'), style: (a) => (a.enabled && !a.goneAt ? 'green' : 'dim') },
    { title: 'protected', value: (a) => (a.protected ? 'yes' : '') },
    { title: 'holds', value: (a) => a.entitlements, align: 'right' },
    { title: 'seen', value: (a) => moment(a.seenAt) },
  ], accounts)
}

export function entitlementsTable(terminal: Terminal, entitlements: Schema<'Entitlement'>[]): string {
  return table(terminal, [
    { title: 'number', value: (e) => e.id, align: 'right' },
    { title: 'name', value: (e) => e.name },
    { title: 'type', value: (e) => e.objectType },
    { title: 'members', value: (e) => e.members, align: 'right' },
    { title: 'seen', value: (e) => moment(e.seenAt) },
  ], entitlements)
}
