/** The directory's answers and the network's failures, as codes of ours with the words of theirs. */
import { UsherError } from '../../domain/errors.ts'
import type { ErrorCode } from '../../domain/errors.ts'
import type { LdapResult } from './ldap-decode.ts'
import { ConnectionLost } from './ldap-wire.ts'

export const codes = {
  success: 0, operationsError: 1, timeLimitExceeded: 3, sizeLimitExceeded: 4, strongerAuthRequired: 8, referral: 10,
  adminLimitExceeded: 11, unavailableCriticalExtension: 12, confidentialityRequired: 13, noSuchAttribute: 16, attributeOrValueExists: 20,
  noSuchObject: 32, inappropriateAuthentication: 48, invalidCredentials: 49, insufficientAccessRights: 50, busy: 51,
  unavailable: 52, unwillingToPerform: 53, objectClassViolation: 65, entryAlreadyExists: 68, other: 80, assertionFailed: 122,
} as const

const names: Record<number, string> = {
  ...Object.fromEntries(Object.entries(codes).map(([name, code]) => [code, name])),
  2: 'protocolError', 7: 'authMethodNotSupported', 17: 'undefinedAttributeType', 18: 'inappropriateMatching',
  19: 'constraintViolation', 21: 'invalidAttributeSyntax', 33: 'aliasProblem', 34: 'invalidDNSyntax', 54: 'loopDetect',
  64: 'namingViolation', 66: 'notAllowedOnNonLeaf', 67: 'notAllowedOnRDN', 69: 'objectClassModsProhibited',
  71: 'affectsMultipleDSAs',
}

const ours: Record<number, ErrorCode> = {
  [codes.timeLimitExceeded]: 'SYSTEM_READ_INCOMPLETE',
  [codes.sizeLimitExceeded]: 'SYSTEM_READ_INCOMPLETE',
  [codes.adminLimitExceeded]: 'SYSTEM_READ_INCOMPLETE',
  [codes.strongerAuthRequired]: 'SYSTEM_TLS_FAILED',
  [codes.confidentialityRequired]: 'SYSTEM_TLS_FAILED',
  [codes.inappropriateAuthentication]: 'SYSTEM_SIGN_IN_FAILED',
  [codes.invalidCredentials]: 'SYSTEM_SIGN_IN_FAILED',
  [codes.insufficientAccessRights]: 'SYSTEM_RIGHT_MISSING',
  [codes.busy]: 'SYSTEM_BUSY',
  [codes.unavailable]: 'SYSTEM_BUSY',
  [codes.noSuchObject]: 'TARGET_GONE',
  [codes.entryAlreadyExists]: 'ALREADY_EXISTS',
}

/** Reasons that Active Directory gives for a refused sign-in, by the number in its words. */
const signIn: Record<string, string> = {
  525: 'there is no such account', '52e': 'the password is wrong', 530: 'not allowed at this time', 531: 'not allowed from this machine',
  532: 'the password has expired', 533: 'the account is disabled', 701: 'the account has expired',
  773: 'the password must be changed first', 775: 'the account is locked',
}

/** Whether trying again later may help. */
const passing = new Set<number>([codes.operationsError, codes.timeLimitExceeded, codes.busy, codes.unavailable, codes.other])

/** The result in the server's own words, led by the name and number of its code. */
export function wordsOf(result: LdapResult): string {
  const words = result.words.replaceAll('\0', '').trim()
  const name = `${names[result.code] ?? 'result'} (${result.code})`
  const reason = signIn[/\bdata ([0-9a-f]{3}),/i.exec(words)?.[1] ?? '']
  return [words ? `${name}: ${words}` : name, reason, result.referrals.join(' ')].filter(Boolean).join(' · ')
}

/** An answer other than success as an error. `what` says what was tried: "Read users under ou=people". */
export function refusal(result: LdapResult, what: string): UsherError {
  const code = ours[result.code] ?? 'SYSTEM_REFUSED'
  return new UsherError(code, `${what}: ${wordsOf(result)}`, {
    ldapCode: result.code, words: wordsOf(result), retryable: passing.has(result.code),
  })
}

/** A connection that failed or was lost, as an error. */
export function connectionError(error: unknown, url: string): UsherError {
  if (error instanceof UsherError) return error
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const words = cause instanceof Error ? cause.message || codeOf(cause) : String(cause)
  if (isTls(cause)) {
    return new UsherError('SYSTEM_TLS_FAILED', `${url}: no encrypted connection: ${words}`, { words, retryable: false }, error)
  }
  return new UsherError('SYSTEM_UNREACHABLE', `${url}: ${words}`, { words, retryable: true }, error)
}

/** The number of the server's answer in an error from here. */
export function ldapCodeOf(error: unknown): number | undefined {
  return error instanceof UsherError && typeof error.details.ldapCode === 'number' ? error.details.ldapCode : undefined
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : error.name
}

function isTls(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof ConnectionLost) return false
  return /^(ERR_SSL|ERR_TLS|ERR_OSSL|EPROTO|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|INVALID_CA|ERR_CRYPTO)/.test(codeOf(error))
}
