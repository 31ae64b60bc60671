/** Accounts of nobody, accounts that several people use, and what somebody said of them. */
import type { Client, Db } from './database.ts'
import { inside, pageOf, readCursor, type PageOf } from './paging.ts'

export type MarkKind = 'service' | 'shared' | 'ignored'

export interface AccountRow {
  id: string
  systemId: string
  objectType: string
  nativeId: string
  name: string
  protected: boolean
  personId: string | null
}

export async function livingAccount(db: Db, id: string): Promise<AccountRow | null> {
  const { rows } = await db.query<AccountRow>(
    `select id, system_id as "systemId", object_type as "objectType", native_id as "nativeId", name, protected, person_id as "personId"
       from account where id = $1 and gone_at is null`, [id])
  return rows[0] ?? null
}

/** The account that a person has by a job already. */
export async function accountOfJob(db: Db, personId: string, jobId: string): Promise<string | null> {
  const { rows } = await db.query<{ name: string }>('select name from account where person_id = $1 and job_id = $2 and gone_at is null', [personId, jobId])
  return rows[0]?.name ?? null
}

export async function isPerson(db: Db, id: string): Promise<boolean> {
  return (await db.query('select from person where id = $1', [id])).rows.length > 0
}

/** A person says of an account what it is; in place of what was said before of that kind. */
export async function insertMark(client: Client, mark: { accountId: string; kind: MarkKind; ownerId: string | null; note: string; until: string | null; by: string; now: string }): Promise<void> {
  await endMark(client, mark.accountId, mark.kind, mark.by, mark.now)
  await client.query(
    `insert into account_mark (account_id, kind, owner_id, note, valid_until, made_at, made_by) values ($1, $2, $3, $4, $5, $6, $7)`,
    [mark.accountId, mark.kind, mark.ownerId, mark.note, mark.until, mark.now, mark.by])
}

/** Returns whether there was one. */
export async function endMark(db: Db, accountId: string, kind: MarkKind, by: string, now: string): Promise<boolean> {
  const { rowCount } = await db.query('update account_mark set ended_at = $3, ended_by = $4 where account_id = $1 and kind = $2 and ended_at is null', [accountId, kind, now, by])
  return rowCount !== 0
}

export async function protectAccount(db: Db, id: string): Promise<void> {
  await db.query('update account set protected = true where id = $1', [id])
}

export interface OrphanShown {
  id: string
  systemId: string
  objectType: string
  name: string
  nativeId: string
  enabled: boolean
  seenAt: string
  entitlements: number
  personId: string | null
  personName: string | null
  marks: { kind: MarkKind; ownerId: string | null; owner: string | null; note: string; until: string | null; by: string; at: string }[]
  /** People whom match rules find for it. */
  claimedBy: { id: string; name: string }[]
}

export const orphanKinds = ['nobody', 'shared', 'service', 'ignored'] as const
export type OrphanKind = (typeof orphanKinds)[number]

const mark = (kind: MarkKind): string => `exists (select from account_mark k where k.account_id = a.id and k.kind = '${kind}' and k.ended_at is null and (k.valid_until is null or k.valid_until > $1::timestamptz))`
const claimed = `exists (select from finding f where f.resolved_at is null and f.code = 'MATCH_AMBIGUOUS' and f.details ->> 'account' = a.id::text)`

const filters: Record<OrphanKind, string> = {
  nobody: `a.person_id is null and not ${mark('service')} and not ${mark('ignored')}`,
  shared: `(${mark('shared')} or ${claimed}) and not ${mark('ignored')}`,
  service: mark('service'),
  ignored: mark('ignored'),
}

/** Accounts of one kind, by name. Protected ones are nobody's business. */
export async function searchOrphans(
  db: Db, wanted: { kind: OrphanKind; now: string; system?: string | undefined; search?: string | undefined; after?: string | undefined; limit: number },
): Promise<PageOf<OrphanShown>> {
  const key = readCursor(wanted.after, 2)
  const { rows } = await db.query<OrphanShown & { sortKey: string }>(
    `select a.id, a.system_id as "systemId", a.object_type as "objectType", a.name, a.native_id as "nativeId", a.enabled, a.seen_at as "seenAt",
            (select count(*)::int from membership m where m.account_id = a.id) as entitlements,
            a.person_id as "personId", p.attributes ->> 'displayName' as "personName", lower(a.name) as "sortKey",
            coalesce((select jsonb_agg(jsonb_build_object('kind', k.kind, 'ownerId', k.owner_id, 'owner', o.attributes ->> 'displayName', 'note', k.note,
                                                          'until', k.valid_until, 'by', k.made_by, 'at', k.made_at) order by k.id)
                        from account_mark k left join person o on o.id = k.owner_id
                       where k.account_id = a.id and k.ended_at is null and (k.valid_until is null or k.valid_until > $1)), '[]') as marks,
            coalesce((select jsonb_agg(distinct jsonb_build_object('id', c.id, 'name', coalesce(c.attributes ->> 'displayName', c.id::text)))
                        from finding f join person c on c.id = f.person_id or f.details -> 'people' ? c.id::text
                       where f.resolved_at is null and f.code = 'MATCH_AMBIGUOUS' and f.details ->> 'account' = a.id::text), '[]') as "claimedBy"
       from (select * from account a
              where a.gone_at is null and not a.protected and ($2::text is null or a.system_id = $2) and ${filters[wanted.kind]}
                and ($3::text is null or lower(a.name) like $3)
                and ($4::text is null or (lower(a.name), a.id) > ($4, $5::bigint))
              order by lower(a.name), a.id limit $6) a
       left join person p on p.id = a.person_id
      order by lower(a.name), a.id`,
    [wanted.now, wanted.system ?? null, wanted.search ? inside(wanted.search) : null, key?.[0] ?? null, key?.[1] ?? null, wanted.limit + 1])
  return pageOf(rows, wanted.limit, (r) => [r.sortKey, r.id], (r) => r)
}
