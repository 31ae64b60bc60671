import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Generator } from '../generate.ts'

interface Operation { summary?: string; description?: string; tags?: string[] }

const description = path.join(import.meta.dirname, '../../client/openapi.json')

/** `docs/reference/api.md`: every route, from the API description that was generated before. */
export const apiPage: Generator = {
  name: 'API page',
  files: () => ({ 'docs/reference/api.md': page() }),
}

function page(): string {
  const { paths } = JSON.parse(readFileSync(description, 'utf8')) as { paths: Record<string, Record<string, Operation>> }
  const routes = Object.entries(paths).flatMap(([route, verbs]) =>
    Object.entries(verbs).map(([verb, operation]) => ({ route, verb: verb.toUpperCase(), operation })))
  const groups = Map.groupBy(routes, ({ operation }) => operation.tags?.[0] ?? 'other')
  return [
    '# The HTTP API',
    '',
    'Generated from `client/openapi.json` by `npm run generate`; that file (OpenAPI 3.1) describes every field.',
    '',
    '```ts',
    "import { createUsherClient } from './client/index.ts'",
    '',
    "const usher = createUsherClient('http://localhost:7070', { token })",
    "const { data, error } = await usher.GET('/api/plans/{id}', { params: { path: { id } } })",
    '```',
    '',
    '- **Sign in** with an API token: `Authorization: Bearer …` (`usher token create`). Browsers use a session cookie.',
    '- **Errors** are `{ "error": { "code", "message", "advice", "details" } }` with the status from the [table of errors](errors.md).',
    '- **Lists** come in pages `{ "items", "next" }`: pass `next` as `after`; `limit` is at most 500.',
    '- **Permissions**: each route names one; which roles have it is in `src/api/authorise.ts`.',
    '- Searches are `POST`, so that names do not end up in the logs of whatever stands in between.',
    ...[...groups].flatMap(([group, list]) => [
      '', `## ${group}`, '', '| route | what it does | permission |', '|---|---|---|',
      ...list.map(({ route, verb, operation }) => `| \`${verb} ${route}\` | ${operation.summary ?? ''} | ${permission(operation)} |`),
    ]),
    '',
  ].join('\n')
}

function permission(operation: Operation): string {
  return /Permission: (`[^`]+`)/.exec(operation.description ?? '')?.[1] ?? 'none'
}
