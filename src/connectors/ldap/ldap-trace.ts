/** Who changed an entry last, as the directory's own bookkeeping says. */
import type { Trace, Traced } from '../connector.ts'
import { dnKey } from './dn.ts'
import type { Session } from './ldap-members.ts'
import { chunked } from './ldap-members.ts'
import { allOf, anyOf, textOf, valuesOf } from './ldap-profile.ts'
import { isId } from './ldap-read.ts'
import { codecFor } from './ldap-values.ts'

const instants = codecFor('instant')

/**
 * One answer for each, null where the directory says nothing. A membership stands in its group's entry. `own`: who writes for
 * Usher; where they changed an entry last, it no longer says who changed it before.
 */
export async function trace(session: Session, own: string, asked: Traced[], signal: AbortSignal): Promise<(Trace | null)[]> {
  const { client, profile, config } = session
  const subject = (one: Traced): string => (one.entitlement ?? one).id
  const { at, by } = profile.traceAttributes
  const found = new Map<string, Omit<Trace, 'of'>>()
  for (const ids of chunked([...new Set(asked.map(subject))].filter(isId))) {
    const entries = await client.search({
      what: 'Ask who changed entries last', base: config.base, scope: 'sub',
      filter: allOf(anyOf(ids.map((id) => profile.idFilter(id)))),
      attributes: [profile.idAttribute, at, ...(by === undefined ? [] : [by])], controls: profile.searchControls(),
    }, signal)
    for (const entry of entries) {
      const id = profile.decodeId(valuesOf(entry, profile.idAttribute)[0] ?? Buffer.alloc(0))
      const [changed] = valuesOf(entry, at)
      const who = by === undefined ? undefined : textOf(entry, by)
      if (changed === undefined || (who !== undefined && dnKey(who) === dnKey(own))) continue
      found.set(id, { at: String(instants.decode(changed)), ...(who === undefined ? {} : { by: who }) })
    }
  }
  return asked.map((one) => {
    const known = found.get(subject(one))
    return known === undefined ? null : { ...known, of: one.entitlement === undefined ? 'account' : 'entitlement' }
  })
}
