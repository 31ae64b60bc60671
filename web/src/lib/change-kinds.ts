/** Each kind of change: its symbol, what it does to what, and how it feels. The symbols are the same in every view of Usher. */
import type { Tone } from '../components/Tag.tsx'

export interface KindWords {
  symbol: string
  /** "Create" */
  verb: string
  /** "created" */
  done: string
  /** What is counted: people in stage 1 and accounts in stage 2 share a noun of their own elsewhere. */
  noun: 'account' | 'grant'
  tone: Tone
  /** Takes something away; the approval of a plan that has such changes asks once more. */
  takesAway: boolean
}

export const kinds: Record<string, KindWords> = {
  create: { symbol: '+', verb: 'Create', done: 'created', noun: 'account', tone: 'good', takesAway: false },
  link: { symbol: '=', verb: 'Link', done: 'linked', noun: 'account', tone: 'info', takesAway: false },
  update: { symbol: '~', verb: 'Update', done: 'updated', noun: 'account', tone: 'info', takesAway: false },
  rename: { symbol: '»', verb: 'Rename', done: 'renamed', noun: 'account', tone: 'info', takesAway: false },
  enable: { symbol: '●', verb: 'Enable', done: 'enabled', noun: 'account', tone: 'good', takesAway: false },
  disable: { symbol: '○', verb: 'Disable', done: 'disabled', noun: 'account', tone: 'warn', takesAway: true },
  delete: { symbol: '−', verb: 'Delete', done: 'deleted', noun: 'account', tone: 'bad', takesAway: true },
  grant: { symbol: '→', verb: 'Grant', done: 'granted', noun: 'grant', tone: 'good', takesAway: false },
  revoke: { symbol: '←', verb: 'Revoke', done: 'revoked', noun: 'grant', tone: 'warn', takesAway: true },
  unlink: { symbol: '≠', verb: 'Unlink', done: 'unlinked', noun: 'account', tone: 'warn', takesAway: true },
}

/** In the order in which people want to read them. */
export const kindOrder = ['delete', 'disable', 'revoke', 'create', 'link', 'enable', 'rename', 'update', 'grant', 'unlink']

/** What happens to people has words of its own: they are added and ended, not created and disabled. */
const personVerbs: Record<string, string> = {
  create: 'Add',
  update: 'Change',
  rename: 'Change',
  enable: 'Bring back',
  disable: 'End',
  delete: 'Remove',
}

export function verbOf(kind: string, stage: number): string {
  return (stage === 1 ? personVerbs[kind] : undefined) ?? kindWords(kind).verb
}

export function kindWords(kind: string): KindWords {
  return kinds[kind] ?? { symbol: '?', verb: kind, done: kind, noun: 'account', tone: 'neutral', takesAway: false }
}
