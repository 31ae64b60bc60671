/** Every route of Usher. */
import { drifts } from './drift.ts'
import { jobs } from './job.ts'
import { leavers } from './leaver.ts'
import { people } from './person.ts'
import { plans } from './plan.ts'
import { policies } from './policy.ts'
import type { RouteContract } from './route.ts'
import { session } from './session.ts'
import { systems } from './system.ts'
import { work } from './work.ts'

export { drifts, jobs, leavers, people, plans, policies, session, systems, work }

export const contracts: RouteContract[] = [session, people, leavers, systems, jobs, policies, plans, drifts, work].flatMap((group) => Object.values(group))
