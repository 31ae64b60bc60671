/** The contract on Debian's PostgreSQL 15, where CREATEROLE means more and memberships have one grantor. */
import { withServers } from '../servers/install.ts'
import { contractSuite } from './contract.ts'
import { postgresqlFixture } from './postgresql-server.ts'

withServers(['postgresql'], () => contractSuite('PostgreSQL 15', async () => await postgresqlFixture('debian')))
