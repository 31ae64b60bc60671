/**
 * One connection to a directory: requests go out, answers come back to whoever asked.
 *
 * Requests are written by ldapts; answers are read by `ldap-decode.ts`, because four things that ldapts hides decide
 * whether a read was complete: the controls of an answer, referrals, an empty page with a cookie, and bytes that are not
 * LDAP (docs/decisions/0013).
 */
import { connect as connectTcp } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ConnectionOptions } from 'node:tls'
import { AbandonRequest, UnbindRequest } from 'ldapts'
import { element, inside, integer, messageLength, next, readEntry, readReference, readResult } from './ldap-decode.ts'
import type { LdapResult, RawEntry } from './ldap-decode.ts'

/** What ldapts' request classes have in common, as far as it is needed here. */
export interface Request {
  messageId: number
  write(): Buffer
}

export interface Wire {
  /** Sends a request; resolves with the answer that ends it. Rejects when the connection is lost or stays silent. */
  send(request: Request, options?: SendOptions): Promise<LdapResult>
  /** From here on everything is encrypted; after the server has agreed to it. */
  encrypt(options: ConnectionOptions): Promise<void>
  readonly open: boolean
  readonly encrypted: boolean
  close(): void
}

export interface SendOptions {
  onEntry?: (entry: RawEntry) => void
  onReference?: (addresses: string[]) => void
  /** Leaves before anything else is done, as the server has work to do with it meanwhile. */
  atOnce?: boolean
  signal?: AbortSignal | undefined
}

export interface WireOptions {
  host: string
  port: number
  /** Present: TLS from the first byte. */
  tls?: ConnectionOptions
  /** How long the server may stay silent while an answer is due. */
  silenceMs: number
}

/** The connection was lost, could not be made, or stayed silent: nobody knows what became of the request. */
export class ConnectionLost extends Error {}

interface Waiting extends SendOptions {
  resolve(result: LdapResult): void
  reject(error: Error): void
}

const operations = { entry: 0x64, reference: 0x73, intermediate: 0x79 } as const
/** A server that sends a message above this is broken, or no directory. */
const messageBytesMax = 512 * 1024 * 1024

