/** The server's answers and the network's failures, as codes of ours with the words of theirs. */
import { UsherError, type ErrorCode } from '../../domain/errors.ts'
import type { Outcome } from '../connector.ts'

/** SQLSTATEs, and prefixes of them: the longest that fits decides. */
const bySqlState: Record<string, ErrorCode> = {
  '28': 'SYSTEM_SIGN_IN_FAILED',
  '08': 'SYSTEM_UNREACHABLE',
  '57P01': 'SYSTEM_UNREACHABLE',
  '57P02': 'SYSTEM_UNREACHABLE',
  '57P03': 'SYSTEM_UNREACHABLE',
  '57P05': 'SYSTEM_UNREACHABLE',
  '42501': 'SYSTEM_RIGHT_MISSING',
  '42710': 'ALREADY_EXISTS',
  '42704': 'TARGET_GONE',
  '3F000': 'TARGET_GONE',
  '42P01': 'TARGET_GONE',
  '53': 'SYSTEM_BUSY',
  '40': 'SYSTEM_BUSY',
  '55P03': 'SYSTEM_BUSY',
  '57014': 'SYSTEM_BUSY',
}

const lostConnection = new RegExp('Connection terminated|connection timeout|timeout expired|timeout exceeded'
  + '|Client has encountered a connection error|Query read timeout', 'i')

const network = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'EHOSTDOWN',
])

/** An error of `pg` or of the network in our words. Others, which are faults of ours, come back as they are. */
export function translate(error: unknown): unknown {
  if (error instanceof UsherError || !(error instanceof Error)) return error
  const code = codeOf(error)
  return code ? new UsherError(code, wordsOf(error), {}, error) : error
}

/** The system's own words: message, detail and hint. */
export function wordsOf(error: Error): string {
  const parts = [error.message, text(error, 'detail'), text(error, 'hint')]
  return parts.filter((part) => part !== undefined).map((part) => part.trim().replaceAll('\n', '; ')).join('. ')
}

/** Whether trying again at once will do: somebody else touched the same row of the catalogue. */
export function isCollision(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const state = text(error, 'code')
  return state === '40001' || state === '40P01' || state === 'XX000' && error.message.includes('concurrently')
}

/** A failed change, as the engine wants it. Throws what is no answer of the system's. */
export function failure(error: unknown): Outcome {
  const known = translate(error)
  if (!(known instanceof UsherError)) throw known
  const retryable = known.code === 'SYSTEM_UNREACHABLE' || known.code === 'SYSTEM_BUSY'
  return { outcome: 'failed', retryable, code: known.code, words: known.message }
}

function codeOf(error: Error): ErrorCode | undefined {
  const state = text(error, 'code')
  if (state !== undefined && network.has(state)) return 'SYSTEM_UNREACHABLE'
  if (isTls(error, state)) return 'SYSTEM_TLS_FAILED'
  if (isCollision(error)) return 'SYSTEM_BUSY'
  // A server's error has a severity; everything else with five characters is chance.
  if (state !== undefined && text(error, 'severity') !== undefined) {
    return bySqlState[state] ?? bySqlState[state.slice(0, 2)] ?? 'SYSTEM_REFUSED'
  }
  if (/SASL|password must be/.test(error.message)) return 'SYSTEM_SIGN_IN_FAILED'
  if (
    lostConnection.test(
      error.message,
    )
  )
    return 'SYSTEM_UNREACHABLE'
  return undefined
}

function isTls(error: Error, code: string | undefined): boolean {
  return error.message.includes('does not support SSL')
    || code !== undefined && /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|EPROTO)/.test(code)
}

function text(error: Error, field: 'code' | 'severity' | 'detail' | 'hint'): string | undefined {
  const value: unknown = Reflect.get(error, field)
  return typeof value === 'string' && value !== '' ? value : undefined
}
