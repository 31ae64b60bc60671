/**
 * A plan is the ordered list of changes that would make systems agree, each with before, after and reasons.
 *
 * computing   The initial state: sources and systems are being read and compared.
 * empty       Nothing to change. Final.
 * open        Ready for review; something in it waits for an approval of exactly its hash.
 * held        Like open, but a brake or a finding holds part of it until the listed set is released.
 * approved    Approved (by an operator, or at once where everything is automatic); waits for a worker.
 * applying    A worker carries it out; it survives a crash and goes on.
 * stopped     An operator stopped it between two changes; it can be resumed.
 * applied     Every change is done, refused, skipped or stuck. Final (retries of stuck changes make new plans).
 * superseded  A newer plan for the same scope replaced it before it was approved. Final.
 * forecast    Computed for an instant to come: what would be, never carried out. Final.
 * failed      It could not be computed; `error` says why. Final.
 */
export type PlanState =
  | 'computing' | 'empty' | 'open' | 'held' | 'approved' | 'applying' | 'stopped' | 'applied' | 'superseded' | 'failed'
  | 'forecast'

/**
 * planned   Part of a plan that nobody approved yet.
 * observed  Its system or job is in *observe*: shown, never carried out. Final.
 * held      A brake or a finding holds it. Not carried out with the plan unless released.
 * waiting   Approved; not begun.
 * running   It waits no longer, as a worker is at it: so it is shown, and written nowhere but in its batch. After a crash it is begun again: every change can be repeated.
 * done      Seen in the system as planned. Final.
 * refused   Recomputed from what is now, it differs. Not carried out; planned anew. Final.
 * again     The system failed for now; `nextAttemptAt` says when it is tried again.
 * stuck     The system refused for good, or too many attempts; a person must look. Final.
 * skipped   Something that it depends on did not happen, or a newer plan took its place. Final.
 */
export type ChangeState =
  | 'planned' | 'observed' | 'held' | 'waiting' | 'running' | 'done' | 'refused' | 'again' | 'stuck' | 'skipped'

export type ChangeKind =
  | 'create' | 'update' | 'rename' | 'enable' | 'disable' | 'delete' | 'grant' | 'revoke' | 'link' | 'unlink'

export const changeKinds: ChangeKind[] = ['link', 'create', 'update', 'rename', 'enable', 'disable', 'delete', 'grant', 'revoke', 'unlink']

/** Shown before a change, in every view. */
export const symbol: Record<ChangeKind, string> = {
  create: '+', update: '~', rename: '»', enable: '●', disable: '○', delete: '−', grant: '→', revoke: '←', link: '=', unlink: '≠',
}

/** Why a change is there, in values; the sentence is made in `domain/sentence.ts`. */
export type Because =
  | { because: 'new-row' | 'row-changed' | 'row-vanished'; source: string; row: number; cells: string[] }
  | { because: 'in-scope' | 'out-of-scope'; job: string }
  | { because: 'state'; state: string; since?: string }
  | { because: 'rule'; rule: string; role: string; revision: number }
  | { because: 'role'; role: string; by: string }
  | { because: 'manual'; by: string; until?: string }
  | { because: 'found'; at: string }
  /** Kept for a while after a move: the rule that gave the role no longer holds. */
  | { because: 'grace'; rule: string; role: string; until: string }
  | { because: 'no-reason' }
  /** The last reason ended at an instant that was agreed at another one: before it, or at once where somebody ended it by hand. */
  | { because: 'expired'; at: string; agreed: string; by: string; rule?: string; role?: string }
  | { because: 'rule-over'; rule: string; role: string }
  | { because: 'mapping'; job: string; attributes: string[] }
  | { because: 'matched'; attribute: string; value?: string }
  | { because: 'grace-over'; days: number }
  /** Somebody changed it in the system, other than Usher. */
  | { because: 'drifted'; things: string[]; since?: string; found: string }
  | { because: 'undo'; plan: number }
  | { because: 'put-back'; by: string }
  | { because: 'by-hand'; by: string }

/** What a plan is for that does not simply carry out policy. */
export type PlanAim =
  /** Takes back what another plan did; what is undone is left as it is until then. */
  | { undo: string; number: number; until: string }
  /** Puts back exactly these findings of drift. */
  | { putBack: string[] }
  | { link: { accountId: string; personId: string; jobId: string } }

/** What a plan looks at: everything (null), some jobs with their sources and systems, or some people as they are known. */
export type PlanScope = { jobs: string[] } | { people: string[] } | null

/** The people that a plan is restricted to; null: it is not. */
export const peopleOf = (scope: PlanScope): string[] | null => (scope !== null && 'people' in scope ? scope.people : null)

export interface PlanBrake {
  system: string
  kind: ChangeKind
  planned: number
  /** How many accounts, memberships or people there are to compare with. */
  of: number
  limit: { share?: number | undefined; count?: number | undefined }
  /** Only privileged entitlements are meant. */
  privileged?: true
  /** How many changes of other plans in the last hours count with these; absent where the plan alone is too much. */
  window?: { hours: number; counted: number }
  /** Hash of the exact set of changes held; a release names it. */
  setHash: string
  /** Two different users must release it. */
  secondPerson?: true
  /** Released by one, where a second one must confirm. */
  pending?: { by: string; at: string }
  released?: { by: string; at: string; second?: string }
  /** The finding that holds the set, where it is not a limit: PEOPLE_MISSING, SOURCE_SHORT. The held changes have it as their code. */
  code?: string
  job?: string
  /** In words, where it is not a number of changes. */
  because?: string
}

export interface Finding {
  code: string
  system?: string
  job?: string
  person?: string
  message: string
  severity?: 'info' | 'warning' | 'error'
  /** Tells findings of one code in one place apart; the message where it is absent. */
  key?: string
  details?: Record<string, unknown>
}
