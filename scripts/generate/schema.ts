import { connect, migrate } from '../../src/store/database.ts'
import { schemaText } from '../../src/store/schema-text.ts'
import { startPostgres } from '../../test/servers/postgresql.ts'
import type { Generator } from '../generate.ts'

const head = `-- The schema that the migrations beside this file leave, as PostgreSQL tells it. For reading and reviewing; nothing runs it.
-- Made by \`npm run generate\`.
`

/** `sql/schema.sql`, so that a review shows what a migration makes of the whole. */
export const schema: Generator = {
  name: 'schema',
  async files() {
    const server = await startPostgres()
    try {
      const pool = connect(server.url, { max: 1 })
      await migrate(pool)
      const text = await schemaText(pool, ['usher', 'auth'])
      await pool.end()
      return { 'sql/schema.sql': `${head}\n${text}\n` }
    } finally {
      await server.stop()
    }
  },
}
