/** Who comes and goes until the instant of a forecast. */
import type { Schema } from '../../client/index.ts'
import { table } from './table.ts'
import { clean, type Terminal } from './terminal.ts'
import { moment } from './words.ts'

export function forecastView(terminal: Terminal, { asOf, people, reasons, more }: Schema<'Forecast'>): string {
  if (people.length + reasons.length === 0) return `Nobody comes or goes until ${moment(asOf)}, and no reason begins or ends.`
  const rows = [
    ...people.map((p) => ({ at: p.at, who: p.person.name, what: p.says })),
    ...reasons.map((r) => ({ at: r.at, who: r.person.name, what: r.says })),
  ].sort((a, b) => (a.at ?? '').localeCompare(b.at ?? ''))
  return [
    terminal.paint('bold', `Until ${moment(asOf)}`),
    table(terminal, [
      { title: 'when', value: (r) => moment(r.at) },
      { title: 'who', value: (r) => clean(r.who) },
      { title: 'what', value: (r) => clean(r.what) },
    ], rows),
    ...(more ? [terminal.paint('dim', 'There are more than are listed here.')] : []),
  ].join('\n')
}
