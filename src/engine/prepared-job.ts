/** Account jobs with what their systems say about them. */
import type { ObjectType } from '../connectors/connector.ts'
import { compile } from '../domain/expression.ts'
import type { AccountJob, Policy } from '../domain/policy.ts'
import type { Attributes } from '../domain/value.ts'
import { configOf, connectorOf, systemOf, type Context } from './context.ts'
import { namedBy } from './names.ts'
import { protectedBy } from './read-system.ts'

/** An account job with what its system says about its object type. */
export interface PreparedJob {
  job: AccountJob
  type: ObjectType
  nameOf(attributes: Attributes): string
  /** Whether policy protects whatever has that name. */
  isProtected(name: string): boolean
  /** Attribute of a reference → the person attribute by which the other one is known. */
  referenceKeys: Record<string, string>
  /** Attributes that hold unique names. */
  named: string[]
}

/** Those of these attributes that tell whose a record is. A name alone proves nothing: it may be a namesake's. */
export function marksOf({ job, type }: PreparedJob, attributes: Attributes): string[] {
  return job.match.filter((name) => name !== 'name' && type.attributes.find((d) => d.name === name)?.naming !== true && attributes[name] !== undefined)
}

export function prepareJobs(context: Context, compiled: { policy: Policy; jobs: { job: AccountJob }[] }): Map<string, PreparedJob> {
  return new Map(compiled.jobs.map(({ job }) => {
    const system = systemOf(compiled.policy, job.destination)
    const definition = connectorOf(context, system)
    const config = configOf(context, system)
    const type = definition.describe(config).objectTypes.find((t) => t.name === job.objectType)
      ?? { name: job.objectType, title: job.objectType, kind: 'account' as const, attributes: [], operations: [] }
    const isKept = protectedBy(system)
    const referenceKeys: Record<string, string> = {}
    for (const description of type.attributes.filter((a) => a.type === 'reference' && a.naming !== true && job.mapping[a.name] !== undefined)) {
      const reads = compile(job.mapping[description.name]!, 'person').reads
      const declared = compiled.policy.settings.attributes.find((a) => a.type === 'reference' && reads.some((r) => r.name === a.name))
      referenceKeys[description.name] = declared?.references ?? 'employeeId'
    }
    return [job.id, {
      job, type, referenceKeys, named: namedBy(job), isProtected: (name: string) => isKept('', name),
      nameOf: (attributes: Attributes) => definition.nameOf?.(config, job.objectType, attributes) ?? '',
    }]
  }))
}
