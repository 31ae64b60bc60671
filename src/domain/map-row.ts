/** One source row through a job: key, scope, mapping, checks. What comes out is a row for a person, or why there is none. */
import type { ErrorCode } from './errors.ts'
import { UsherError } from './errors.ts'
import { compile, type Expression } from './expression.ts'
import { compileMapping, mapField, type CompiledMapping, type Field, type MappingFailure } from './mapping.ts'
import { startOfDay } from './person.ts'
import type { AttributeDeclaration, PeopleJob, Settings } from './policy.ts'
import type { Attributes, Value } from './value.ts'

/** Position fields that are dates and decide the state; end dates are inclusive. */
export const positionDates = ['start', 'end', 'leaveFrom', 'leaveUntil'] as const
export type PositionDate = (typeof positionDates)[number]

export interface MappedPosition extends Partial<Record<PositionDate, string>> {
  attributes: Attributes
}

/** What a job's mapping made of a row. A name that is absent means "no value", unless it is among those to keep. */
export interface MappedRow {
  attributes: Attributes
  position: MappedPosition
  keep?: { attributes: string[]; position: string[] }
}

export interface RowFault {
  code: ErrorCode
  column?: string
  value?: string
  expected: string
  /** Known where the key could be read: the row is there, although it cannot be used. */
  key?: string
  /** Known where that could be read, too. */
  positionKey?: string
}

export type RowResult =
  | { row: 'usable'; key: string; positionKey: string; mapped: MappedRow }
  | { row: 'out-of-scope' }
  | { row: 'faulty'; fault: RowFault }

export interface RowMapper {
  /** The columns that the job's expressions read. */
  columns: string[]
  /** The column that is the key, where it is just one. */
  keyColumn?: string
  /** Attribute → columns that its value comes from; position attributes as `position.<name>`. */
  columnsOf: Map<string, string[]>
  map(row: Attributes, now: string): RowResult
  /** How the cells of a row become values, for who takes most cells as they stand; null where that cannot be. */
  plainly: PlainMapping | null
}

/** A mapping that takes text cells as they stand. What it cannot make of a row, `map` makes or says what is wrong. */
export interface PlainMapping {
  /** The column that is the key. */
  key: string
  positionKey: string | null
  /** False, or a failure: no row for anybody, as far as this tells. */
  isInScope: ((row: Attributes, now: string) => boolean) | null
  /** The columns that `isInScope` reads. */
  scopeColumns: string[]
  /** In the order in which they are written. */
  attributes: PlainField[]
  dates: PlainField[]
  position: PlainField[]
  required: string[]
}

export interface PlainField {
  name: string
  /** Cells of columns, and texts between them: so it is where none of the cells is empty, or there is just one. Null: it is what `value` makes of the row. */
  pieces: ({ column: string } | string)[] | null
  /** The columns that `value` reads. */
  columns: string[]
  /** Undefined: no value. Throws, whatever it is, where `map` is to be asked. */
  value(row: Attributes, now: string): Value | undefined
}

/** Throws EXPRESSION_INVALID. */
export function rowMapper(job: PeopleJob, settings: Settings): RowMapper {
  const key = compile(job.key, 'row')
  const positionKey = job.positionKey === undefined ? undefined : compile(job.positionKey, 'row')
  const scope = job.scope === undefined ? undefined : compile(job.scope, 'row')
  const person = compileMapping(sorted(job.mapping), 'row')
  const position = compileMapping(sorted(job.position), 'row')
  const declared = new Map(settings.attributes.map((a) => [a.name, a]))
  const required = settings.attributes.filter((a) => a.required && a.name in job.mapping)
  const columnsOf = new Map([
    ...person.fields.map((f) => [f.attribute, columnsReadBy([f.expression])] as const),
    ...position.fields.map((f) => [`position.${f.attribute}`, columnsReadBy([f.expression])] as const),
  ])
  const all = [key, positionKey, scope, ...person.fields.map((f) => f.expression), ...position.fields.map((f) => f.expression)]
  const columns = columnsReadBy(all.filter((e) => e !== undefined))

  function map(row: Attributes, now: string): RowResult {
    const input = { row, now }
    let known: string | undefined
    let ownPosition: string | undefined
    try {
      known = text(key.evaluate(input))
      if (known === '') return faulty({ code: 'ROW_KEY_MISSING', ...single(key), expected: 'a key' })
      const inScope = scope === undefined || scope.evaluate(input) === true
      if (!inScope) return { row: 'out-of-scope' }
      ownPosition = positionKey === undefined ? '' : text(positionKey.evaluate(input))
      const keep = { attributes: [] as string[], position: [] as string[] }
      const attributes = mapAttributes(person, declared, input, keep.attributes)
      for (const { name } of required) {
        if (attributes[name] === undefined && !keep.attributes.includes(name)) throw new Fault({ ...column(columnsOf.get(name)), expected: `a value for ${name}` })
      }
      const mapped: MappedRow = { attributes, position: mapPosition(position, columnsOf, input, keep.position) }
      if (keep.attributes.length + keep.position.length > 0) mapped.keep = keep
      return { row: 'usable', key: known, positionKey: ownPosition, mapped }
    } catch (error) {
      const keys = { ...(known === undefined ? {} : { key: known }), ...(ownPosition === undefined ? {} : { positionKey: ownPosition }) }
      if (error instanceof Fault) return faulty({ code: 'ROW_VALUE_INVALID', ...error.fault, ...keys })
      if (!(error instanceof UsherError) || error.code !== 'EXPRESSION_FAILED') throw error
      const { value, expected } = error.details as { value: unknown; expected: string }
      return faulty({ code: 'ROW_VALUE_INVALID', value: shown(value), expected, ...keys })
    }
  }
  const keyColumn = single(key).column
  const plainly = plainMapping({ key, positionKey, scope, person, position, declared, required })
  return { columns, ...(keyColumn === undefined ? {} : { keyColumn }), columnsOf, map, plainly }
}

