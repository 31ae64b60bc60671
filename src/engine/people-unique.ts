/**
 * Two people with one value of an attribute that is declared unique: one of the sources is wrong, and nobody but a person
 * can say which. Nothing is chosen: what would write the value waits, who has it keeps it, and both are named.
 */
import { hash } from 'node:crypto'
import type { Finding } from '../domain/plan.ts'
import type { PeopleJob, Policy } from '../domain/policy.ts'
import type { Client } from '../store/database.ts'
import { sharedValues, waitForUnique, type SharedValue } from '../store/people-unique.ts'

const namedMax = 5
const listedMax = 100

/** Names of the attributes that each person has for themselves. */
export function uniqueAttributes(policy: Policy): string[] {
  return policy.settings.attributes.filter((a) => a.unique && !a.multiValued).map((a) => a.name)
}

/** Those that a job's rows may have in common although each has a key of its own. */
export function notByKey(job: PeopleJob, names: string[]): string[] {
  return names.filter((name) => job.mapping[name] !== undefined && job.mapping[name] !== job.key)
}

/** Holds back what would make two people share a value, and names everybody who does or would; of what these jobs read. */
export async function keepUnique(client: Client, planId: string, policy: Policy, read: PeopleJob[]): Promise<Finding[]> {
  const names = uniqueAttributes(policy).filter((name) => read.some((job) => job.mapping[name] !== undefined))
  const findings = new Map<string, Finding>()
  for (;;) {
    const { count, shared } = await sharedValues(client, planId, names, listedMax)
    if (count === 0) return [...findings.values()]
    for (const one of shared) {
      const finding = findingOf(policy, one)
      // Somebody who was to give the value away and waits, too, has it still: who shares it is then known for the first time.
      findings.set(finding.key!, findings.get(finding.key!) ?? finding)
    }
    if (count > shared.length) findings.set('', { code: 'VALUE_NOT_UNIQUE', severity: 'error', key: '', message: `${count - shared.length} more values are shared by several people. Correct those that are listed, and plan again.` })
    if (await waitForUnique(client, planId) === 0) return [...findings.values()]
  }
}

function findingOf(policy: Policy, { attribute, value, people }: SharedValue): Finding {
  const { title, sensitive } = policy.settings.attributes.find((a) => a.name === attribute)!
  const waiting = people.filter((p) => p.writes)
  const jobs = [...new Set(waiting.flatMap((p) => (p.jobId === null ? [] : [p.jobId])))]
  const job = policy.jobs.find((j) => jobs.length === 1 && j.id === jobs[0])
  const share = `${waiting.length === 0 ? 'have' : 'would have'} the same value${sensitive ? '' : `, ${value}`}`
  const waits = waiting.length === 0 ? 'All of them stay as they are.'
    : `Nobody is ended. What would write it waits, with all else that ${waiting.length === 1 ? 'the row says' : 'their rows say'}: ${namesOf(waiting)}.`
  return {
    code: 'VALUE_NOT_UNIQUE', severity: 'error', key: `${attribute} ${hash('sha256', value)}`, ...(job === undefined ? {} : { job: job.id, system: job.source }),
    message: `${title ?? attribute}: ${namesOf(people)} ${share}. ${waits} Correct it where it is wrong.`,
    details: { attribute, people: people.filter((p) => p.known).slice(0, listedMax).map((p) => p.id), waiting: waiting.length },
  }
}

function namesOf(people: SharedValue['people']): string {
  const names = people.slice(0, namedMax).map((p) => p.name)
  if (people.length > namedMax) return `${names.join(', ')} and ${people.length - namedMax} more`
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
