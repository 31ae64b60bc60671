/** Gives turns to work that is asked for: `width` pieces at a time, in the order in which they came. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>

export function turnsOf(width: number): Turns {
  const waiting: (() => void)[] = []
  let free = width
  const next = (): void => {
    const begin = waiting.shift()
    if (begin === undefined) free++
    else begin()
  }
  return async (work) => {
    if (free > 0) free--
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      next()
    }
  }
}
