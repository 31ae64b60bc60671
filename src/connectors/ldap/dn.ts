/** Distinguished names (RFC 4514): taken apart, put together, compared. Pure. */

/** One attribute of a relative name, its value without escapes. */
export interface NamePart {
  attribute: string
  value: string
}

/** One level of a name; nearly always a single part (`cn=A+uid=B` has two). */
export type RelativeName = NamePart[]

/** The value as it may stand in a DN. */
export function escapeDnValue(value: string): string {
  let escaped = value.replace(/[\\,+"<>;=]/g, (special) => `\\${special}`).replaceAll('\0', '\\00')
  if (/^[ #]/.test(escaped)) escaped = `\\${escaped}`
  if (value.length > 1 && value.endsWith(' ')) escaped = `${escaped.slice(0, -1)}\\ `
  return escaped.replace(/[\r\n]/g, (c) => (c === '\r' ? '\\0D' : '\\0A'))
}

/** `cn=Smith\, John` from its parts. */
export function relativeName(attribute: string, value: string): string {
  return `${attribute}=${escapeDnValue(value)}`
}

/** The name split at its unescaped commas, each level still escaped. */
export function levels(dn: string): string[] {
  return split(dn, ',').map((level) => trimUnescaped(level))
}

/** The DN of the entry above, as it was written. */
export function parentOf(dn: string): string {
  const [first] = split(dn, ',')
  return dn.slice((first ?? '').length + 1).trimStart()
}

/** The levels with their values free of escapes. Throws for text that is not a DN. */
export function parseDn(dn: string): RelativeName[] {
  if (dn.trim() === '') return []
  return levels(dn).map((level) => split(level, '+').map((part) => parsePart(part, dn)))
}

/** The value of the first level, and the attribute that names it. */
export function nameOfDn(dn: string): NamePart {
  const [first] = parseDn(split(dn, ',')[0] ?? '')
  const part = first?.[0]
  if (!part) throw new Error(`"${dn}" is not a distinguished name`)
  return part
}

/** One spelling for a name: no spaces around its parts, the least escaping. The case of letters stays. */
export function canonicalDn(dn: string): string {
  if (isPlain(dn)) return dn
  return parseDn(dn).map((level) => level.map((part) => relativeName(part.attribute, part.value)).join('+')).join(',')
}

/** A key under which all spellings of a name are equal: as `canonicalDn`, in lower case and spaces folded. */
export function dnKey(dn: string): string {
  try {
    return canonicalDn(dn).toLowerCase().replace(/ {2,}/g, ' ')
  } catch {
    return dn.toLowerCase()
  }
}

/** Whether two spellings mean the same entry. */
export function sameDn(a: string, b: string): boolean {
  return a === b || dnKey(a) === dnKey(b)
}

/** Whether the entry is the base or below it. */
export function isWithin(dn: string, base: string): boolean {
  const [inner, outer] = [dnKey(dn), dnKey(base)]
  return outer === '' || inner === outer || inner.endsWith(`,${outer}`)
}

/** Nothing escaped, quoted or padded: by far the most names. */
function isPlain(dn: string): boolean {
  return !/[\\"<>;#]|[,=+] | [,=+]|^ | $/.test(dn)
}

function split(text: string, separator: ',' | '+'): string[] {
  const parts: string[] = []
  let start = 0
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const c = text[i]
    if (c === '\\') i++
    else if (c === '"') quoted = !quoted
    else if (!quoted && (c === separator || (separator === ',' && c === ';'))) {
      parts.push(text.slice(start, i))
      start = i + 1
    }
  }
  parts.push(text.slice(start))
  return parts
}

function parsePart(part: string, dn: string): NamePart {
  const at = part.indexOf('=')
  const attribute = part.slice(0, at).trim()
  if (at < 1 || !/^(?:[a-z][a-z0-9-]*|[0-9]+(?:\.[0-9]+)*)$/i.test(attribute)) {
    throw new Error(`"${dn}" is not a distinguished name: "${part}" has no attribute=value`)
  }
  return { attribute, value: unescapeDnValue(part.slice(at + 1)) }
}

function unescapeDnValue(raw: string): string {
  const text = trimUnescaped(raw)
  const body = text.startsWith('"') && text.endsWith('"') && text.length > 1 ? text.slice(1, -1) : text
  // Hex pairs are UTF-8 bytes; a run of them may be one letter.
  return body.replace(/(?:\\[0-9a-f]{2})+|\\(.)/gis, (run, single: string | undefined) =>
    single === undefined ? Buffer.from(run.replaceAll('\\', ''), 'hex').toString('utf8') : single)
}

/** Spaces around a part carry no meaning unless the last one is escaped. */
function trimUnescaped(text: string): string {
  const trimmed = text.trimStart().replace(/ +$/, '')
  const cut = text.trimStart().length - trimmed.length
  const escaped = (/\\+$/.exec(trimmed)?.[0].length ?? 0) % 2 === 1
  return cut > 0 && escaped ? `${trimmed} ` : trimmed
}
