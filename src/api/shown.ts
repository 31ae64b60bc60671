/** Rows of the database as the API shows them. */
import type { Position } from '../domain/person.ts'
import { text } from '../domain/sentence.ts'
import type { Attributes } from '../domain/value.ts'
import type { AccountShown, EntitlementShown } from '../store/account-views.ts'
import type { FindingShown } from '../store/finding-views.ts'
import type { PersonListed } from '../store/person-views.ts'
import { adviceFor, namedPerson } from './names.ts'
import type { Lexicon } from './names.ts'

export function nameOf(attributes: Attributes, id: string): string {
  return text(attributes['displayName'] ?? attributes['employeeId'] ?? id)
}

/** The position to show of several: one that lives today, else the next to come, else the last. */
export function shownPosition(positions: Position[], today: string): Position | undefined {
  const rank = (p: Position): number => (p.end !== undefined && p.end < today ? 2 : p.start !== undefined && p.start > today ? 1 : 0)
  return positions.toSorted((a, b) => rank(a) - rank(b) || (rank(a) === 2 ? (b.end ?? '').localeCompare(a.end ?? '') : (a.start ?? '').localeCompare(b.start ?? '')))[0]
}

export function shownPerson(row: PersonListed, today: string) {
  const position = shownPosition(row.positions, today)
  const of = (name: string): string | null => text(position?.attributes[name] ?? row.attributes[name]) || null
  return {
    id: row.id, name: nameOf(row.attributes, row.id), employeeId: text(row.attributes['employeeId']) || null, email: text(row.attributes['email']) || null,
    state: row.state, department: of('department'), location: of('location'), title: of('title') ?? of('jobTitle'),
    start: position?.start ?? null, end: position?.end ?? null, accounts: row.accounts,
  }
}

export function shownAccount(row: AccountShown, names: Lexicon) {
  const { systemId, personId, personName, ...rest } = row
  return { ...rest, system: names.namedSystem(systemId), person: namedPerson(personId, personName) }
}

export function shownEntitlement(row: EntitlementShown, names: Lexicon) {
  const { systemId, ...rest } = row
  return { ...rest, system: names.namedSystem(systemId) }
}

export function shownFinding(row: FindingShown) {
  const { personId, personName, ...rest } = row
  return { ...rest, person: namedPerson(personId, personName), advice: adviceFor(row.code) }
}
