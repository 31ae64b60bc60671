import type { Schema } from '../../client/index.ts'
import { properties, table } from './table.ts'
import { clean, type Terminal } from './terminal.ts'
import { moment, words } from './words.ts'

export function jobsTable(terminal: Terminal, jobs: Schema<'JobRow'>[]): string {
  return table(terminal, [
    { title: 'id', value: (j) => j.id },
    { title: 'from', value: (j) => j.source.name },
    { title: 'to', value: (j) => j.destination.name },
    { title: 'method', value: (j) => j.effectiveMethod },
    { title: 'schedule', value: (j) => j.schedule?.cron },
    { title: 'next run', value: (j) => moment(j.nextRunAt) },
    { title: 'last plan', value: (j) => j.lastPlan && `${j.lastPlan.number} ${j.lastPlan.state}` },
    { title: 'set aside', value: (j) => j.setAside || '', align: 'right', style: () => 'yellow' },
  ], jobs)
}

export function jobView(terminal: Terminal, job: Schema<'Job'>): string {
  const heading = (text: string) => `\n${terminal.paint('bold', text)}`
  const { mapping, position, key, positionKey, scope, match } = job.job
  const lines = [
    `${terminal.paint('bold', clean(job.name))}  ${clean(job.source.name)} → ${clean(job.destination.name)}`,
    properties(terminal, [
      ['id', job.id], ['object type', job.objectType],
      ['method', job.method === job.effectiveMethod ? job.method : `${job.method}, in force: ${job.effectiveMethod}`],
      ['schedule', job.schedule && `${job.schedule.cron}${job.schedule.timeZone ? ` (${job.schedule.timeZone})` : ''}, next ${moment(job.nextRunAt)}`],
      ['key', text(key)], ['position key', text(positionKey)], ['scope', text(scope) ?? 'everything'], ['match', text(match)],
      ['last read', job.lastSnapshot && `${moment(job.lastSnapshot.readAt)}, ${job.lastSnapshot.state}, ${job.lastSnapshot.rows} rows, ${job.lastSnapshot.setAside} set aside${job.lastSnapshot.because ? `: ${job.lastSnapshot.because}` : ''}`],
    ]),
    heading('Mapping'), properties(terminal, expressions(mapping)),
  ]
  if (expressions(position).length > 0) lines.push(heading('Position'), properties(terminal, expressions(position)))
  return lines.join('\n')
}

export function previewView(terminal: Terminal, preview: Schema<'JobPreview'>): string {
  return preview.steps.map((step) => [
    `${step.ok ? terminal.paint('green', '✓') : terminal.paint('red', '✗')} ${terminal.paint('bold', clean(step.title))}  ${clean(step.says)}`,
    ...(step.expression ? [`    ${terminal.paint('dim', clean(step.expression))}`] : []),
    ...Object.entries(step.inputs ?? {}).map(([name, value]) => `    ${terminal.paint('dim', `${name} = ${words(value)}`)}`),
  ].join('\n')).join('\n')
}

export function setAsideTable(terminal: Terminal, rows: Schema<'SetAside'>[]): string {
  return table(terminal, [
    { title: 'cell', value: (r) => r.address },
    { title: 'column', value: (r) => r.column },
    { title: 'value', value: (r) => r.value },
    { title: 'expected', value: (r) => r.expected },
    { title: 'code', value: (r) => r.code, style: () => 'yellow' },
  ], rows)
}

function expressions(found: unknown): [string, string][] {
  return typeof found === 'object' && found !== null ? Object.entries(found).map(([name, value]) => [name, words(value)]) : []
}

function text(value: unknown): string | null {
  return value === undefined ? null : words(value)
}
