/**
 * Files that are made out of the code and committed: `npm run generate` writes them, `test/generated.test.ts` compares
 * them. A generator is a function in `scripts/generate/`; only that of the schema needs a server, which it starts for itself.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { apiPage } from './generate/api.ts'
import { capabilities } from './generate/capabilities.ts'
import { cliPage } from './generate/cli.ts'
import { client } from './generate/client.ts'
import { errorsPage } from './generate/errors.ts'
import { exitsPage } from './generate/exits.ts'
import { functionsPage } from './generate/functions.ts'
import { policyPage } from './generate/policy.ts'
import { schema } from './generate/schema.ts'

export interface Generator {
  name: string
  /** Path in the repository → text. */
  files(): Promise<Record<string, string>> | Record<string, string>
}

/** In this order: later ones may read what earlier ones wrote. */
export const generators: Generator[] = [
  client,
  errorsPage,
  exitsPage,
  functionsPage,
  apiPage,
  cliPage,
  policyPage,
  capabilities,
  schema,
]

const root = path.join(import.meta.dirname, '..')

/** The committed text, or undefined where there is no such file. */
export function committed(file: string): string | undefined {
  try {
    return readFileSync(path.join(root, file), 'utf8')
  } catch {
    return undefined
  }
}

if (import.meta.main) {
  for (const generator of generators) {
    for (const [file, text] of Object.entries(await generator.files())) {
      if (committed(file) === text) continue
      mkdirSync(path.dirname(path.join(root, file)), { recursive: true })
      writeFileSync(path.join(root, file), text)
      console.log(`${generator.name}: ${file}`)
    }
  }
}
