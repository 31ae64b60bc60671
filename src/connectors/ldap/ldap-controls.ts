/** Controls that go with a request, and what comes back in theirs. */
import { BerWriter, Control } from 'ldapts'
import type { Filter } from 'ldapts'
import { element, inside, next, octets, readEntry } from './ldap-decode.ts'
import type { RawEntry } from './ldap-decode.ts'

export const oids = {
  paged: '1.2.840.113556.1.4.319',
  postRead: '1.3.6.1.1.13.2',
  assertion: '1.3.6.1.1.12',
  /** Active Directory: stay in this domain, answer no references to others. */
  domainScope: '1.2.840.113556.1.4.1339',
  /** Active Directory: names come with the ids that they stand for. */
  extendedDn: '1.2.840.113556.1.4.529',
  /** Known to servers that have the ppolicy overlay. */
  passwordPolicy: '1.3.6.1.4.1.42.2.27.8.5.1',
  startTls: '1.3.6.1.4.1.1466.20037',
} as const

/** A control whose value is known as bytes. */
class ValueControl extends Control {
  readonly value: Buffer | undefined

  constructor(oid: string, value?: Buffer, critical = true) {
    super(oid, { critical })
    this.value = value
  }

  override writeControl(writer: BerWriter): void {
    if (this.value) writer.writeBuffer(this.value, 4)
  }
}

/** The next `size` entries after those that the cookie stands for. */
export function pagedControl(size: number, cookie: Buffer): Control {
  return new ValueControl(oids.paged, written((writer) => {
    writer.startSequence()
    writer.writeInt(size)
    writer.writeBuffer(cookie, 4)
    writer.endSequence()
  }))
}

/** The cookie for the next page; empty after the last one; undefined when the server said nothing about pages. */
export function cookieOf(control: Buffer | undefined): Buffer | undefined {
  if (!control || control.length === 0) return undefined
  // A copy, as the page's own bytes are let go.
  return Buffer.from(octets(next(inside(element(control, 0)))))
}

/** The entry as it is after the write, with these attributes. */
export function postReadControl(attributes: string[]): Control {
  return new ValueControl(oids.postRead, written((writer) => {
    writer.startSequence()
    for (const attribute of attributes) writer.writeString(attribute)
    writer.endSequence()
  }))
}

/** What a post-read control brought back. */
export function postReadEntry(control: Buffer | undefined): RawEntry | undefined {
  return control && control.length > 0 ? readEntry(element(control, 0)) : undefined
}

/** The write happens only where the entry meets the filter. */
export function assertionControl(filter: Filter): Control {
  return new ValueControl(oids.assertion, written((writer) => filter.write(writer)))
}

export function domainScopeControl(): Control {
  return new ValueControl(oids.domainScope, undefined, false)
}

export function extendedDnControl(): Control {
  return new ValueControl(oids.extendedDn, written((writer) => {
    writer.startSequence()
    writer.writeInt(1)
    writer.endSequence()
  }))
}

function written(write: (writer: BerWriter) => void): Buffer {
  const writer = new BerWriter()
  write(writer)
  return writer.buffer
}
