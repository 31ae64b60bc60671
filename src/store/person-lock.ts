/** Whoever writes what people have locks the people first, in the order of their ids: so that nobody waits in a circle. */
import type { Client } from './database.ts'

/** `people` is a query of their ids. Held until the transaction ends; who waited for it sees what the other one wrote. */
export async function lockPeople(client: Client, people: string): Promise<void> {
  await client.query(
    `with locked as materialized (select id from person where id in (${people}) order by id for no key update) select count(*) from locked`)
}
