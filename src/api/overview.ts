/** What waits for somebody, what ran, what is wrong. */
import type { FastifyInstance } from 'fastify'
import { countWaiting, listFindings } from '../store/finding-views.ts'
import { peopleByState } from '../store/person-views.ts'
import { searchLeavers } from '../store/leaver-views.ts'
import { listPlans } from '../store/plan-views.ts'
import { currentRevision } from '../store/policy.ts'
import { peopleByRole, peopleByRule } from '../store/role-views.ts'
import { work } from './contract/index.ts'
import type { Door } from './door.ts'
import { leaverRows } from './leaver.ts'
import { planRows } from './plan-shown.ts'
import { serve } from './serve.ts'
import { shownFinding } from './shown.ts'
import { systemRows } from './system.ts'

export function overviewRoutes(app: FastifyInstance, door: Door): void {
  const { context: { pool, now } } = door

  serve(app, work.overview, async () => {
    const [leavers, waiting, review, last, people, systems, findings, { policy }] = await Promise.all([
      searchLeavers(pool, { filter: 'all', limit: 5 }),
      countWaiting(pool),
      listPlans(pool, { states: ['open', 'held'], limit: 10 }),
      listPlans(pool, { limit: 10 }),
      peopleByState(pool),
      systemRows(door),
      listFindings(pool, { limit: 20 }),
      currentRevision(pool),
    ])
    const rows = new Map((await planRows(door, [...review.items, ...last.items.filter((p) => !review.items.some((r) => r.id === p.id))])).map(({ row }) => [row.id, row]))
    const shown = (plans: { id: string }[]) => plans.flatMap((p) => rows.get(p.id) ?? [])
    return {
      waiting, plansToReview: shown(review.items), lastPlans: shown(last.items), people, systems,
      findings: findings.items.map(shownFinding), leavers: await leaverRows(door, leavers.items),
      start: {
        hasSource: policy.jobs.some((j) => j.destination === 'people'),
        hasDestination: systems.some((s) => s.destination),
        hasJob: policy.jobs.some((j) => j.destination !== 'people'),
        hasPlan: last.items.length > 0,
      },
      organisation: policy.settings.organisation,
    }
  })
  serve(app, work.rolePeople, async () => {
    const [roles, rules] = await Promise.all([peopleByRole(pool, now()), peopleByRule(pool, now())])
    return { roles, rules }
  })
}
