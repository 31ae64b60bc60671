/** People whose state changes by the calendar, without a look at their sources. */
import type { Client } from './database.ts'
import type { LoadedPerson } from './people-plan.ts'
import { cutsOf } from './person-end.ts'

/** Those of `only` (null: of everybody) whose time has come, as they are known; in batches, in order. */
export async function* peopleWhoseTimeCame(client: Client, only: string[] | null, asOf: string, batch = 2000): AsyncGenerator<LoadedPerson[]> {
  for (let last = '00000000-0000-0000-0000-000000000000'; ;) {
    const { rows }: { rows: ({ id: string } & NonNullable<LoadedPerson['known']>)[] } = await client.query(
      `select p.id, p.attributes, p.positions, p.contributions, p.state, p.next_change_at as "nextChangeAt", ${cutsOf('p.id')},
              array(select distinct r.job_id from record r where r.person_id = p.id order by 1) as jobs
         from person p
        where p.next_change_at <= $1 and ${only === null ? '$2::uuid[] is null' : 'p.id = any ($2::uuid[])'} and p.id > $3 order by p.id limit $4`,
      [asOf, only, last, batch])
    if (rows.length > 0) yield rows.map(({ id, ...known }) => ({ id, known, rows: [], vanished: [] }))
    if (rows.length < batch) return
    last = rows.at(-1)!.id
  }
}
