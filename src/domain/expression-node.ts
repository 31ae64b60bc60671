/** What the parts of a compiled expression are. */
import type { Kind } from './expression-value.ts'
import type { Attributes } from './value.ts'

/** Which column or attribute an expression reads. */
export interface Read {
  variable: 'row' | 'person' | 'position'
  name: string
  /** Read from each of the person's positions, as in `positions.exists(p, p.department == "Sales")`. */
  each?: true
}

/** All that an expression can see; which half is there depends on the scope. */
export interface Frame {
  row: Attributes
  person: Attributes
  position: Attributes
  positions: Attributes[]
  now: string
}

export type Run = (frame: Frame) => unknown

export interface Compiled {
  run: Run
  kind: Kind
  /** Where it stands in the source. */
  start: number
  end: number
  reads: Read[]
  /** It is nothing but these reads and texts, one after the other; so it is as long as each read gives a text. */
  texts?: (Read | string)[]
  /** Written out, not computed. */
  constant?: { value: unknown }
  /** It is a position, or a list of positions: what is read from it is an attribute. */
  positions?: 'one' | 'many'
  logic?: { operator: '&&' | '||'; parts: Compiled[] }
}

/** Thrown while compiling; `expression.ts` adds line and column. */
export class Wrong extends Error {
  readonly at: number

  constructor(message: string, at: number) {
    super(message)
    this.at = at
  }
}

/** A part before it is known where it stands. */
export type Part = Omit<Compiled, 'start' | 'end'>
