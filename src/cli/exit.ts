/** What `usher` ends with. Scripts may rely on these; `docs/reference/exit-codes.md` is generated from the table. */
import { errors, type ErrorCode } from '../domain/errors.ts'

export const exits = {
  fine: { code: 0, means: 'Done, and nothing waits.' },
  failed: { code: 1, means: 'It failed; the message says what and where.' },
  usage: { code: 2, means: 'The command line is wrong. `--help` shows how.' },
  notAllowed: { code: 3, means: 'Not signed in, or the role does not allow it.' },
  waits: { code: 4, means: 'The plan waits for a person: it needs an approval, or a brake holds changes.' },
  invalid: { code: 5, means: 'The policy is invalid. The message gives file, line and column.' },
  unreachable: { code: 6, means: 'The Usher server, or a system that it needs, does not answer.' },
  changed: { code: 7, means: 'What the command was based on has changed meanwhile: plan, policy or object. Look again.' },
  partly: { code: 8, means: 'The plan was carried out, and some of its changes are stuck or were refused.' },
  broken: { code: 9, means: 'The audit log does not verify: something was altered, removed or cut off.' },
  unread: { code: 10, means: 'The plan is over, but a source or a system could not be read whole; the findings say which and why.' },
  interrupted: { code: 130, means: 'Interrupted. A plan that was being applied goes on in the server.' },
} as const satisfies Record<string, { code: number; means: string }>

export type Exit = keyof typeof exits

const byErrorCode: Partial<Record<ErrorCode, Exit>> = {
  POLICY_INVALID: 'invalid',
  EXPRESSION_INVALID: 'invalid',
  PLAN_BRAKED: 'waits',
  SYSTEM_UNREACHABLE: 'unreachable',
  DATABASE_NOT_STARTED: 'unreachable',
  CONFLICT: 'changed',
  POLICY_MOVED: 'changed',
  PLAN_STALE: 'changed',
  PLAN_HASH_DIFFERS: 'changed',
  PLAN_NOT_OPEN: 'changed',
  CHANGE_DIFFERS: 'changed',
}

/** The exit that belongs to an error of the server. */
export function exitOf(code: string, status: number): Exit {
  const known = Object.hasOwn(errors, code) ? byErrorCode[code as ErrorCode] : undefined
  if (known !== undefined) return known
  if (status === 401 || status === 403) return 'notAllowed'
  return 'failed'
}

/** Something went wrong, in words for people and with the exit that it has. */
export class Failure extends Error {
  readonly exit: Exit
  readonly code: string | undefined
  readonly advice: string | undefined
  readonly details: unknown

  constructor(exit: Exit, message: string, about: { code?: string; advice?: string; details?: unknown } = {}) {
    super(message)
    this.name = 'Failure'
    this.exit = exit
    this.code = about.code
    this.advice = about.advice
    this.details = about.details
  }
}
