/** A handful of connections, each signed in once, each lent to a few operations at a time. */
import type { Wire } from './ldap-wire.ts'

export interface Pool {
  /** Lends a connection; whoever gets it gives it back with `release`. */
  acquire(): Promise<Wire>
  release(wire: Wire): void
  close(): void
}

export interface PoolSize {
  connections: number
  /** Operations that are on their way on one connection. */
  operations: number
}

/**
 * Connections are opened when needed, one after the other: when the first sign-in is refused, all who wait for one are
 * told the same and do not try too. Sixteen refusals at once would lock the account that Usher uses.
 */
export function openPool({ connections, operations }: PoolSize, open: () => Promise<Wire>): Pool {
  const running = new Map<Wire, number>()
  const queue: PromiseWithResolvers<Wire>[] = []
  let opening = false
  let refused = false
  let closed = false

  const roomiest = (): Wire | undefined => {
    let best: Wire | undefined
    for (const [wire, count] of running) {
      if (!wire.open) running.delete(wire)
      else if (count < operations && (best === undefined || count < running.get(best)!)) best = wire
    }
    return best
  }

  const serve = (): void => {
    for (let wire = roomiest(); wire && queue.length > 0; wire = roomiest()) {
      running.set(wire, running.get(wire)! + 1)
      queue.shift()!.resolve(wire)
    }
    if (!closed && !opening && isWanted()) void openOne()
  }

  /** Where another one was refused, those that are there must do. */
  const isWanted = (): boolean => {
    if (running.size === 0) return queue.length > 0
    const counts = [...running.values()]
    return running.size < connections && !refused && counts.every((count) => count > 0) && (queue.length > 0 || counts.some((count) => count > 1))
  }

  const openOne = async (): Promise<void> => {
    opening = true
    try {
      const wire = await open()
      if (closed) return wire.close()
      refused = false
      running.set(wire, 0)
    } catch (error) {
      refused = true
      if (roomiest() === undefined && running.size === 0) for (const waiting of queue.splice(0)) waiting.reject(error)
    } finally {
      opening = false
    }
    serve()
  }

  return {
    acquire() {
      if (closed) return Promise.reject(new Error('the connector is closed'))
      const waiting = Promise.withResolvers<Wire>()
      queue.push(waiting)
      serve()
      return waiting.promise
    },
    release(wire) {
      const count = running.get(wire)
      if (count !== undefined) running.set(wire, count - 1)
      serve()
    },
    close() {
      closed = true
      for (const wire of running.keys()) wire.close()
      for (const waiting of queue.splice(0)) waiting.reject(new Error('the connector is closed'))
    },
  }
}
