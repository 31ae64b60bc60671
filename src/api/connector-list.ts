/** Connectors as data: what their form asks for, what they can do, which jobs they offer. */
import { z } from 'zod'
import type { ConnectorDefinition } from '../connectors/connector.ts'

export function connectorList(connectors: ConnectorDefinition[]) {
  return connectors.map((definition) => {
    const empty = definition.configSchema.safeParse({})
    return {
      kind: definition.kind, title: definition.title,
      configSchema: z.toJSONSchema(definition.configSchema, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>,
      capabilities: empty.success ? definition.describe(empty.data) : null,
      templates: definition.templates ?? [],
    }
  })
}
