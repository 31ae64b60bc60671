/** Searches and writes over a pool of connections; failures become errors of ours with the server's own words. */
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { BindRequest, ExtendedRequest, PresenceFilter, SearchRequest } from 'ldapts'
import type { Control, Filter } from 'ldapts'
import type { ErrorCode } from '../../domain/errors.ts'
import { UsherError } from '../../domain/errors.ts'
import type { Secrets } from '../connector.ts'
import type { LdapConfig } from './ldap-config.ts'
import { cookieOf, oids, pagedControl } from './ldap-controls.ts'
import { attributesOf } from './ldap-decode.ts'
import type { LdapResult, RawEntry } from './ldap-decode.ts'
import { codes, connectionError, refusal, wordsOf } from './ldap-errors.ts'
import { openPool } from './ldap-pool.ts'
import type { PoolSize } from './ldap-pool.ts'
import { openWire } from './ldap-wire.ts'
import type { Request, Wire } from './ldap-wire.ts'

export interface Query {
  /** What is being tried, for messages: "Read users under ou=people". */
  what: string
  base: string
  scope: 'base' | 'one' | 'sub'
  filter: Filter
  attributes: string[]
  controls?: Control[]
  /** Entries wanted at most; more are not an error. */
  limit?: number
}

/** How a paged search ended. */
export type PagesEnd = { complete: true } | { complete: false, code: ErrorCode, because: string }

export interface LdapClient {
  /** All entries that meet the query. Throws `UsherError` when not all could be had. */
  search(query: Query, signal: AbortSignal): Promise<RawEntry[]>
  /** The same page by page; a failure half-way ends it instead of throwing. */
  pages(query: Query, signal: AbortSignal): AsyncGenerator<RawEntry[], PagesEnd>
  /** Sends a write and resolves with the server's answer, whatever it is. Throws when there was none. */
  write(request: Request, signal: AbortSignal): Promise<LdapResult>
  /** Whether the server says that it knows this control. */
  knows(oid: string, signal: AbortSignal): Promise<boolean>
  /** Signs in on two connections, as many as a change uses, and keeps them from being closed for silence. */
  keepReady(signal: AbortSignal): Promise<void>
  /** Opens a connection without signing in, to tell the two apart. */
  connect(): Promise<void>
  /** Whether what is sent is encrypted. */
  readonly secure: boolean
  close(): void
}

const rootQuery: Query = {
  what: 'Read what the server can do', base: '', scope: 'base', filter: new PresenceFilter({ attribute: 'objectClass' }),
  attributes: ['supportedControl', 'supportedExtension'],
}

/** Opens nothing yet: connections are made when the first operation needs one. */
export function openClient(config: LdapConfig, secrets: Secrets, size: PoolSize): LdapClient {
  const { host, port, secure } = address(config.url)
  const silenceMs = config.timeoutSeconds * 1000

  const connectWire = async (): Promise<Wire> => {
    try {
      const tls = secure || config.startTls ? tlsOptions(config, host) : undefined
      const wire = await openWire({ host, port, silenceMs, ...(secure && tls ? { tls } : {}) })
      if (config.startTls && tls) await startTls(wire, tls)
      return wire
    } catch (error) {
      throw connectionError(error, config.url)
    }
  }

  const signedIn = async (): Promise<Wire> => {
    const password = await secrets(config.password)
    // A directory takes an empty password for a visitor without a name, and lets them in.
    if (password === '') throw new UsherError('SYSTEM_SIGN_IN_FAILED', `${config.url}: the password stored for ${config.bindDn} is empty`)
    const wire = await connectWire()
    try {
      const result = await wire.send(new BindRequest({ messageId: 0, dn: config.bindDn, password }))
      if (result.code !== codes.success) throw refusal(result, `Sign in to ${config.url} as ${config.bindDn}`)
      return wire
    } catch (error) {
      wire.close()
      throw connectionError(error, config.url)
    }
  }

  const pool = openPool(size, signedIn)
  let known: Promise<Set<string>> | undefined

  const withWire = async <T>(use: (wire: Wire) => Promise<T>): Promise<T> => {
    const wire = await pool.acquire()
    try {
      return await use(wire)
    } catch (error) {
      throw connectionError(error, config.url)
    } finally {
      pool.release(wire)
    }
  }

  const rootControls = async (signal: AbortSignal): Promise<Set<string>> => {
    const [root] = await client.search(rootQuery, signal)
    return new Set(root && attributesOf(root).flatMap(([, values]) => values.map((value) => value.toString('latin1'))))
  }

  const client: LdapClient = {
    search: (query, signal) => withWire(async (wire) => {
      const answer = await ask(wire, query, query.controls ?? [], signal)
      const wanted = answer.result.code === codes.success || (answer.result.code === codes.sizeLimitExceeded && query.limit)
      if (!wanted) throw refusal(answer.result, query.what)
      return answer.entries
    }),

    async *pages(query, signal) {
      let wire: Wire | undefined
      let running: Promise<Answer> | undefined
      const page = (on: Wire, cookie: Buffer): Promise<Answer> => {
        const answer = ask(on, query, [...query.controls ?? [], pagedControl(config.pageSize, cookie)], signal, true)
        answer.catch(() => {})
        return answer
      }
      try {
        // A connection of its own: a read of an hour must not keep the pool's.
        wire = await signedIn()
        running = page(wire, Buffer.alloc(0))
        for (;;) {
          const { entries, references, result } = await running
          running = undefined
          const cookie = cookieOf(result.controls.get(oids.paged))
          // The next page is on its way while this one is looked at.
          if (result.code === codes.success && cookie?.length) running = page(wire, cookie)
          if (entries.length > 0) yield entries
          const missing = incomplete(query, result, references, cookie)
          if (missing) return missing
          if (!running) return { complete: true }
        }
      } catch (error) {
        const { code, message } = connectionError(error, config.url)
        return { complete: false, code, because: `${query.what}: ${message}` }
      } finally {
        wire?.close()
      }
    },

    write: (request, signal) => withWire((wire) => wire.send(request, { signal })),

    async knows(oid, signal) {
      known ??= rootControls(signal)
      try {
        return (await known).has(oid)
      } catch (error) {
        known = undefined
        throw error
      }
    },

    async keepReady(signal) {
      // What the server can do is asked for here, and not before the first write.
      await Promise.all([client.knows(oids.assertion, signal), client.search(rootQuery, signal)])
      await client.search(rootQuery, signal)
    },

    async connect() {
      const wire = await connectWire()
      wire.close()
    },

    secure: secure || config.startTls,
    close: () => pool.close(),
  }
  return client
}

