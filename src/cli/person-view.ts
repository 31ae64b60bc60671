import type { Schema } from '../../client/index.ts'
import { properties, table } from './table.ts'
import { clean, type Terminal } from './terminal.ts'
import { moment, plural, words } from './words.ts'

type State = Schema<'PersonState'>
const stateStyle = { active: 'green', 'before-start': 'blue', 'on-leave': 'yellow', ended: 'dim' } as const satisfies Record<State, string>

export function peopleTable(terminal: Terminal, people: Schema<'PersonRow'>[]): string {
  return table(terminal, [
    { title: 'employee id', value: (p) => p.employeeId },
    { title: 'name', value: (p) => p.name },
    { title: 'state', value: (p) => p.state, style: (p) => stateStyle[p.state] },
    { title: 'department', value: (p) => p.department },
    { title: 'location', value: (p) => p.location },
    { title: 'start', value: (p) => p.start },
    { title: 'end', value: (p) => p.end },
    { title: 'accounts', value: (p) => p.accounts, align: 'right' },
  ], people)
}

export function personView(terminal: Terminal, person: Schema<'Person'>): string {
  const heading = (text: string) => `\n${terminal.paint('bold', text)}`
  const lines = [
    `${terminal.paint('bold', clean(person.name))}  ${terminal.paint(stateStyle[person.state], person.state)}`,
    terminal.paint('dim', person.id),
    heading('Attributes'),
    properties(terminal, person.attributes.map((a) => [a.title, a.person ? `${words(a.value)} (${a.person.name})` : words(a.value)])),
  ]
  if (person.positions.length > 0) lines.push(heading('Positions'), ...person.positions.map((position) => [
    `${position.living ? '●' : '○'} ${position.start ?? '…'} to ${position.end ?? 'open'}`,
    ...(position.leaveFrom ? [`on leave ${position.leaveFrom} to ${position.leaveUntil ?? 'open'}`] : []),
    ...Object.entries(position.attributes).filter(([name]) => !['start', 'end', 'leaveFrom', 'leaveUntil'].includes(name)).map(([name, value]) => `${name} ${words(value)}`),
    ...(position.missingSince ? [terminal.paint('yellow', `missing from the source since ${moment(position.missingSince)}`)] : []),
  ].join('  ')))
  if (person.accounts.length > 0) lines.push(heading('Accounts'), table(terminal, [
    { title: 'system', value: (a) => a.system.name },
    { title: 'account', value: (a) => a.name },
    { title: 'state', value: (a) => a.goneAt ? 'gone' : a.enabled ? 'enabled' : 'disabled', style: (a) => (a.enabled && !a.goneAt ? 'green' : 'dim') },
    { title: 'holds', value: (a) => a.entitlements, align: 'right' },
    { title: 'seen', value: (a) => moment(a.seenAt) },
  ], person.accounts))
  if (person.passwords.length > 0) lines.push(heading('First passwords that nobody has seen'), ...person.passwords.map((p) => `${p.system} (job ${p.job}), made ${moment(p.madeAt)}`))
  if (person.findings.length > 0) lines.push(heading('What is wrong'), ...person.findings.flatMap((f) => [`${terminal.paint('yellow', f.code)}  ${clean(f.message)}`, ...(f.advice ? [`  ${terminal.paint('dim', f.advice)}`] : [])]))
  if (person.openChanges > 0) lines.push('', `${plural(person.openChanges, 'change')} not carried out yet.`)
  return lines.join('\n')
}

export function whyView(terminal: Terminal, why: Schema<'Why'>): string {
  const lines = [terminal.paint('dim', `as of ${moment(why.asOf)}`)]
  if (why.accounts.length === 0 && why.access.length === 0) lines.push('Nothing: no account and no entitlement.')
  for (const account of why.accounts) {
    const left = why.exceptions.filter((x) => x.accountId === account.accountId && x.thing !== 'entitlement')
    lines.push('', `${terminal.paint('bold', clean(account.name))}  ${account.system}, ${account.enabled ? 'enabled' : 'disabled'}${account.since ? `, since ${moment(account.since)}` : ''}`, ...reasons(terminal, account.reasons, left), ...account.attributes.map((value) => valueLine(terminal, value)))
  }
  for (const access of why.access) {
    const left = why.exceptions.filter((x) => x.entitlementId === access.entitlementId)
    const time = [access.since ? `since ${moment(access.since)}` : '', access.until ? `until ${moment(access.until)}` : ''].filter(Boolean).join(', ')
    const seen = access.present ? '' : terminal.paint('yellow', left.length > 0 ? '  withheld' : '  not there yet')
    lines.push('', `${terminal.paint('bold', clean(access.entitlement))}  ${access.system}${time ? `, ${time}` : ''}${seen}`, ...reasons(terminal, access.reasons, left))
  }
  const shown = [...why.accounts.map((a) => a.accountId), ...why.access.map((a) => a.entitlementId)]
  const rest = why.exceptions.filter((x) => !shown.includes((x.thing === 'entitlement' ? x.entitlementId : x.accountId) ?? ''))
  if (rest.length > 0) lines.push('', terminal.paint('bold', 'Left as it is'), ...rest.map((x) => leftLine(terminal, x)))
  return lines.join('\n')
}