function plainMapping({ key, positionKey, scope, person, position, declared, required }: {
  key: Expression; positionKey: Expression | undefined; scope: Expression | undefined; person: CompiledMapping; position: CompiledMapping
  declared: Map<string, AttributeDeclaration>; required: AttributeDeclaration[]
}): PlainMapping | null {
  const keyColumn = columnOf(key)
  const positionColumn = positionKey === undefined ? null : columnOf(positionKey)
  // A time zone is looked up, and not by its letters alone.
  if (keyColumn === undefined || positionColumn === undefined || position.fields.some((f) => f.attribute === 'timeZone')) return null
  const valueOf = (attribute: string, expression: Expression, declaration: AttributeDeclaration | undefined): PlainField['value'] => (row, now) => {
    const keep: string[] = []
    const value = mapValue(attribute, expression, { row, now }, keep)
    if (keep.length > 0) throw new Fault({ expected: 'a value' })
    return value === undefined || declaration === undefined ? value : typed(value, declaration, expression)
  }
  const fieldsOf = (mapping: CompiledMapping, types: Map<string, AttributeDeclaration>): PlainField[] => mapping.fields.map(({ attribute, expression }) => {
    const declaration = types.get(attribute)
    const isText = declaration === undefined || (!declaration.multiValued && (declaration.type === 'text' || declaration.type === 'reference'))
    const isMade = expression.texts?.some((piece) => typeof piece !== 'string') ?? false
    const pieces = isText && isMade ? expression.texts!.map((piece) => (typeof piece === 'string' ? piece : { column: piece.name })) : null
    return { name: attribute, pieces, columns: columnsReadBy([expression]), value: valueOf(attribute, expression, declaration) }
  })
  const positionFields = fieldsOf(position, new Map())
  return {
    key: keyColumn, positionKey: positionColumn,
    isInScope: scope === undefined ? null : (row, now) => scope.evaluate({ row, now }) === true, scopeColumns: scope === undefined ? [] : columnsReadBy([scope]),
    attributes: fieldsOf(person, declared), dates: positionFields.filter((f) => isPositionDate(f.name)), position: positionFields.filter((f) => !isPositionDate(f.name)),
    required: required.map((a) => a.name),
  }
}


/** In one order, so that equal rows have equal JSON, however the mapping is written: that of jsonb, which need not sort it then. */
function sorted(mapping: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(mapping).sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1)))
}

/** Thrown inside of this file only: the row ends here, the others go on. */
class Fault extends Error {
  readonly fault: Omit<RowFault, 'code'>
  constructor(fault: Omit<RowFault, 'code'>) {
    super(fault.expected)
    this.fault = fault
  }
}

const faulty = (fault: RowFault): RowResult => ({ row: 'faulty', fault })

function mapAttributes(mapping: CompiledMapping, declared: Map<string, AttributeDeclaration>, input: { row: Attributes; now: string }, keep: string[]): Attributes {
  const attributes: Attributes = {}
  for (const { attribute, expression } of mapping.fields) {
    const value = mapValue(attribute, expression, input, keep)
    if (value === undefined) continue
    const declaration = declared.get(attribute)
    attributes[attribute] = declaration === undefined ? value : typed(value, declaration, expression)
  }
  return attributes
}

function mapPosition(mapping: CompiledMapping, columnsOf: Map<string, string[]>, input: { row: Attributes; now: string }, keep: string[]): MappedPosition {
  const attributes: Attributes = {}
  if (mapping.fields.length === 0) return { attributes }
  const position: Partial<Record<PositionDate, string>> = {}
  for (const { attribute, expression } of mapping.fields) {
    const value = mapValue(attribute, expression, input, keep)
    if (value === undefined) continue
    if (attribute === 'timeZone' && !isTimeZone(value)) {
      throw new Fault({ ...column(columnsOf.get('position.timeZone')), value: shown(value), expected: 'a time zone such as Europe/Berlin' })
    }
    if (!isPositionDate(attribute)) attributes[attribute] = value
    else if (isDate(value)) position[attribute] = value
    else throw new Fault({ ...column(columnsOf.get(`position.${attribute}`)), value: shown(value), expected: 'a date such as 2026-11-21' })
  }
  assertOrder(position, 'start', 'end', columnsOf)
  assertOrder(position, 'leaveFrom', 'leaveUntil', columnsOf)
  return { ...position, attributes }
}