interface Answer {
  entries: RawEntry[]
  references: string[]
  result: LdapResult
}

async function ask(wire: Wire, query: Query, controls: Control[], signal: AbortSignal, atOnce = false): Promise<Answer> {
  const entries: RawEntry[] = []
  const references: string[] = []
  const result = await wire.send(new SearchRequest({
    messageId: 0, baseDN: query.base, scope: query.scope, filter: query.filter, attributes: query.attributes,
    sizeLimit: query.limit ?? 0, timeLimit: 0, controls,
  }), {
    onEntry: (entry) => entries.push(entry),
    onReference: (addresses) => references.push(...addresses),
    signal, atOnce,
  })
  return { entries, references, result }
}

/** What shows that a page was not all that the server has. */
function incomplete(query: Query, result: LdapResult, references: string[], cookie: Buffer | undefined): PagesEnd | undefined {
  if (result.code === codes.noSuchObject) {
    return { complete: false, code: 'NOT_FOUND', because: `${query.what}: there is no ${query.base}` }
  }
  if (result.code !== codes.success) {
    const { code, message } = refusal(result, query.what)
    return { complete: false, code: code === 'SYSTEM_REFUSED' ? 'SYSTEM_READ_INCOMPLETE' : code, because: message }
  }
  if (references.length > 0) {
    const because = `${query.what}: part of the tree is on another server: ${references.join(' ')}`
    return { complete: false, code: 'SYSTEM_READ_INCOMPLETE', because }
  }
  if (cookie === undefined) {
    const because = `${query.what}: the server did not say whether there are more pages (${wordsOf(result)})`
    return { complete: false, code: 'SYSTEM_READ_INCOMPLETE', because }
  }
  return undefined
}

async function startTls(wire: Wire, tls: ConnectionOptions): Promise<void> {
  try {
    const result = await wire.send(new ExtendedRequest({ messageId: 0, oid: oids.startTls }))
    if (result.code !== codes.success) throw new UsherError('SYSTEM_TLS_FAILED', `StartTLS: ${wordsOf(result)}`)
    await wire.encrypt(tls)
  } catch (error) {
    wire.close()
    throw error
  }
}

function tlsOptions(config: LdapConfig, host: string): ConnectionOptions {
  const { ca, serverName, rejectUnauthorized } = config.tls
  const name = serverName ?? (isIP(host) ? undefined : host)
  return { host, rejectUnauthorized, ...(name ? { servername: name } : {}), ...(ca ? { ca: pem(ca) } : {}) }
}

function pem(ca: string): string {
  if (ca.includes('-----BEGIN')) return ca
  try {
    return readFileSync(ca, 'utf8')
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error)
    throw new UsherError('SYSTEM_TLS_FAILED', `The CA certificate cannot be read: ${words}`, {}, error)
  }
}

function address(url: string): { host: string, port: number, secure: boolean } {
  const { protocol, hostname, port } = new URL(url)
  const secure = protocol === 'ldaps:'
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port ? Number(port) : secure ? 636 : 389, secure }
}
