/** What a system's connector says of it, for the policy check: what it can do, or what is wrong with its configuration. */
import type { System } from '../domain/policy.ts'
import type { Describe } from '../domain/policy-check.ts'
import { withFilesFolder } from './context.ts'
import type { Context } from './context.ts'

export function describeSystem(context: Pick<Context, 'connectors' | 'filesFolder'>): Describe {
  return (system: System) => {
    const definition = context.connectors.find((c) => c.kind === system.connector)
    if (definition === undefined) {
      return { problems: [{ path: ['connector'], message: `There is no connector "${system.connector}". Known: ${context.connectors.map((c) => c.kind).join(', ')}.` }] }
    }
    const parsed = definition.configSchema.safeParse(withFilesFolder(context, system))
    if (parsed.success) return definition.describe(parsed.data)
    return { problems: parsed.error.issues.map((issue) => ({ path: ['config', ...issue.path.map((p) => (typeof p === 'number' ? p : String(p)))], message: issue.message })) }
  }
}
