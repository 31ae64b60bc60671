/** The typed client, and its errors in words. */
import { createUsherClient } from '../../client/index.ts'

export const api = createUsherClient('')

/** An error as the API reports it. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly advice: string
  readonly details: Record<string, unknown>

  constructor(status: number, code: string, message: string, advice: string, details: Record<string, unknown> = {}) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.code = code
    this.advice = advice
    this.details = details
  }
}

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

/** The data of an answer; throws `ApiError` for anything else. */
export async function take<T>(answer: Promise<Answer<T>>): Promise<NonNullable<T>> {
  const { data, error, response } = await answer
  if (response.ok) return (data ?? {}) as NonNullable<T>
  throw errorFrom(response.status, error)
}

/** The error in an answer's body; a body of any other shape still gives words. */
export function errorFrom(status: number, body: unknown): ApiError {
  const error = isRecord(body) && isRecord(body['error']) ? body['error'] : {}
  const text = (name: string, otherwise: string) => (typeof error[name] === 'string' ? error[name] : otherwise)
  return new ApiError(
    status,
    text('code', 'INTERNAL'),
    text('message', `Usher answered with status ${status}.`),
    text('advice', 'Try again. If it stays, look into the log.'),
    isRecord(error['details']) ? error['details'] : {},
  )
}

/** Whatever was thrown, as an error with advice. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  if (error instanceof TypeError)
    return new ApiError(0, 'UNREACHABLE', 'Usher does not answer.', 'Check that it runs and that you are online.')
  return new ApiError(0, 'INTERNAL', error instanceof Error ? error.message : String(error), 'Load the page again.')
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
