/**
 * Temporary tables stay with their connection, as its plans do. Making and dropping them took more than a third of a seed's time:
 * what is a row of the catalogue to one connection is news to all, whose plans are looked through. What the engine says about one is
 * said so that it suits a table that is there already.
 */

/** Tables that some statement made, by name. */
const made = new Set<string>()
const rewritten = new Map<string, string[]>()

/** What is asked instead, in its order; nothing where there is nothing to do. All but the first of several take the same values. */
export function onKeptTables(text: string): string[] {
  const known = rewritten.get(text) ?? rewrite(text)
  rewritten.set(text, known)
  return known
}

function rewrite(text: string): string[] {
  for (const [, name] of text.matchAll(/\bcreate temp table (?:if not exists )?(\w+)/g)) made.add(name!)
  const filled = /^\s*create temp table (\w+) on commit drop as\s+(.*)$/s.exec(text)
  if (filled !== null) {
    const [, name, rows] = filled
    return [`create temp table if not exists ${name} as ${rows} with no data`, `with old as (delete from ${name}) insert into ${name} ${rows}`]
  }
  if (!/\b(create temp|create index|drop table|truncate|analyze)\b/.test(text)) return [text]
  const left = text.split(';').flatMap(suited)
  return left.length === 0 ? [] : [left.join(';')]
}

function suited(statement: string): string[] {
  const creates = /^\s*create temp table (?:if not exists )?(\w+)(\s*\(.*\))(?: on commit drop)?\s*$/s.exec(statement)
  if (creates !== null) return [`create temp table if not exists ${creates[1]}${creates[2]}`, `delete from ${creates[1]}`]
  const truncates = /^\s*truncate (\w+)\s*$/.exec(statement)
  if (truncates !== null && made.has(truncates[1]!)) return [`delete from ${truncates[1]}`]
  // They are few rows, whatever an index or numbers about them would say.
  const about = /^\s*(?:drop table(?: if exists)?|create index on|analyze) (?:pg_temp\.)?(\w+)/.exec(statement)
  return about !== null && made.has(about[1]!) ? [] : [statement]
}
