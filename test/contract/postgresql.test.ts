/** The contract on PostgreSQL 18. */
import { contractSuite } from './contract.ts'
import { postgresqlFixture } from './postgresql-server.ts'

contractSuite('PostgreSQL 18', async () => await postgresqlFixture('embedded'))