/** Opens a connection. Rejects with the socket's or TLS's own error. */
export async function openWire({ host, port, tls, silenceMs }: WireOptions): Promise<Wire> {
  let socket: Socket = await connectSocket(tls ? () => connectTls({ ...tls, host, port }) : () => connectTcp(port, host),
    tls ? 'secureConnect' : 'connect', silenceMs)
  let encrypted = tls !== undefined
  let open = true
  let lastId = 0
  let chunks: Buffer[] = []
  let have = 0
  let need = 2
  const waiting = new Map<number, Waiting>()

  const lose = (error: Error): void => {
    if (!open) return
    open = false
    socket.destroy()
    const lost = error instanceof ConnectionLost ? error : new ConnectionLost(error.message, { cause: error })
    for (const one of waiting.values()) one.reject(lost)
    waiting.clear()
  }

  const dispatch = (bytes: Buffer, from: number, end: number): void => {
    const message = element(bytes, from)
    const part = inside(message)
    const id = integer(part)
    const operation = next(part)
    const one = waiting.get(id)
    if (operation.tag === operations.entry) one?.onEntry?.(readEntry(operation))
    else if (operation.tag === operations.reference) one?.onReference?.(readReference(operation))
    else if (operation.tag !== operations.intermediate) {
      const result = readResult(operation, end)
      if (id === 0) return lose(new ConnectionLost(`the server ended the connection: ${result.words || `code ${result.code}`}`))
      waiting.delete(id)
      one?.resolve(result)
      if (waiting.size === 0) socket.setTimeout(0)
    }
  }

  const receive = (chunk: Buffer): void => {
    chunks.push(chunk)
    have += chunk.length
    if (have < need) return
    const bytes = chunks.length === 1 ? chunk : Buffer.concat(chunks)
    let at = 0
    for (;;) {
      const length = messageLength(bytes, at)
      if (length !== undefined && length > messageBytesMax) throw new Error('the answer is not LDAP: a message of impossible size')
      if (length === undefined || at + length > bytes.length) {
        need = length ?? bytes.length - at + 1
        break
      }
      dispatch(bytes, at, at + length)
      at += length
    }
    chunks = at < bytes.length ? [bytes.subarray(at)] : []
    have = bytes.length - at
  }

  const listen = (): void => {
    socket.on('data', (chunk: Buffer) => {
      try {
        receive(chunk)
      } catch (error) {
        lose(error instanceof Error ? error : new Error(String(error)))
      }
    })
    socket.on('error', lose)
    socket.on('close', () => lose(new ConnectionLost('the server closed the connection')))
    socket.on('timeout', () => lose(new ConnectionLost(`the server did not answer within ${silenceMs / 1000} s`)))
    socket.setNoDelay(true)
  }
  listen()

  /** What is sent by all that was waiting for one answer leaves together, once all of them had their turn. */
  const write = (bytes: Buffer, atOnce = false): void => {
    if (!atOnce && socket.writableCorked === 0) {
      const corked = socket
      corked.cork()
      process.nextTick(() => corked.uncork())
    }
    socket.write(bytes)
  }

  return {
    send(request, options = {}) {
      const id = lastId = lastId % 0x7fffffff + 1
      request.messageId = id
      const { signal } = options
      return new Promise<LdapResult>((resolve, reject) => {
        if (!open) return reject(new ConnectionLost('the connection is closed'))
        if (signal?.aborted) return reject(new ConnectionLost('stopped before it was sent'))
        const onAbort = (): void => {
          waiting.delete(id)
          if (open) write(withId(new AbandonRequest({ messageId: 0, abandonId: id }), lastId = lastId % 0x7fffffff + 1))
          reject(new ConnectionLost('stopped before the answer came'))
        }
        signal?.addEventListener('abort', onAbort, { once: true })
        const done = (): void => signal?.removeEventListener('abort', onAbort)
        waiting.set(id, {
          ...options,
          resolve: (result) => {
            done()
            resolve(result)
          },
          reject: (error) => {
            done()
            reject(error)
          },
        })
        socket.setTimeout(silenceMs)
        write(request.write(), options.atOnce)
      })
    },
    async encrypt(options) {
      for (const event of ['data', 'error', 'close', 'timeout']) socket.removeAllListeners(event)
      const plain = socket
      socket = await connectSocket(() => connectTls({ ...options, socket: plain }), 'secureConnect', silenceMs)
      encrypted = true
      listen()
    },
    get open() {
      return open
    },
    get encrypted() {
      return encrypted
    },
    close() {
      if (!open) return
      open = false
      socket.removeAllListeners('close')
      socket.on('error', () => {})
      socket.end(withId(new UnbindRequest({ messageId: 0 }), lastId = lastId % 0x7fffffff + 1))
      for (const one of waiting.values()) one.reject(new ConnectionLost('the connection was closed'))
      waiting.clear()
      socket.unref()
    },
  }
}

function withId(request: Request, id: number): Buffer {
  request.messageId = id
  return request.write()
}

function connectSocket(make: () => Socket, ready: 'connect' | 'secureConnect', silenceMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = make()
    const fail = (error: Error): void => {
      socket.destroy()
      reject(error)
    }
    socket.once('error', fail)
    socket.once('close', () => fail(new ConnectionLost('the server closed the connection')))
    socket.setTimeout(silenceMs, () => fail(new ConnectionLost(`no connection within ${silenceMs / 1000} s`)))
    socket.once(ready, () => {
      socket.removeAllListeners('error').removeAllListeners('close').removeAllListeners('timeout')
      socket.setTimeout(0)
      resolve(socket)
    })
  })
}
