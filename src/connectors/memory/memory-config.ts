/** What a memory system's configuration looks like. */
import { z } from 'zod'

export const memoryConfigSchema = z.strictObject({
  system: z
    .string()
    .min(1)
    .meta({ title: 'System', description: 'The name of a system in the world that the connector was made with.' }),
  password: z
    .string()
    .optional()
    .meta({
      title: 'Password',
      description: 'Reference of the secret to sign in with; only where the system asks for one.',
      secret: true,
    }),
  pageSize: z.int().positive().default(500).meta({ title: 'Page size', description: 'Records per page when reading.' }),
  parallel: z
    .int()
    .positive()
    .default(16)
    .meta({ title: 'Parallel', description: 'Changes carried out side by side.' }),
  settleMs: z
    .int()
    .nonnegative()
    .optional()
    .meta({ title: 'Settle time', description: 'For so many milliseconds after a write, a read may show the old state.' }),
})

export type MemoryConfig = z.infer<typeof memoryConfigSchema>
