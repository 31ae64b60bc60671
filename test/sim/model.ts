/**
 * Who should have what, the plainest way that it can be said: from what stands in the staff list, what administrators
 * decided and what was given by hand. It shares nothing with the engine: what both get wrong in the same way, they would
 * have to get wrong twice.
 */
import type { Rulebook, SystemName } from './rulebook.ts'

/** What a contract says. Dates are ISO dates, the end inclusive; empty where there is none. */
export interface Contract {
  department: string
  level: string
  start: string
  end: string
  leaveFrom: string
  leaveUntil: string
  /** Instants at which somebody ended the person by hand: who works then works no longer, whatever the list says. */
  cuts?: number[]
}

export type State = 'before-start' | 'active' | 'on-leave' | 'ended'

/** Something given by hand, or held before Usher came. */
export interface Given {
  person: string
  kind: 'by hand' | 'found'
  role?: string
  system?: SystemName
  group?: string
  until: number | null
  /** Whether it was ended by hand or the person left since, which ends it for good. `maybe`: they left, and may have come back before anybody saw. */
  over: 'no' | 'maybe' | 'yes'
  /** What ended it is that the person left: whoever takes their end back gives it back. */
  left?: boolean
  /** When that was: a clock that is set back behind it lets it live until then. */
  overAt?: number
  reasonId?: string
}

export type Answer = 'yes' | 'maybe'

const day = 86_400_000
const startOf = (date: string): number => Date.parse(`${date}T00:00:00Z`)
const endOf = (date: string): number => startOf(date) + day

export function stateOf(contract: Contract | null, at: number): State {
  if (contract === null) return 'ended'
  const [from, last] = [startOf(contract.start), contract.end === '' ? Infinity : endOf(contract.end)]
  const until = Math.min(last, ...(contract.cuts ?? []).filter((cut) => from <= cut && cut < last))
  if (until <= at || until <= from) return 'ended'
  if (from > at) return 'before-start'
  const away = contract.leaveFrom !== '' && startOf(contract.leaveFrom) <= at && (contract.leaveUntil === '' || at < endOf(contract.leaveUntil))
  return away ? 'on-leave' : 'active'
}

export type Wanted = 'enabled' | 'disabled' | 'none'

export function accountOf(book: Rulebook, system: SystemName, contract: Contract | null, at: number): Wanted {
  const { without, onLeave, createDaysBefore } = book.systems[system]
  const state = stateOf(contract, at)
  if (contract === null || state === 'ended' || without.includes(contract.department)) return 'none'
  if (state === 'before-start') return startOf(contract.start) - at <= createDaysBefore * day ? 'disabled' : 'none'
  return state === 'active' || onLeave === 'keep' ? 'enabled' : 'disabled'
}

type Grant = Rulebook['roles'][number]['grants'][number]

/** What a role gives, with the roles in it. */
function grantsOf(book: Rulebook, id: string): Grant[] {
  const role = book.roles.find((r) => r.id === id)
  return [...role?.grants ?? [], ...(role?.contains ?? []).flatMap((inner) => grantsOf(book, inner))]
}

/** What the rules give somebody who is here or will be soon. */
export function ruled(book: Rulebook, contract: Contract | null, at: number): Grant[] {
  const state = stateOf(contract, at)
  if (contract === null || state === 'ended') return []
  const soon = Math.max(...Object.values(book.systems).map((s) => s.createDaysBefore))
  const today = Math.floor(at / day) * day
  if (state === 'before-start' && startOf(contract.start) > today + soon * day) return []
  return book.rules.flatMap((rule) =>
    ((rule.department ?? contract.department) === contract.department && (rule.level ?? contract.level) === contract.level ? grantsOf(book, rule.role) : []))
}

/** Groups that the person's account shall be in; those that are not named it shall not be in, as far as Usher put it there. `kept`: perhaps still, after a move. */
export function groupsOf(book: Rulebook, system: SystemName, contract: Contract | null, given: Given[], at: number, kept: string[] = []): Map<string, Answer> {
  const wanted = new Map<string, Answer>()
  if (contract === null || stateOf(contract, at) === 'ended') return wanted
  const want = (group: string, answer: Answer): void => { if (wanted.get(group) !== 'yes') wanted.set(group, answer) }
  const wantAll = (grants: Grant[], answer: Answer): void => { for (const grant of grants) if (grant.system === system) want(grant.group, answer) }
  for (const group of kept) want(group, 'maybe')
  wantAll(ruled(book, contract, at), 'yes')
  for (const one of given) {
    if ((one.over === 'yes' && (one.overAt ?? at) <= at) || (one.until !== null && one.until <= at)) continue
    const answer = one.over === 'no' ? 'yes' : 'maybe'
    if (one.role !== undefined) wantAll(grantsOf(book, one.role), answer)
    else if (one.system === system) want(one.group!, answer)
  }
  return wanted
}
