/** Calls of functions: how many values, of which kinds, and what happens where one is missing. */
import { coercions, type Parameter } from './expression-function.ts'
import { callables, type Callable } from './expression-functions.ts'
import { Wrong, type Compiled, type Part, type Run } from './expression-node.ts'
import { name as kindName } from './expression-operators.ts'
import { Unfit, type Kind } from './expression-value.ts'

export function applied({ entry, signature }: Callable, parts: Compiled[], at: number): Part {
  const { name } = entry
  if (parts.length < signature.least || parts.length > signature.most) throw new Wrong(`It is ${entry.signature}; here are ${parts.length} values.`, at)
  const parameterOf = (index: number): Parameter => signature.parameters[Math.min(index, signature.parameters.length - 1)]!
  for (const [index, part] of parts.entries()) {
    const wanted = parameterOf(index)
    if (!accepts(wanted.kind, part)) throw new Wrong(`${name}(): "${wanted.name}" is ${kindName(wanted.kind)}, this is ${kindName(part.kind)}.`, part.start)
  }
  try {
    entry.prepare?.(parts.map((part) => part.constant?.value))
  } catch (error) {
    throw new Wrong(error instanceof Error ? error.message : String(error), at)
  }
  const runs = parts.map((part, index) => coerced(part, parameterOf(index).kind))
  const reads = parts.flatMap((part) => part.reads)
  return { run: guarded(name, entry.run as (...args: unknown[]) => unknown, runs, entry.seesNull ?? false), kind: signature.returns, reads }
}

/** Null in, null out, unless the function exists for nulls. */
function guarded(name: string, compute: (...args: unknown[]) => unknown, runs: Run[], seesNull: boolean): Run {
  const [first, second] = runs
  const run: Run = seesNull || runs.length === 0 ? (frame) => compute(...runs.map((part) => part(frame)))
    : runs.length === 1 ? (frame) => {
      const a = first!(frame)
      return a === null ? null : compute(a)
    }
    : runs.length === 2 ? (frame) => {
      const a = first!(frame)
      if (a === null) return null
      const b = second!(frame)
      return b === null ? null : compute(a, b)
    }
    : (frame) => {
      const values: unknown[] = []
      for (const part of runs) {
        const value = part(frame)
        if (value === null) return null
        values.push(value)
      }
      return compute(...values)
    }
  return (frame) => {
    try {
      return run(frame)
    } catch (error) {
      if (error instanceof Unfit) error.by ||= name
      throw error
    }
  }
}

function coerced(part: Compiled, kind: Kind): Run {
  const { run } = part
  if (kind === 'any' || kind === part.kind) return run
  const coerce = coercions[kind]
  if (part.constant !== undefined) {
    const value = part.constant.value === null ? null : coerce(part.constant.value)
    return () => value
  }
  if (kind === 'text') {
    return (frame) => {
      const value = run(frame)
      return typeof value === 'string' || value === null ? value : coerce(value)
    }
  }
  return (frame) => {
    const value = run(frame)
    return value === null ? null : coerce(value)
  }
}

function accepts(wanted: Kind, part: Compiled): boolean {
  const { kind } = part
  if (wanted === 'any' || kind === 'any' || kind === 'null' || kind === wanted) return true
  if (wanted === 'text') return kind === 'int' || kind === 'number' || kind === 'boolean'
  if (wanted === 'list') return kind !== 'map'
  if (wanted !== 'int' && wanted !== 'number') return false
  return kind === 'int' || kind === 'number' || (kind === 'text' && part.constant === undefined)
}

const elsewhere: Record<string, string> = {
  timestamp: 'date', duration: 'addDays', substring: 'mid', lowerAscii: 'lower', upperAscii: 'upper', lowercase: 'lower', uppercase: 'upper',
  toLower: 'lower', toUpper: 'upper', concat: 'join', len: 'length', iif: 'a condition ? this : that', if: 'a condition ? this : that', switch: 'lookup', parseDate: 'date', uint: 'int',
}

/** What somebody meant who knows the function under another name. */
export function suggestion(name: string): string {
  const lower = name.toLowerCase()
  const near = elsewhere[name] ?? [...callables.keys()].find((known) => known.toLowerCase() === lower)
    ?? [...callables.keys()].find((known) => known.toLowerCase().startsWith(lower) || lower.startsWith(known.toLowerCase()))
  return near === undefined ? '' : ` Did you mean ${near}?`
}
