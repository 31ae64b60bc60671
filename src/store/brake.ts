/** The sets that brakes look at, and the releases of them. */
import type { ChangeKind } from '../domain/plan.ts'
import type { Client, Db } from './database.ts'
import { arrivalDigests } from './people-bulk.ts'

/** An operator released these people, who had vanished: what follows for them is not braked once more. */
const releasedPerson = `exists (select from plan_change p
  where p.plan_id = c.plan_id and p.stage = 1 and p.person_id = c.person_id and p.code is not null and p.state not in ('held', 'observed'))`

/** How many changes of each kind a plan has per system, and of how many accounts, memberships or people. */
export async function branchSizes(client: Client, planId: string): Promise<{ systemId: string; kind: ChangeKind; planned: number; of: number }[]> {
  const { rows } = await client.query(
    `select c.system_id as "systemId", c.kind, sum(c.n)::int as planned,
            case when c.system_id = 'people' then (select count(*) from person where state <> 'ended')
                 when c.kind in ('grant', 'revoke') then (select count(*) from membership m join account a on a.id = m.account_id and a.person_id is not null and a.gone_at is null where a.system_id = c.system_id)
                 else (select count(*) from account a where a.system_id = c.system_id and a.person_id is not null and a.gone_at is null)
            end::int as of
       from (select c.system_id, c.kind, 1 as n from plan_change c where c.plan_id = $1 and c.state = 'planned' and not ${releasedPerson}
             union all select 'people', 'create', people from plan_arrival where plan_id = $1 and state = 'planned') c group by 1, 2`, [planId])
  return rows
}

/** Hashes of a kind's changes, in a stable order. */
export async function heldSet(db: Db, planId: string, systemId: string, kind: ChangeKind): Promise<Buffer[]> {
  const { rows } = await db.query<{ hash: Buffer }>(
    `select hash from plan_change c where plan_id = $1 and system_id = $2 and kind = $3 and state = 'planned' and not ${releasedPerson} order by hash, id`, [planId, systemId, kind])
  const hashes = rows.map((r) => r.hash)
  return systemId === 'people' && kind === 'create' ? [...await arrivalDigests(db, planId), ...hashes] : hashes
}

export async function holdSet(client: Client, planId: string, systemId: string, kind: ChangeKind): Promise<void> {
  await client.query(`update plan_change c set state = 'held' where plan_id = $1 and system_id = $2 and kind = $3 and state = 'planned' and not ${releasedPerson}`, [planId, systemId, kind])
  if (systemId === 'people' && kind === 'create') await client.query(`update plan_arrival set state = 'held' where plan_id = $1 and state = 'planned'`, [planId])
}

/** What systems would do because of a person's change waits as long as that change is held. */
export async function peopleHeldSet(client: Client, planId: string): Promise<void> {
  await client.query(
    `update plan_change c set state = 'held' where c.plan_id = $1 and c.stage = 2 and c.state = 'planned'
        and exists (select from planned_change p where p.plan_id = $1 and p.stage = 1 and p.person_id = c.person_id and p.state = 'held')`, [planId])
}

/** Where people are only observed, so is what would follow for them. */
export async function observeWithPeople(client: Client, planId: string): Promise<void> {
  await client.query(
    `update plan_change c set state = 'observed' where c.plan_id = $1 and c.stage = 2 and c.state = 'planned'
        and exists (select from planned_change p where p.plan_id = $1 and p.stage = 1 and p.person_id = c.person_id and p.state = 'observed')`, [planId])
}

/** All but people who vanished: their release has the plan made anew. */
export async function unholdAll(client: Client, planId: string): Promise<void> {
  for (const table of ['plan_change', 'plan_arrival']) {
    await client.query(`update ${table} set state = 'planned' where plan_id = $1 and state = 'held' and code is null`, [planId])
  }
}

/** A release is for now: the same set a season later is looked at again. */
export async function isReleased(db: Db, setHash: string, asOf: string): Promise<{ by: string; at: string } | null> {
  const { rows } = await db.query<{ by: string; at: string }>(
    `select released_by as by, released_at as at from release where set_hash = $1 and released_at > $2::timestamptz - interval '7 days' order by released_at desc limit 1`, [setHash, asOf])
  return rows[0] ?? null
}

export async function insertRelease(db: Db, release: { id: string; planId: string; kind: string; subject: string; setHash: string; by: string; at: string }): Promise<void> {
  await db.query(
    `insert into release (id, plan_id, kind, subject, set_hash, released_at, released_by) values ($1, $2, $3, $4, $5, $6, $7)`,
    [release.id, release.planId, release.kind, release.subject, release.setHash, release.at, release.by])
}
