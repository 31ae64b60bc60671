/** `usher cases`: rows of which a person must say whose they are. */
import type { Command } from 'commander'
import type { Schema } from '../../client/index.ts'
import { Failure } from './exit.ts'
import { findPerson } from './find.ts'
import { examples } from './help.ts'
import { take, withPaging, type ListOptions } from './pages.ts'
import { act, call, confirm, show, showList, type World } from './session.ts'
import { clean, type Terminal } from './terminal.ts'
import { moment, words } from './words.ts'

export function casesCommand(program: Command, world: World): void {
  const cases = program.command('cases').description('source rows that may be one of several people')

  withPaging(cases.command('list').description('cases that wait, each with the row and the people it may be'))
    .option('--decided', 'those that were decided, too')
    .action(act(world, async (session, options: ListOptions & { decided?: boolean }) => {
      const decided = options.decided ? 'true' : 'false'
      const items = await take(session, options, (paging) => call(session.api.GET('/api/cases', { params: { query: { ...paging, decided } } })))
      showList(session, items, (rows) => rows.map((row) => caseView(session.terminal, row)).join('\n\n'), 'No case waits.')
    }))

  examples(cases.command('decide').description('say whose row it is').argument('<case>', 'id')
    .option('--person <person>', 'this person: employee id, e-mail address, name or id')
    .option('--new', 'nobody whom Usher knows: a new person')
    .action(act(world, async (session, id: string, options: { person?: string; new?: boolean }) => {
      if ((options.person === undefined) === (options.new !== true)) throw new Failure('usage', 'Say either --person or --new.')
      const personId = options.person === undefined ? null : await findPerson(session, options.person)
      await confirm(session, personId === null ? 'Make a new person of this row?' : `Say that this row is ${options.person}?`)
      await call(session.api.POST('/api/cases/{id}/decide', { params: { path: { id } }, body: { personId } }))
      show(session, { id, personId }, () => 'Decided. It counts from the next plan on: usher plan new')
    })), ['usher cases decide 0b5c… --person 4711', 'usher cases decide 0b5c… --new'])
}

function caseView(terminal: Terminal, found: Schema<'Case'>): string {
  const facts = (attributes: Record<string, unknown>) => Object.entries(attributes).map(([name, value]) => `${name} ${words(value)}`).join(', ')
  return [
    `${terminal.paint('bold', found.id)}  ${terminal.paint('dim', `${found.job.name}, opened ${moment(found.openedAt)}`)}`,
    clean(found.says),
    ...(found.row ? [`  row ${found.row.row}: ${facts(found.row.attributes)}`] : []),
    ...found.candidates.map((person) => `  may be ${terminal.paint('bold', clean(person.name))} (${person.employeeId ?? person.id}, ${person.state}): ${facts(person.attributes)}`),
    found.decidedAt ? `  decided ${moment(found.decidedAt)} by ${clean(found.decidedBy?.name ?? '')}` : `  ${terminal.paint('dim', found.advice)}`,
  ].join('\n')
}
