/** What earlier reads were like, and the rows of a read whose empty cells clear nothing. */
import type { ReadProfile } from '../domain/contract.ts'
import type { Client, Db } from './database.ts'
import { tableOf } from './snapshot.ts'

/** Profiles of a job's good reads since an instant, and the last one before it; newest first, back to one that was accepted as it was. */
export async function goodReads(db: Db, jobId: string, since: string): Promise<ReadProfile[]> {
  const { rows } = await db.query<{ profile: ReadProfile; accepted: boolean; late: boolean }>(
    `select profile, accepted, read_at > $2 as late from snapshot
      where job_id = $1 and state = 'complete' and profile is not null order by read_at desc limit 50`, [jobId, since])
  const accepted = rows.findIndex((r) => r.accepted)
  const learned = rows.slice(0, accepted < 0 ? rows.length : accepted + 1)
  return learned.filter((r, i) => i === 0 || r.late).map((r) => r.profile)
}

export async function storeProfile(db: Db, snapshotId: string, profile: ReadProfile, accepted: boolean): Promise<void> {
  await db.query('update snapshot set profile = $2, accepted = $3 where id = $1', [snapshotId, JSON.stringify(profile), accepted])
}

/**
 * Rows of a snapshot in which a column is empty keep the values that come from it. The hash says so, too: once the column
 * is in contract again, the rows differ from what was accepted. `index`: where the cell stands; null: cells have names.
 */
export async function keepEmptied(client: Client, snapshotId: string, input: { column: string; index: number | null; attributes: string[]; position: string[] }): Promise<void> {
  const cell = input.index === null ? '$1::text' : `${Number(input.index)}`
  await client.query(
    `update ${tableOf(snapshotId)} set
       keep = jsonb_build_object('attributes', coalesce(keep -> 'attributes', '[]') || $2::jsonb, 'position', coalesce(keep -> 'position', '[]') || $3::jsonb),
       hash = substr(sha256(hash || convert_to('kept ' || $1::text, 'UTF8')), 1, 16)
      where coalesce(json_typeof(cells::json -> ${cell}), 'null') = 'null'`, [input.column, JSON.stringify(input.attributes), JSON.stringify(input.position)])
}

/** What the last complete read of a system was like. */
export async function lastObserved(db: Db, systemId: string): Promise<{ profile: ReadProfile; readAt: string } | null> {
  const { rows } = await db.query<{ profile: ReadProfile; readAt: string }>(
    `select profile, read_at as "readAt" from observation where system_id = $1 and state = 'complete' and profile is not null order by read_at desc limit 1`, [systemId])
  return rows[0] ?? null
}

/** In how many accounts Usher itself removed an attribute since an instant, and how many it made without. */
export async function withoutSince(db: Db, systemId: string, attribute: string, since: string): Promise<{ cleared: number; made: number }> {
  const { rows } = await db.query<{ cleared: number; made: number }>(
    `select count(*) filter (where kind = 'update' and before ? $2)::int as cleared, count(*) filter (where kind = 'create')::int as made
       from plan_change where system_id = $1 and stage = 2 and kind in ('create', 'update') and state = 'done' and done_at > $3
        and not coalesce(after ? $2, false)`, [systemId, attribute, since])
  return rows[0]!
}

/** How many entitlements, and memberships of accounts, a system is known to have. */
export async function knownAccess(db: Db, systemId: string): Promise<{ entitlements: number; memberships: number }> {
  const { rows } = await db.query<{ entitlements: number; memberships: number }>(
    `select (select count(*) from entitlement where system_id = $1 and gone_at is null)::int as entitlements,
            (select count(*) from membership m join account a on a.id = m.account_id and a.gone_at is null where a.system_id = $1)::int as memberships`, [systemId])
  return rows[0]!
}

export async function storeObserved(db: Db, observationId: string, profile: ReadProfile): Promise<void> {
  await db.query('update observation set profile = $2 where id = $1', [observationId, JSON.stringify(profile)])
}

/** What is known of attributes that a read has ceased to show is kept in what was staged of it. */
export async function keepHidden(client: Client, systemId: string, attributes: string[]): Promise<void> {
  await client.query(
    `update seen_record s set attributes = s.attributes || coalesce(
            (select jsonb_object_agg(k, t.attributes -> k) from unnest($2::text[]) as k where t.attributes ? k and not s.attributes ? k), '{}')
       from account t
      where t.system_id = $1 and s.kind = 'account' and t.object_type = s.object_type and t.native_id = s.native_id and t.gone_at is null`, [systemId, attributes])
}
