/** The API description and the typed client, made from the contracts in `src/api/contract`. */
import openapiTS, { astToString } from 'openapi-typescript'
import type { OpenAPI3 } from 'openapi-typescript'
import packageJson from '../../package.json' with { type: 'json' }
import { describeApi } from '../../src/api/describe.ts'

export const client = {
  name: 'client',
  async files(): Promise<Record<string, string>> {
    const description = JSON.stringify(await describeApi(packageJson.version), null, 2)
    const types = astToString(await openapiTS(JSON.parse(description) as OpenAPI3, { defaultNonNullable: false }))
    return {
      'client/openapi.json': `${description}\n`,
      'client/generated.ts': `// Made by \`npm run generate\` from the contracts in src/api/contract.\n${types}`,
    }
  },
}
