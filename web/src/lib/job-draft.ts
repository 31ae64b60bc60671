/** A job as it begins: what can be guessed from the columns of a file, or from a connector's template. */
import type { AttributeDeclaration, JobPolicy } from './policy.ts'

/** Words by which a column is taken for an attribute, in the order in which they are tried. */
const columnWords: Record<string, string[]> = {
  employeeId: [
    'employee id',
    'employee number',
    'employee no',
    'personnel number',
    'personnel no',
    'staff id',
    'person id',
    'personalnummer',
    'emp id',
    'id',
    'number',
  ],
  givenName: ['first name', 'given name', 'firstname', 'forename', 'vorname'],
  surname: ['last name', 'surname', 'family name', 'lastname', 'nachname'],
  displayName: ['display name', 'full name', 'name'],
  email: ['e mail', 'email', 'mail', 'e mail address', 'email address'],
  manager: ['manager id', 'manager', 'supervisor', 'reports to', 'line manager'],
}

const positionWords: Record<string, string[]> = {
  start: ['start date', 'start', 'hire date', 'entry date', 'from', 'eintritt'],
  end: ['end date', 'end', 'leaving date', 'termination date', 'exit date', 'until', 'to', 'austritt'],
  leaveFrom: ['leave from', 'leave start', 'on leave from'],
  leaveUntil: ['leave until', 'leave end', 'on leave until', 'leave to'],
  title: ['job title', 'title', 'position', 'function', 'role'],
  department: ['department', 'dept', 'team', 'unit', 'abteilung'],
  location: ['location', 'site', 'office', 'city', 'standort'],
  type: ['contract', 'contract type', 'employment type', 'type', 'employee type'],
}

const dates = ['start', 'end', 'leaveFrom', 'leaveUntil']

export function draftPeopleJob(
  id: string,
  name: string,
  source: string,
  columns: string[],
  attributes: AttributeDeclaration[],
): JobPolicy {
  const taken = new Set<string>()
  const find = (words: string[]) => {
    const column = words
      .map((word) => columns.find((c) => !taken.has(c) && plain(c) === word))
      .find((c) => c !== undefined)
    if (column !== undefined) taken.add(column)
    return column
  }
  const mapping: Record<string, string> = {}
  for (const { name: attribute } of attributes) {
    const column = find([plain(attribute), ...(columnWords[attribute] ?? [])])
    if (column !== undefined) mapping[attribute] = read(column)
  }
  if (mapping['displayName'] === undefined && mapping['givenName'] !== undefined && mapping['surname'] !== undefined) {
    mapping['displayName'] = `${mapping['givenName']} + " " + ${mapping['surname']}`
  }
  const position: Record<string, string> = {}
  for (const [attribute, words] of Object.entries(positionWords)) {
    const column = find(words)
    if (column !== undefined) position[attribute] = dates.includes(attribute) ? `date(${read(column)})` : read(column)
  }
  const key = mapping['employeeId'] ?? read(columns[0] ?? 'Employee ID')
  return { id, name, source, destination: 'people', key, match: [], mapping, position, method: 'approve' }
}

interface Template {
  objectType: string
  mapping: Record<string, string>
  match: string[]
}
interface ObjectType {
  name: string
  kind: string
  attributes: { name: string; required?: boolean }[]
}

export function draftAccountJob(
  id: string,
  name: string,
  destination: string,
  template: Template | undefined,
  types: ObjectType[],
): JobPolicy {
  const type = types.find((t) => t.kind === 'account')
  const required =
    type?.attributes.filter((a) => a.required).map((a): [string, string] => [a.name, `person.${a.name}`]) ?? []
  return {
    id,
    name,
    source: 'people',
    destination,
    method: 'approve',
    objectType: template?.objectType ?? type?.name ?? 'user',
    mapping: template?.mapping ?? Object.fromEntries(required),
    match: template?.match ?? [],
  }
}

const plain = (text: string) =>
  text
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
const read = (column: string) => `row[${JSON.stringify(column)}]`
