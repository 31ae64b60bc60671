/** What an expression saw and decided, condition by condition: the matter of "why not". */
import type { Compiled, Frame, Read } from './expression-node.ts'
import { isMap, show, Unfit } from './expression-value.ts'
import type { Attributes } from './value.ts'

export interface Trace {
  /** The condition as written, and where. */
  text: string
  line: number
  column: number
  /** Set where `parts` are joined by it. */
  operator?: '&&' | '||'
  /** What it came to; null also where it failed. */
  result: unknown
  /** What was wrong with a value, if it failed. */
  error?: string
  /** The values that it read, by the name under which it reads them: `person.department`, `row["Start date"]`. */
  saw: Record<string, unknown>
  parts: Trace[]
}

/** Every part is evaluated, also those that the outcome no longer depends on. */
export function traceOf(compiled: Compiled, frame: Frame, source: string): Trace {
  const { line, column } = place(source, compiled.start)
  const parts = compiled.logic?.parts.map((part) => traceOf(part, frame, source)) ?? []
  const trace: Trace = { text: source.slice(compiled.start, compiled.end), line, column, result: null, saw: sawBy(compiled.reads, frame), parts }
  if (compiled.logic !== undefined) trace.operator = compiled.logic.operator
  try {
    const result = compiled.run(frame)
    trace.result = isMap(result) ? Object.fromEntries(result) : result
  } catch (error) {
    if (!(error instanceof Unfit)) throw error
    trace.error = sentence(error)
  }
  return trace
}

/** The first condition, leftmost and deepest, that kept the whole from being true; null where the whole is true. */
export function firstFailed(trace: Trace): Trace | null {
  if (trace.result === true) return null
  const failed = trace.parts.find((part) => part.result !== true)
  return failed === undefined ? trace : firstFailed(failed)
}

/** Line and column of an offset, both from 1. */
export function place(source: string, offset: number): { line: number; column: number } {
  const before = source.slice(0, offset).split('\n')
  return { line: before.length, column: before.at(-1)!.length + 1 }
}

export function sentence(unfit: Unfit): string {
  const by = unfit.by === '' ? '' : /^\w+$/.test(unfit.by) ? `${unfit.by}(): ` : `"${unfit.by}": `
  return `${by}expected ${unfit.expected}, found ${show(unfit.value)}.`
}

/** How a read is written in an expression. */
export function written({ variable, name, each }: Read): string {
  if (each) return `positions[].${name}`
  return variable !== 'row' && /^[A-Za-z_]\w*$/.test(name) ? `${variable}.${name}` : `${variable}[${JSON.stringify(name)}]`
}

function sawBy(reads: Read[], frame: Frame): Record<string, unknown> {
  const saw: Record<string, unknown> = {}
  for (const read of reads) saw[written(read)] = valueOf(read, frame)
  return saw
}

function valueOf({ variable, name, each }: Read, frame: Frame): unknown {
  return each ? frame.positions.map((position) => own(position, name)) : own(frame[variable], name)
}

const own = (from: Attributes, name: string): unknown => (Object.hasOwn(from, name) ? from[name] ?? null : null)
