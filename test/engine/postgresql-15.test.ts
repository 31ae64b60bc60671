/** The engine's tests once more, those that ask the database the most, with Usher's own database on PostgreSQL 15. */
import '../servers/own-database-15.ts'
import './plan.test.ts'
import './drift.test.ts'
import './undo.test.ts'
import './leaver.test.ts'
import './forecast.test.ts'
import './why-past.test.ts'