/** The column that an expression is nothing but the cell of. */
function columnOf({ texts }: Expression): string | undefined {
  const [only, ...others] = texts ?? []
  return only === undefined || typeof only === 'string' || others.length > 0 ? undefined : only.name
}

/** Whether the dates of a position stand in their order. */
export function areOrdered({ start, end, leaveFrom, leaveUntil }: Partial<Record<PositionDate, string>>): boolean {
  return isOrdered(start, end) && isOrdered(leaveFrom, leaveUntil)
}

const isOrdered = (first: string | undefined, last: string | undefined): boolean => first === undefined || last === undefined || first <= last

function assertOrder(position: Partial<Record<PositionDate, string>>, from: PositionDate, until: PositionDate, columnsOf: Map<string, string[]>): void {
  const [first, last] = [position[from], position[until]]
  if (isOrdered(first, last)) return
  throw new Fault({ ...column(columnsOf.get(`position.${until}`)), value: last!, expected: `a date not before ${first}` })
}

function mapValue(attribute: string, expression: Expression, input: { row: Attributes; now: string }, keep: string[]): Value | undefined {
  const field = mapField(attribute, expression, input)
  // Nearly all values are texts.
  if (typeof field === 'object' && 'set' in field) return field.set
  if (typeof field === 'object' && 'failed' in field) throw new Fault(faultOf(field.failed))
  return fieldValue(field, attribute, keep)
}

/** The value that a field sets; people have no use for candidates, so the first one stands. */
function fieldValue(field: Field, attribute: string, keep: string[]): Value | undefined {
  if (field === 'clear') return undefined
  if (field === 'keep') {
    keep.push(attribute)
    return undefined
  }
  return 'set' in field ? field.set : field.candidates[0]
}

/** The value as its attribute is declared: a number in a cell is fine as a text, not the other way round. */
function typed(value: Value, declaration: AttributeDeclaration, expression: Expression): Value {
  if (declaration.multiValued) return Array.isArray(value) ? value : [String(value)]
  const unfit = (expected: string): Fault => new Fault({ ...single(expression), value: shown(value), expected: `${expected} for ${declaration.name}` })
  if (Array.isArray(value)) throw unfit('one value')
  switch (declaration.type) {
    case 'text':
    case 'reference':
      return typeof value === 'string' ? value : String(value)
    case 'number': {
      const number = typeof value === 'string' ? Number(value) : value
      if (typeof number !== 'number' || !Number.isFinite(number)) throw unfit('a number')
      return number
    }
    case 'boolean':
      if (typeof value === 'boolean') return value
      if (value === 'true' || value === 'false') return value === 'true'
      throw unfit('true or false')
    case 'date':
      if (!isDate(value)) throw unfit('a date such as 2026-11-21')
      return value
  }
}

function isPositionDate(name: string): name is PositionDate {
  return (positionDates as readonly string[]).includes(name)
}

const daysInMonth = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** Whether a value is an ISO date that is in the calendar. */
export function isDate(value: unknown): value is string {
  if (typeof value !== 'string' || value.length !== 10 || value[4] !== '-' || value[7] !== '-') return false
  const [year, month, day] = [digits(value, 0, 4), digits(value, 5, 7), digits(value, 8, 10)]
  if (Number.isNaN(year + month + day)) return false
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth[month - 1]!) return false
  return month !== 2 || day < 29 || (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0))
}

/** Asked a million times in a row; a pattern takes three times as long. */
function digits(text: string, from: number, to: number): number {
  let number = 0
  for (let i = from; i < to; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return NaN
    number = number * 10 + digit
  }
  return number
}

function isTimeZone(value: Value): boolean {
  try {
    return typeof value === 'string' && startOfDay('2026-01-01', value) !== ''
  } catch {
    return false
  }
}

function faultOf(failure: MappingFailure): Omit<RowFault, 'code'> {
  return { ...(failure.column === undefined ? {} : { column: failure.column }), value: shown(failure.value), expected: failure.expected }
}

function columnsReadBy(expressions: Expression[]): string[] {
  return [...new Set(expressions.flatMap((e) => e.reads.filter((r) => r.variable === 'row').map((r) => r.name)))]
}

const column = (columns: string[] | undefined): { column?: string } => (columns?.length === 1 ? { column: columns[0]! } : {})
const single = (expression: Expression): { column?: string } => column(columnsReadBy([expression]))

function text(value: unknown): string {
  return value === null || value === undefined ? '' : String(value).trim()
}

function shown(value: unknown): string {
  return (typeof value === 'string' ? value : JSON.stringify(value) ?? '').slice(0, 200)
}
