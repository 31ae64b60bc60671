/**
 * Expressions of policy: mappings, scopes, rules. The language is CEL with the functions of `expression-functions.ts`.
 * What is missing reads as null; null goes through functions and operators, and counts as false in conditions.
 */
import { Environment, ParseError } from '@marcbachmann/cel-js'
import { UsherError } from './errors.ts'
import { compileTree } from './expression-compile.ts'
import { Wrong, type Compiled, type Frame, type Read } from './expression-node.ts'
import { place, sentence, traceOf, type Trace } from './expression-trace.ts'
import { Unfit, type Kind } from './expression-value.ts'
import type { PersonState } from './person.ts'
import type { Attributes } from './value.ts'

export type { Read } from './expression-node.ts'
export { firstFailed, type Trace } from './expression-trace.ts'

export type ExpressionScope = 'row' | 'person'

export interface RowInput {
  row: Attributes
  /** The instant for which it is computed. */
  now: string
}

export interface PersonInput {
  /** Attributes, with the person's `id` and `state` among them. */
  person: Attributes & { id: string; state: PersonState | string }
  /** The primary position, or the one that is tried. */
  position: Attributes
  positions: Attributes[]
  now: string
}

export type Input = RowInput | PersonInput

export interface Expression {
  readonly source: string
  readonly scope: ExpressionScope
  /** What it reads, found without running it. Each once, in order. */
  readonly reads: Read[]
  /** What it gives as far as known: `boolean`, `text` …, `any`. */
  readonly kind: Kind
  /** It is nothing but these reads and texts, one after the other; so it is as long as each read gives a text. */
  readonly texts?: (Read | string)[]
  /** Whether it looks at the list of positions as a whole: then `reads` does not tell all that it depends on. */
  readonly seesPositions: boolean
  /** A value or null, or a marker: `keepMarker`, `clearMarker`, `{ candidates }`. Throws EXPRESSION_FAILED. */
  evaluate(input: Input): unknown
  /** Evaluates and tells of each condition what it saw and decided. */
  trace(input: Input): Trace
}

const environment = new Environment({ limits: { maxDepth: 100, maxAstNodes: 20_000, maxListElements: 5000, maxMapEntries: 5000, maxCallArguments: 100 } })

/** Throws EXPRESSION_INVALID with line and column. Pure: the caller may keep what it gets, by source and scope. */
export function compile(source: string, scope: ExpressionScope): Expression {
  const { compiled, seesPositions } = compiledOf(source, scope)
  const { run } = compiled
  return {
    source, scope, kind: compiled.kind, seesPositions,
    reads: distinct(compiled.reads),
    ...(compiled.texts === undefined ? {} : { texts: compiled.texts }),
    evaluate(input) {
      try {
        return run(input as Frame)
      } catch (error) {
        throw failure(error, source)
      }
    },
    trace: (input) => traceOf(compiled, frameOf(input), source),
  }
}

function compiledOf(source: string, scope: ExpressionScope): { compiled: Compiled; seesPositions: boolean } {
  try {
    const { ast } = environment.parse(source)
    return { compiled: compileTree(ast, scope), seesPositions: names(ast, 'positions') }
  } catch (error) {
    if (error instanceof Wrong) throw invalid(source, error.message, error.at)
    if (error instanceof Unfit) throw invalid(source, `A value does not fit: ${sentence(error)}`, 0)
    if (error instanceof ParseError) throw invalid(source, `${plain(error.summary)}.`, error.range?.start ?? 0)
    throw error
  }
}

/** Whether a variable of this name is in the tree, whatever it is used for. */
function names(tree: unknown, variable: string): boolean {
  if (Array.isArray(tree)) return tree.some((part) => names(part, variable))
  if (tree === null || typeof tree !== 'object' || !('op' in tree) || !('args' in tree)) return false
  return tree.op === 'id' ? tree.args === variable : names(tree.args, variable)
}

function invalid(source: string, message: string, at: number): UsherError {
  const { line, column } = place(source, at)
  return new UsherError('EXPRESSION_INVALID', `${message} (line ${line}, column ${column} of the expression)`, { expression: source, line, column, message })
}

function failure(error: unknown, expression: string): unknown {
  if (!(error instanceof Unfit)) return error
  const { value, expected, by } = error
  return new UsherError('EXPRESSION_FAILED', `${expression}: ${sentence(error)}`, { expression, function: by, value, expected })
}

/** The parser's words for tokens, in ours. */
function plain(summary: string): string {
  const tokens: Record<string, string> = {
    EOF: 'the end', LPAREN: '(', RPAREN: ')', LBRACKET: '[', RBRACKET: ']', LBRACE: '{', RBRACE: '}', COMMA: 'a comma', COLON: ':', DOT: '.',
    IDENTIFIER: 'a name', STRING: 'text', NUMBER: 'a number', QUESTION: '?', EQ: '==', NE: '!=', AND: '&&', OR: '||', NOT: '!',
  }
  return summary.replace(/\b[A-Z]{2,}\b/g, (token) => tokens[token] ?? token)
}

function distinct(reads: Read[]): Read[] {
  return [...new Map(reads.map((read) => [`${read.variable}${read.each ?? ''}.${read.name}`, read])).values()]
}

/** A trace looks at what it read by itself, so the parts that a scope lacks must be there, empty. */
function frameOf(input: Input): Frame {
  return { row: {}, person: {}, position: {}, positions: [], ...input }
}
