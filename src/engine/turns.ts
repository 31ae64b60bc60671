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

/** The same items; each is asked for before the one before it is done with. */
export async function* ahead<T>(items: AsyncGenerator<T>): AsyncGenerator<T> {
  let next = items.next()
  try {
    for (;;) {
      const { done, value } = await next
      if (done === true) return
      next = items.next()
      // Looked at in its turn; until then it may fail unseen.
      next.catch(() => {})
      yield value
    }
  } finally {
    await items.return(undefined)
  }
}