/** "left as it is until 2026-12-22 09:00 by Ada Admin, because the project needs it: anna.nowak is left with Sales. (exception 4)" */
function leftLine(terminal: Terminal, x: Schema<'WhyException'>): string {
  const until = x.until === null ? 'until somebody ends it' : `until ${moment(x.until)}`
  const because = x.note === '' ? '' : `, because ${clean(x.note)}`
  return `  left as it is ${until} by ${clean(x.by.name)}${because}: ${clean(x.says)} ${terminal.paint('dim', `(exception ${x.exceptionId}, from ${moment(x.from)})`)}`
}

/** "displayName = Anna Nowak  person.displayName (plan 12, 2026-03-01 08:00; company.xlsx Staff!B17 = Anna)" */
function valueLine(terminal: Terminal, value: Schema<'Why'>['accounts'][number]['attributes'][number]): string {
  const written = value.written === null ? 'not written by Usher' : `plan ${value.written.plan}, ${moment(value.written.at)}`
  const cells = value.origins.flatMap((o) => o.cells.map((c) => `${cellOf(o.source, c.address)} = ${words(c.value)}`))
  return `  ${value.attribute} = ${words(value.value)}  ${terminal.paint('dim', `${value.expression?.replace(/\s+/g, ' ').trim() ?? 'no mapping'} (${[written, ...cells].join('; ')})`)}`
}

function reasons(terminal: Terminal, list: Schema<'WhyReason'>[], left: Schema<'WhyException'>[]): string[] {
  if (list.length + left.length === 0) return [`  ${terminal.paint('yellow', 'no reason: Usher neither gave nor found it')}`]
  return [...list.map((reason) => {
    const time = reason.until ? `, until ${moment(reason.until)}` : ''
    const cells = reason.origins.flatMap((o) => o.cells.map((c) => `${cellOf(o.source, c.address)} = ${words(c.value)}`))
    const from = cells.length > 0 ? `\n      ${terminal.paint('dim', cells.join('; '))}` : ''
    // A sentence within a sentence; one that begins with a name or a quotation mark stays as it is.
    const says = clean(reason.says).replace(/^(Rule|The role|It) /, (word) => word.toLowerCase())
    return `  because ${says} ${terminal.paint('dim', `(reason ${reason.reasonId}, ${reason.kind}, from ${moment(reason.from)}${time}, policy ${reason.policyRevision})`)}${from}`
  }), ...left.map((x) => leftLine(terminal, x))]
}

export function whyNotView(terminal: Terminal, whyNot: Schema<'WhyNot'>): string {
  if (whyNot.has && whyNot.exceptions.length === 0) return 'They have it. See: usher people why'
  if (whyNot.ways.length + whyNot.exceptions.length === 0) return 'No rule and no role leads there; it can be given by hand only.'
  return [...whyNot.exceptions.map((x) => leftLine(terminal, x).trimStart()), ...whyNot.ways.map((way) => [
    clean(way.says),
    ...(way.failed ? [
      `  ${terminal.paint('red', '✗')} ${clean(way.failed.condition)}  ${terminal.paint('dim', `(line ${way.failed.line}, column ${way.failed.column})`)}`,
      ...Object.entries(way.failed.saw).map(([name, value]) => `    ${name} was ${words(value)}`),
    ] : []),
    ...way.origins.flatMap((o) => o.cells.map((c) => `    ${terminal.paint('dim', `${cellOf(o.source, c.address)} = ${words(c.value)}`)}`)),
  ].join('\n'))].join('\n\n')
}

export function historyView(terminal: Terminal, entries: Schema<'HistoryEntry'>[]): string {
  let day = ''
  return entries.flatMap((entry) => {
    const [date = '', time] = moment(entry.at).split(' ')
    const heading = date === day ? [] : [...(day ? [''] : []), terminal.paint('bold', date)]
    day = date
    return [...heading, `  ${time}  ${clean(entry.says)}${entry.by ? terminal.paint('dim', `  by ${clean(entry.by.name)}`) : ''}`]
  }).join('\n')
}

/** A cell of a file without sheets is named by the file already. */
function cellOf(source: string, address: string): string {
  return address.startsWith(`${source}!`) ? address : `${source} ${address}`
}
