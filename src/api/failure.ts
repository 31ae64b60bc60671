/** Errors as the API tells them: always the same shape, never more than may be told. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { UsherError, errors } from '../domain/errors.ts'
import type { ErrorCode } from '../domain/errors.ts'
import type { Log } from '../engine/context.ts'
import { databaseFault } from '../store/database.ts'

/** Any thrown thing as an error with a code. */
export function asUsherError(error: unknown, requestId: string): UsherError {
  if (error instanceof UsherError) return error
  if (hasZodFastifySchemaValidationErrors(error)) {
    const where = { body: 'the body', querystring: 'the query', params: 'the address', headers: 'the headers' }[error.validationContext ?? 'body'] ?? 'the request'
    const fields = error.validation.map((issue) => ({
      field: issue.instancePath.split('/').filter((part) => part !== '').join('.'), message: issue.message ?? 'is not valid',
    }))
    const says = fields.map((f) => (f.field === '' ? f.message : `${f.field}: ${f.message}`)).join('; ')
    return new UsherError('INVALID_INPUT', `In ${where}: ${says}.`, { fields })
  }
  const status = statusOf(error)
  if (status === 429) return new UsherError('TOO_MANY_REQUESTS', 'Too many requests.')
  if (status === 404) return new UsherError('NOT_FOUND', 'There is nothing at this address.')
  if (status !== undefined && status >= 400 && status < 500) return new UsherError('INVALID_INPUT', error instanceof Error ? error.message : 'The request is not valid.')
  return databaseFault(error) ?? new UsherError('INTERNAL', `Something went wrong in Usher (request ${requestId}).`, { requestId }, error)
}

export function failureBody(error: UsherError): { error: { code: ErrorCode; message: string; advice: string; details: Record<string, unknown> } } {
  return { error: { code: error.code, message: error.message, advice: error.advice, details: error.details } }
}

export function sendFailure(log: Log, error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const failure = asUsherError(error, request.id)
  if (failure.code === 'INTERNAL') {
    const cause = failure.cause ?? failure
    // Of a database error only message and stack are logged: its details quote values of rows.
    const fault = cause instanceof Error ? { message: cause.message, stack: cause.stack } : { message: String(cause) }
    log.error({ requestId: request.id, route: request.routeOptions.url, fault }, 'A request failed')
  }
  const wait = failure.details['retryAfterSeconds']
  if (typeof wait === 'number') reply.header('retry-after', wait)
  return reply.status(errors[failure.code].status).type('application/json; charset=utf-8').send(JSON.stringify(failureBody(failure)))
}

function statusOf(error: unknown): number | undefined {
  const status = (error as Partial<FastifyError> | null)?.statusCode
  return typeof status === 'number' ? status : undefined
}
