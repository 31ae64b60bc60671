/** One process that owns a data folder, for the tests that kill it. Prints what it logs, then the URL. */
import pg from 'pg'
import { UsherError } from '../../src/domain/errors.ts'
import { startPrivatePostgres } from '../../src/store/private-postgres.ts'

const [, , folder = '', signals] = process.argv
const say = (message: string) => console.log(message)
try {
  const { url, stop } = await startPrivatePostgres(folder, { info: say, warn: say })
  if (signals === 'handle') {
    process.on('SIGTERM', async () => {
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      const { rows } = await client.query<{ one: number }>('select 1 as one')
      await client.end()
      say(`answered after the signal: ${rows[0]?.one}`)
      await stop()
      process.exit(0)
    })
  }
  say(url)
} catch (error) {
  if (!(error instanceof UsherError)) throw error
  console.error(`${error.code}: ${error.message}`)
  process.exitCode = 1
}
