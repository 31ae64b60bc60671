/**
 * Stage 1 of a plan that reads no source: people start, go on leave, return and leave by the dates that are known of them.
 * Those dates were accepted with their rows, so nobody is asked again.
 */
import { peopleJobs } from '../domain/policy.ts'
import type { Client } from '../store/database.ts'
import { peopleWhoseTimeCame } from '../store/people-due.ts'
import { writePeople } from '../store/people-plan.ts'
import type { Revision } from './context.ts'
import { planPerson, type JobView, type PeopleView } from './people-changes.ts'

/** `only`: null is everybody. */
export async function planCalendar(client: Client, input: { planId: string; revision: Revision; asOf: string; only: string[] | null }): Promise<void> {
  const { planId, revision: { policy }, asOf, only } = input
  const view: PeopleView = { asOf, timeZone: policy.settings.timeZone, order: peopleJobs(policy).map((j) => j.id), jobs: new Map(peopleJobs(policy).map((j) => [j.id, unread(j)])) }
  for await (const people of peopleWhoseTimeCame(client, only, asOf)) {
    const planned = people.map((person) => planPerson(person, view))
    await writePeople(client, planId, planned.flatMap((p) => p.changes), planned.flatMap((p) => (p.overlay === null ? [] : [p.overlay])))
  }
}

const unread = ({ id, method }: Pick<JobView, 'id' | 'method'>): JobView =>
  ({ id, method, absence: 'nothing', heldCode: null, shape: null, source: '', columnsOf: new Map() })
