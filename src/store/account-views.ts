/** What is shown of accounts and entitlements. */
import type { Attributes } from '../domain/value.ts'
import type { Db } from './database.ts'
import { inside, pageOf, readCursor } from './paging.ts'
import type { PageOf } from './paging.ts'

export interface AccountShown {
  id: string
  systemId: string
  objectType: string
  name: string
  nativeId: string
  enabled: boolean
  protected: boolean
  personId: string | null
  personName: string | null
  job: string | null
  linkedAt: string | null
  disabledAt: string | null
  seenAt: string
  goneAt: string | null
  entitlements: number
  attributes: Attributes
}

const columns = `a.id, a.system_id as "systemId", a.object_type as "objectType", a.name, a.native_id as "nativeId", a.enabled, a.protected,
  a.person_id as "personId", coalesce(p.attributes ->> 'displayName', p.attributes ->> 'employeeId') as "personName", a.job_id as job,
  a.linked_at as "linkedAt", a.disabled_at as "disabledAt", a.seen_at as "seenAt", a.gone_at as "goneAt", a.attributes,
  (select count(*)::int from membership m where m.account_id = a.id) as entitlements, lower(a.name) as "sortKey"`

const filters = {
  all: 'true',
  linked: 'a.person_id is not null',
  orphan: 'a.person_id is null and not a.protected',
  protected: 'a.protected',
  disabled: 'not a.enabled',
}
export type AccountFilter = keyof typeof filters

export async function searchAccounts(
  db: Db, systemId: string, wanted: { filter: AccountFilter; search?: string; after?: string; limit: number },
): Promise<PageOf<AccountShown>> {
  const key = readCursor(wanted.after, 2)
  const { rows } = await db.query<AccountShown & { sortKey: string }>(
    `select ${columns}
       from (select * from account a
              where a.system_id = $1 and a.gone_at is null and ${filters[wanted.filter]}
                and ($2::text is null or lower(a.name) like $2
                     or exists (select from person s where s.id = a.person_id and lower(s.attributes ->> 'displayName') like $2))
                and ($3::text is null or (lower(a.name), a.id) > ($3, $4::bigint))
              order by lower(a.name), a.id limit $5) a
       left join person p on p.id = a.person_id
      order by lower(a.name), a.id`,
    [systemId, wanted.search ? inside(wanted.search) : null, key?.[0] ?? null, key?.[1] ?? null, wanted.limit + 1])
  return pageOf(rows, wanted.limit, (r) => [r.sortKey, r.id], (r) => r)
}

/** All accounts of a person, gone ones too, the living first. */
export async function accountsOf(db: Db, personId: string): Promise<AccountShown[]> {
  const { rows } = await db.query<AccountShown>(
    `select ${columns} from account a left join person p on p.id = a.person_id
      where a.person_id = $1 order by a.gone_at is not null, a.system_id, a.name, a.id`, [personId])
  return rows
}

export async function listMembers(db: Db, systemId: string, entitlementId: string, paging: { after?: string; limit: number }): Promise<PageOf<AccountShown>> {
  const key = readCursor(paging.after, 2)
  const { rows } = await db.query<AccountShown & { sortKey: string }>(
    `select ${columns} from membership h join account a on a.id = h.account_id left join person p on p.id = a.person_id
      where h.entitlement_id = $1 and a.system_id = $2 and ($3::text is null or (lower(a.name), a.id) > ($3, $4::bigint))
      order by lower(a.name), a.id limit $5`,
    [entitlementId, systemId, key?.[0] ?? null, key?.[1] ?? null, paging.limit + 1])
  return pageOf(rows, paging.limit, (r) => [r.sortKey, r.id], (r) => r)
}

export interface EntitlementShown {
  id: string
  systemId: string
  objectType: string
  name: string
  nativeId: string
  attributes: Attributes
  members: number
  seenAt: string
  goneAt: string | null
}

export async function searchEntitlements(
  db: Db, systemId: string, wanted: { search?: string; after?: string; limit: number },
): Promise<PageOf<EntitlementShown>> {
  const key = readCursor(wanted.after, 2)
  const { rows } = await db.query<EntitlementShown & { sortKey: string }>(
    `select e.id, e.system_id as "systemId", e.object_type as "objectType", e.name, e.native_id as "nativeId", e.attributes,
            e.seen_at as "seenAt", e.gone_at as "goneAt", lower(e.name) as "sortKey",
            (select count(*)::int from membership m where m.entitlement_id = e.id) as members
       from entitlement e
      where e.system_id = $1 and e.gone_at is null and ($2::text is null or lower(e.name) like $2)
        and ($3::text is null or (lower(e.name), e.id) > ($3, $4::bigint))
      order by lower(e.name), e.id limit $5`,
    [systemId, wanted.search ? inside(wanted.search) : null, key?.[0] ?? null, key?.[1] ?? null, wanted.limit + 1])
  return pageOf(rows, wanted.limit, (r) => [r.sortKey, r.id], (r) => r)
}
