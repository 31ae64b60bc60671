/** Imported first by a file of tests, it puts Usher's own database on the oldest PostgreSQL that Usher runs on. */
import { ensureServers } from './install.ts'
import { ownVersion } from './postgresql.ts'

const { leftOut } = ensureServers(['postgresql'])
for (const { why } of leftOut) console.error(`LEFT OUT for want of a server: PostgreSQL 15: ${why}`)
if (leftOut.length === 0) ownVersion.is = 'debian'
