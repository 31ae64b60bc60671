/** Field mappings: attribute → expression. */
import { UsherError } from './errors.ts'
import { compile, type Expression, type ExpressionScope, type Input, type Read } from './expression.ts'
import { written } from './expression-trace.ts'
import { isEmpty, isList, isMap, show } from './expression-value.ts'
import type { Mapped, Value } from './value.ts'

export interface CompiledMapping {
  fields: { attribute: string; expression: Expression }[]
}

/** A mapped value, or candidates of which the engine reserves the first free one. */
export type Field = Mapped | { candidates: string[] }

export interface MappingFailure {
  attribute: string
  expression: string
  value: unknown
  expected: string
  /** The row's column that the value came from, where there is just one. */
  column?: string
  message: string
}

export interface MappingResult {
  values: Record<string, Field>
  failures: MappingFailure[]
}

/** Throws EXPRESSION_INVALID, naming the attribute. */
export function compileMapping(mapping: Record<string, string>, scope: ExpressionScope): CompiledMapping {
  return { fields: Object.entries(mapping).map(([attribute, source]) => ({ attribute, expression: compileField(attribute, source, scope) })) }
}

export function applyMapping(compiled: CompiledMapping, input: Input): MappingResult {
  const values: Record<string, Field> = {}
  const failures: MappingFailure[] = []
  for (const { attribute, expression } of compiled.fields) {
    const field = mapField(attribute, expression, input)
    if (typeof field === 'object' && 'failed' in field) failures.push(field.failed)
    else values[attribute] = field
  }
  return { values, failures }
}

export function mapField(attribute: string, expression: Expression, input: Input): Field | { failed: MappingFailure } {
  try {
    return fieldOf(expression.evaluate(input), expression)
  } catch (error) {
    if (!(error instanceof UsherError) || error.code !== 'EXPRESSION_FAILED') throw error
    return { failed: failureOf(attribute, expression, error) }
  }
}

/** The candidates in the order in which they are tried; those with `{n}` once per counter, after the others. */
export function* candidatesInOrder(candidates: string[], counterMax = 9999): Generator<string> {
  yield* candidates.filter((candidate) => !candidate.includes('{n}'))
  const counted = candidates.filter((candidate) => candidate.includes('{n}'))
  for (let n = 2; counted.length > 0 && n <= counterMax; n++) for (const candidate of counted) yield candidate.replaceAll('{n}', String(n))
}

function compileField(attribute: string, source: string, scope: ExpressionScope): Expression {
  try {
    return compile(source, scope)
  } catch (error) {
    if (!(error instanceof UsherError)) throw error
    throw new UsherError(error.code, `${attribute}: ${error.message}`, { ...error.details, attribute })
  }
}

/** What an expression gave, as what the mapping does. */
function fieldOf(result: unknown, expression: Expression): Field {
  if (typeof result === 'string') return result === '' ? 'clear' : { set: result }
  if (result === null || typeof result === 'boolean') return result === null ? 'clear' : { set: result }
  if (typeof result === 'number' && Number.isFinite(result)) return { set: result }
  if (isList(result)) {
    const items = result.filter((item) => !isEmpty(item))
    if (items.some((item) => typeof item === 'object')) throw unfit(expression, result, 'a list of texts')
    return items.length === 0 ? 'clear' : { set: items.map(String) }
  }
  if (typeof result === 'object' && !isMap(result)) {
    if ('mapped' in result && (result.mapped === 'keep' || result.mapped === 'clear')) return result.mapped
    if ('candidates' in result && isList(result.candidates)) return { candidates: result.candidates as string[] }
  }
  throw unfit(expression, result, 'a text, a number, true or false, or a list of texts')
}

function unfit(expression: Expression, value: unknown, expected: string): UsherError {
  return new UsherError('EXPRESSION_FAILED', `${expression.source}: expected ${expected}, found ${show(value)}.`, { expression: expression.source, function: '', value, expected })
}

function failureOf(attribute: string, expression: Expression, error: UsherError): MappingFailure {
  const { value, expected } = error.details as { value: unknown; expected: string }
  const [read, ...others] = expression.reads
  const column = read?.variable === 'row' && others.length === 0 ? { column: read.name } : {}
  const where = read !== undefined && others.length === 0 ? ` in ${nameOf(read)}` : ''
  return { attribute, expression: expression.source, value, expected, ...column, message: `${attribute}: expected ${expected}, found ${show(value)}${where}.` }
}

const nameOf = (read: Read): string => (read.variable === 'row' ? `column "${read.name}"` : written(read))

/** The value that a field sets, if it sets one. */
export function setValue(field: Field | undefined): Value | undefined {
  return typeof field === 'object' && 'set' in field ? field.set : undefined
}
