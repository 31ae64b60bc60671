/** One measured figure beside its floor: what the bare tool under it does with the same data in the same run. */
export interface Figure {
  name: string
  value: number
  unit: string
  floor: number
  /** How ours compares with the floor, in the direction that the limit means. */
  ratio: number
  limit: number
  met: boolean
}

/** A figure that must not be more than `limit` times its floor. */
export function atMost(name: string, value: number, unit: string, floor: number, limit: number): Figure {
  const ratio = floor === 0 ? Infinity : value / floor
  return { name, value: round(value), unit, floor: round(floor), ratio: round(ratio), limit, met: ratio <= limit }
}

/** A figure that must be at least `limit` times its floor. */
export function atLeast(name: string, value: number, unit: string, floor: number, limit: number): Figure {
  const ratio = floor === 0 ? Infinity : value / floor
  return { name, value: round(value), unit, floor: round(floor), ratio: round(ratio), limit, met: ratio >= limit }
}

/** A figure that has no floor, only a limit that it must stay below. */
export function below(name: string, value: number, unit: string, limit: number): Figure {
  return { name, value: Math.round(value * 1000) / 1000, unit, floor: 0, ratio: Math.round((value / limit) * 1000) / 1000, limit, met: value < limit }
}

const round = (n: number): number => Math.round(n * 100) / 100

/** A figure with an absolute limit, where no tool does the same thing: its floor is the limit itself. */
export function withoutFloor(name: string, value: number, unit: string, limit: number): Figure {
  return atMost(name, value, unit, limit, 1)
}
