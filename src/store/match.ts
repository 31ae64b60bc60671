/** Records of nobody that a match rule claims for a person. */
import type { Client } from './database.ts'

export interface MatchWish {
  personId: string
  value: string
}

export interface Match {
  personId: string
  accountId: string
}

/** Unlinked records of a system whose attribute (or name) equals the wished value, ignoring case. */
export async function matchAccounts(client: Client, systemId: string, objectType: string, attribute: string, wishes: MatchWish[]): Promise<Match[]> {
  const column = attribute === 'name' ? `coalesce(a.attributes ->> 'name', a.name)` : 'a.attributes ->> $3'
  const { rows } = await client.query<Match>(
    `select w.person_id as "personId", a.id as "accountId"
       from unnest($4::uuid[], $5::text[]) as w (person_id, value)
       join account a on lower(${column}) = lower(w.value)
      where a.system_id = $1 and a.object_type = $2 and a.person_id is null and a.gone_at is null and not a.protected and $3::text is not null
        and not exists (select from account_mark k where k.account_id = a.id and k.kind = 'service' and k.ended_at is null)`,
    [systemId, objectType, attribute, wishes.map((w) => w.personId), wishes.map((w) => w.value)])
  return rows
}
