/** A person's history as sentences. */
import { changeSentence, shortName, text } from '../domain/sentence.ts'
import type { ChangeWords } from '../domain/sentence.ts'
import { personHistory } from '../store/history-views.ts'
import type { HistoryRow } from '../store/history-views.ts'
import { personNames } from '../store/person-views.ts'
import type { Door } from './door.ts'
import { lexicon } from './names.ts'
import type { Lexicon } from './names.ts'

export async function historyOf(door: Door, personId: string, paging: { limit: number; after?: string }) {
  const { pool } = door.context
  const page = await personHistory(pool, personId, paging)
  const givers = page.items.flatMap((h) => [h.by, ...(h.row.reasons ?? []).map((r) => ('by' in r ? r.by : null))])
  const [names, people] = await Promise.all([lexicon(door, givers), personNames(pool, [personId])])
  const who = people.get(personId) ?? 'the person'
  return {
    next: page.next,
    items: page.items.map((entry) => ({
      at: entry.at, says: says(entry, who, names), kind: kindOf[entry.kind],
      by: entry.by === null ? null : names.namedUser(entry.by), planId: entry.planId,
    })),
  }
}

const kindOf = {
  version: 'person', change: 'change', 'reason-from': 'reason', 'reason-until': 'reason', audit: 'decision',
} as const satisfies Record<HistoryRow['kind'], string>

function says({ kind, row, by }: HistoryRow, who: string, names: Lexicon): string {
  if (kind === 'change') {
    const change = changeOf(row)
    const sentence = changeSentence(change, { name: who }, names)
    if (row.state === 'done') return sentence
    const failed = row.state === 'refused' ? 'Refused, as it differed when it was due' : 'Failed'
    return `${failed}: ${sentence}${row.words ? ` ${names.system(change.systemId)} says: ${row.words}` : ''}`
  }
  if (kind === 'audit') return `${by === null ? 'Usher' : names.user(by)}: ${text(row.action).replaceAll('.', ' ')}.`
  const what = row.role ? `the role "${names.role(row.role)}"`
    : row.entitlement ? `${shortName(row.entitlement)} in ${names.system(text(row.system))}`
      : `an account by "${names.job(text(row.job))}"`
  const because = row.kind === 'rule' ? ` by rule "${names.rule(text(row.rule))}"`
    : row.kind === 'manual' ? ` by hand` : row.kind === 'grace' ? ' for a while after a move' : row.kind === 'found' ? ', which was there when the account was linked' : ''
  if (kind === 'reason-until') return `${who} no longer has a reason for ${what}${because}.`
  const until = row.until ? ` until ${row.until.slice(0, 10)}` : ''
  return `${who} has a reason for ${what}${because}${until}${row.note ? ` ("${row.note}")` : ''}.`
}

function changeOf(row: HistoryRow['row']): ChangeWords {
  return {
    kind: (row.kind ?? 'update') as ChangeWords['kind'], stage: row.stage ?? 2, systemId: row.systemId ?? '', subject: row.subject ?? '',
    before: row.before ?? null, after: row.after ?? null, reasons: row.reasons ?? [],
    ...(row.entitlement ? { entitlement: row.entitlement } : {}),
  }
}
