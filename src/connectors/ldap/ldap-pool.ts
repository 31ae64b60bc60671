/** A handful of connections, each signed in once and lent to one operation at a time. */
import type { Wire } from './ldap-wire.ts'

export interface Pool {
  /** Lends a connection; whoever gets it gives it back with `release`. */
  acquire(): Promise<Wire>
  release(wire: Wire): void
  close(): void
}

/**
 * Connections are opened when needed, one after the other: when the first sign-in is refused, those who wait for one are
 * told the same and do not try too. Sixteen refusals at once would lock the account that Usher uses.
 */
export function openPool(limit: number, open: () => Promise<Wire>): Pool {
  const idle: Wire[] = []
  const lent = new Set<Wire>()
  const queue: ((wire: Wire | undefined) => void)[] = []
  let opening: Promise<Wire> | undefined
  let closed = false

  const openOne = async (): Promise<Wire | undefined> => {
    while (opening) {
      await opening
      const free = takeIdle()
      if (free || lent.size >= limit) return free
    }
    opening = open()
    try {
      const wire = await opening
      if (closed) wire.close()
      return wire
    } finally {
      opening = undefined
    }
  }

  const takeIdle = (): Wire | undefined => {
    for (let wire = idle.pop(); wire; wire = idle.pop()) if (wire.open) return wire
    return undefined
  }

  return {
    async acquire() {
      for (;;) {
        const wire = takeIdle() ?? (lent.size < limit ? await openOne() : await new Promise<Wire | undefined>((resolve) => queue.push(resolve)))
        if (!wire?.open) {
          if (closed) throw new Error('the connector is closed')
          continue
        }
        lent.add(wire)
        return wire
      }
    },
    release(wire) {
      lent.delete(wire)
      if (closed) return wire.close()
      const next = queue.shift()
      if (next) next(wire)
      else if (wire.open) idle.push(wire)
    },
    close() {
      closed = true
      for (const wire of [...idle, ...lent]) wire.close()
      for (const next of queue.splice(0)) next(undefined)
    },
  }
}
