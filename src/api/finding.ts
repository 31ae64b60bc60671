/** Findings, and the cases that wait for somebody to decide. */
import type { FastifyInstance } from 'fastify'
import { listCases, listFindings } from '../store/finding-views.ts'
import type { CaseShown } from '../store/finding-views.ts'
import { peopleByIds } from '../store/person-views.ts'
import { work } from './contract/index.ts'
import type { Door } from './door.ts'
import { adviceFor, lexicon } from './names.ts'
import { serve } from './serve.ts'
import { shownFinding, shownPerson } from './shown.ts'

export function findingRoutes(app: FastifyInstance, door: Door): void {
  const { engine, context: { pool, now } } = door

  serve(app, work.listFindings, async ({ query }) => {
    const page = await listFindings(pool, query)
    return { items: page.items.map(shownFinding), next: page.next }
  })
  serve(app, work.listCases, async ({ query }) => {
    const page = await listCases(pool, query)
    const [names, people] = await Promise.all([
      lexicon(door, page.items.map((c) => c.decidedBy)),
      peopleByIds(pool, page.items.flatMap((c) => c.candidates)),
    ])
    return {
      next: page.next,
      items: page.items.map(({ jobId, row, candidates, ...rest }) => ({
        ...rest, job: { id: jobId, name: names.job(jobId) }, advice: adviceFor(rest.code), says: saysOf(rest.code, rest.key, candidates.length, row),
        decidedBy: rest.decidedBy === null ? null : names.namedUser(rest.decidedBy),
        row: row === null ? null : { row: row.row, attributes: row.mapped.attributes ?? {}, position: row.mapped.position ?? {} },
        candidates: candidates.flatMap((id) => people.get(id) ?? []).map((p) => ({ ...shownPerson(p, now().slice(0, 10)), attributes: p.attributes })),
      })),
    }
  })
  serve(app, work.decideCase, async ({ params, body, who }) => {
    await engine.decideCase(params.id, body.personId, who.actor)
    return {}
  })
}

function saysOf(code: string, key: string, candidates: number, row: CaseShown['row']): string {
  const which = row === null ? `The row with the key ${key}` : `Row ${row.row} (key ${key})`
  return code === 'MATCH_CONTRADICTED'
    ? `${which} has the key of somebody who looked different.`
    : `${which} fits ${candidates} people.`
}
