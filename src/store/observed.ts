/** Targeted reads: what a look-up of single records says, settled into what Usher knows to be there. */
import type { ObservedRecord, Page } from '../connectors/connector.ts'
import { transaction, type Client, type Db, type Pool } from './database.ts'
import { originOf } from './origin.ts'

/** Looks are numbered in the order in which they begin. */
export async function beginLook(db: Db): Promise<string> {
  const { rows: [row] } = await db.query<{ look: string }>(`select nextval('look_number') as look`)
  return row!.look
}

/** Who was asked for, and what Usher has just taken from them. */
export interface Asked {
  objectType: string
  id: string
  deleted?: boolean
  /** Entitlements, by Usher's ids. */
  revoked?: string[]
}

/** Whether the last read that told something showed far less than there was before. */
const mayHide = `coalesce((
  select o.state = 'incomplete' from observation o
   where o.system_id = $1 and (o.state = 'complete' or o.code in ('SYSTEM_OUT_OF_CONTRACT', 'SYSTEM_EMPTY')) order by o.read_at desc limit 1), false)`

/**
 * Settles the records of one look-up. `asked` are native ids that were asked for: those that are not in the page are gone,
 * and so are memberships, but for what Usher gave so lately that a mirror may not show it yet. Where the last full read showed that the system may hide
 * some, only what Usher has just taken is gone.
 * Memberships in the page are complete for its records. `look` was taken before the look-up began: what a later one brought
 * meanwhile is newer, and stays. In one transaction, so that whoever finds a record settled by somebody else finds its
 * memberships settled, too.
 */
export async function settleLookup(pool: Pool, systemId: string, seen: Seen, now: string, batchId: string | null = null): Promise<void> {
  if (seen.page.records.length + seen.asked.length > 0) await transaction(pool, (client) => settleSeen(client, systemId, seen, now, { ...nothingOwn, batchId }))
}

/** A look-up that has come to its end. */
export interface Seen {
  page: Page
  asked: Asked[]
  look: string
  /** What Usher gave, and was first seen after this instant, a mirror that is behind may not show yet. */
  older: string
}

/** What in a look-up is Usher's own doing: whose the records are from now on, where they were nobody's, and what it gave them. */
export interface OwnDoing {
  by: string
  links: Link[]
  granted: { nativeId: string; entitlementId: string }[]
  /** The batch that looks; null: none does. */
  batchId: string | null
}

const nothingOwn: OwnDoing = { by: '', links: [], granted: [], batchId: null }

/** The same in the caller's transaction. Returns what of Usher's own is still to be linked: records that were there before, or came by another look. */
export async function settleSeen(db: Client, systemId: string, seen: Seen, now: string, own = nothingOwn): Promise<Link[]> {
  const { page, asked, look } = seen
  const records = await settleRecords(db, systemId, page.records, look, now, own)
  const settled = new Map(records.map((r) => [r.nativeId, r.id]))
  const there = new Set(page.records.map((r) => `${r.objectType} ${r.id}`))
  const gone = asked.filter((a) => !there.has(`${a.objectType} ${a.id}`))
  if (gone.length > 0) {
    await db.query(
      `update account a set gone_at = $2, look = $5 from unnest($3::text[], $4::text[], $6::boolean[]) as u (object_type, native_id, deleted)
        where a.system_id = $1 and a.object_type = u.object_type and a.native_id = u.native_id and a.gone_at is null and a.look <= $5
          and (u.deleted or not ${mayHide})`,
      [systemId, now, gone.map((g) => g.objectType), gone.map((g) => g.id), look, gone.map((g) => g.deleted === true)])
  }
  if (settled.size > 0) await settleMemberships(db, systemId, seen, settled, now, own)
  const linked = new Set(records.map((r) => `${r.objectType} ${r.nativeId} ${r.personId} ${r.jobId}`))
  return own.links.filter((l) => !linked.has(`${l.objectType} ${l.nativeId} ${l.personId} ${l.jobId}`))
}

interface SettledRecord { id: string; objectType: string; nativeId: string; personId: string | null; jobId: string | null }

/** Returns the accounts that are settled now; those that a later look brought meanwhile stay as they are. */
async function settleRecords(db: Client, systemId: string, records: ObservedRecord[], look: string, now: string, own: OwnDoing): Promise<SettledRecord[]> {
  if (records.length === 0) return []
  // In one order, so that two that settle the same records wait for each other and not both.
  const accounts = records.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const column = <T>(pick: (record: ObservedRecord) => T): T[] => accounts.map(pick)
  const linked = new Map(own.links.map((link) => [`${link.objectType} ${link.nativeId}`, link]))
  const links = accounts.map((record) => linked.get(`${record.objectType} ${record.id}`))
  const { rows } = await db.query<SettledRecord>(
    `insert into account (system_id, object_type, native_id, name, attributes, enabled, protected, seen_at, disabled_at, look, person_id, job_id, linked_at, linked_by)
     select $1, object_type, native_id, name, attributes, enabled, protected, $2, case when enabled then null else $2::timestamptz end, $9,
            person_id, job_id, case when person_id is not null then $2::timestamptz end, case when person_id is not null then $10 end
       from unnest($3::text[], $4::text[], $5::text[], $6::jsonb[], $7::boolean[], $8::boolean[], $11::uuid[], $12::text[])
            as u (object_type, native_id, name, attributes, enabled, protected, person_id, job_id)
     on conflict (system_id, object_type, native_id) do update
       set name = excluded.name, attributes = excluded.attributes, enabled = excluded.enabled, seen_at = excluded.seen_at, gone_at = null, look = excluded.look,
           protected = account.protected or excluded.protected,
           disabled_at = case when excluded.enabled then null else coalesce(account.disabled_at, excluded.seen_at) end
       where account.look <= excluded.look
     returning id, object_type as "objectType", native_id as "nativeId", person_id as "personId", job_id as "jobId"`,
    [systemId, now, column((r) => r.objectType), column((r) => r.id), column((r) => r.name), column((r) => JSON.stringify(r.attributes)),
      column((r) => r.enabled ?? true), column((r) => r.protected ?? false), look, own.by,
      links.map((link) => link?.personId ?? null), links.map((link) => link?.jobId ?? null)])
  return rows
}

async function settleMemberships(db: Client, systemId: string, { page, asked, look, older }: Seen, settled: Map<string, string>, now: string, { granted, batchId }: Pick<OwnDoing, 'granted' | 'batchId'>): Promise<void> {
  const byName = new Map(page.records.map((r) => [r.name.toLowerCase(), r.id]))
  const members = page.memberships.flatMap(({ member, entitlementId }) => {
    const nativeId = 'id' in member ? member.id : byName.get(member.name.toLowerCase())
    return nativeId === undefined ? [] : [{ nativeId, entitlementId }]
  })
  const inPage = new Set(page.records.map((r) => r.id))
  // A look at groups shows members that were not looked at themselves.
  const others = await olderAccounts(db, systemId, members.map((m) => m.nativeId).filter((id) => !inPage.has(id)), look)
  const ours = new Set(granted.map((g) => `${g.nativeId} ${g.entitlementId}`))
  const pairs = members.flatMap((m) => {
    const accountId = settled.get(m.nativeId) ?? others.get(m.nativeId)
    return accountId === undefined ? [] : [{ accountId, entitlementId: m.entitlementId, ours: ours.has(`${m.nativeId} ${m.entitlementId}`) }]
  })
  const revoked = asked.flatMap((a) => (a.revoked ?? []).map((entitlementId) => ({ accountId: settled.get(a.id), entitlementId }))).filter((r) => r.accountId !== undefined)
  await db.query(
    `with pair as materialized (
       select p.*, m.origin
         from (select distinct u.account_id, e.id as entitlement_id, u.ours
                 from unnest($3::bigint[], $4::text[], $8::boolean[]) as u (account_id, entitlement, ours)
                 join entitlement e on e.system_id = $1 and e.native_id = u.entitlement) p
         left join lateral (select origin from membership m where m.account_id = p.account_id and m.entitlement_id = p.entitlement_id offset 0) m on true),
     gone as (
       delete from membership m
        where m.account_id = any($5::bigint[])
          and not exists (select from pair p where p.account_id = m.account_id and p.entitlement_id = m.entitlement_id)
          and ((m.origin <> 'granted' or m.seen_at <= $10 or m.seen_at > $2) and not ${mayHide} or (m.account_id, m.entitlement_id) in (select * from unnest($6::bigint[], $7::bigint[]))))
     insert into membership (account_id, entitlement_id, seen_at, origin)
     select p.account_id, p.entitlement_id, $2::timestamptz, case when p.ours then 'granted' else (select ${originOf('a', 'p.entitlement_id', '$9')} from account a where a.id = p.account_id) end
       from pair p where p.origin is null
     on conflict do nothing`,
    [systemId, now, pairs.map((p) => p.accountId), pairs.map((p) => p.entitlementId), [...settled.values()], revoked.map((r) => r.accountId), revoked.map((r) => r.entitlementId),
      pairs.map((p) => p.ours), batchId, older])
}

async function olderAccounts(db: Client, systemId: string, nativeIds: string[], look: string): Promise<Map<string, string>> {
  if (nativeIds.length === 0) return new Map()
  const { rows } = await db.query<{ id: string; nativeId: string }>(
    'select id, native_id as "nativeId" from account where system_id = $1 and native_id = any ($2) and look <= $3', [systemId, nativeIds, look])
  return new Map(rows.map((row) => [row.nativeId, row.id]))
}

/** Whose a record is. */
export interface Link {
  objectType: string
  nativeId: string
  personId: string
  jobId: string
}

/** Accounts that were adopted, or came by another look meanwhile, become their people's; returns whose, of those that were nobody's. */
export async function linkAccounts(db: Db, systemId: string, links: Link[], actor: string, now: string): Promise<Pick<Link, 'personId' | 'jobId'>[]> {
  if (links.length === 0) return []
  const { rows } = await db.query<Pick<Link, 'personId' | 'jobId'>>(
    `with wanted as (
       select (select id from account a where a.system_id = $1 and a.object_type = u.object_type and a.native_id = u.native_id) as id, person_id, job_id
         from unnest($4::text[], $5::text[], $6::uuid[], $7::text[]) as u (object_type, native_id, person_id, job_id))
     update account a set person_id = wanted.person_id, job_id = wanted.job_id, linked_at = $2, linked_by = $3
       from wanted where a.id = wanted.id and a.person_id is null returning a.person_id as "personId", a.job_id as "jobId"`,
    [systemId, now, actor, links.map((l) => l.objectType), links.map((l) => l.nativeId), links.map((l) => l.personId), links.map((l) => l.jobId)])
  return rows
}

/**
 * What a record held when it was linked is a reason of its own: kind *found*. It ends with employment. What Usher gave it,
 * and lost the answer, is no such thing.
 */
export async function foundReasons(db: Db, systemId: string, links: { objectType: string; nativeId: string }[], input: { planId: string; batchId: string; revision: number; actor: string; now: string }): Promise<void> {
  if (links.length === 0) return
  await db.query(
    `with linked as (
       select a.id, a.person_id, a.job_id from account a join unnest($2::text[], $3::text[]) as u (object_type, native_id)
           on a.object_type = u.object_type and a.native_id = u.native_id
        where a.system_id = $1 and a.person_id is not null),
     found as (
       update membership m set origin = case ${originOf('linked', 'm.entitlement_id', '$8')} when 'granted' then 'granted' else 'found' end
         from linked where m.account_id = linked.id and m.origin = 'unknown' returning linked.person_id, m.entitlement_id, m.origin)
     insert into reason (person_id, kind, entitlement_id, policy_revision, valid_from, made_by, made_at, plan_id)
     select person_id, 'found', entitlement_id, $4, $5, $6, $5, $7 from found where origin = 'found' on conflict do nothing`,
    [systemId, links.map((l) => l.objectType), links.map((l) => l.nativeId), input.revision, input.now, input.actor, input.planId, input.batchId])
}

/** What such an account holds of what Usher gave it, before anybody had seen it. */
export async function markGivenBefore(db: Db, systemId: string, links: { objectType: string; nativeId: string }[]): Promise<void> {
  await db.query(
    `update membership m set origin = 'granted'
       from unnest($2::text[], $3::text[]) as u (object_type, native_id)
       join account a on a.system_id = $1 and a.object_type = u.object_type and a.native_id = u.native_id and a.person_id is not null
      where m.account_id = a.id and m.origin = 'unknown' and ${originOf('a', 'm.entitlement_id', 'null')} = 'granted'`,
    [systemId, links.map((l) => l.objectType), links.map((l) => l.nativeId)])
}

/** Makes accounts nobody's again; returns those that were these people's. Memberships are as if somebody else had put them there. */
export async function unlinkAccounts(db: Db, links: { accountId: string; personId: string; jobId: string }[]): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `with unlinked as (
       update account a set person_id = null, job_id = null, linked_at = null, linked_by = null
         from unnest($1::bigint[], $2::uuid[], $3::text[]) as u (id, person_id, job_id)
        where a.id = u.id and a.person_id = u.person_id and a.job_id = u.job_id and a.gone_at is null and not a.protected returning a.id),
     forgotten as (update membership m set origin = 'unknown' from unlinked where m.account_id = unlinked.id)
     select id from unlinked`, [links.map((l) => l.accountId), links.map((l) => l.personId), links.map((l) => l.jobId)])
  return rows.map((r) => r.id)
}

/** One account of somebody in each of these systems that has any. */
export async function someAccounts(db: Db, systems: string[]): Promise<{ systemId: string; objectType: string; nativeId: string }[]> {
  const { rows } = await db.query<{ systemId: string; objectType: string; nativeId: string }>(
    `select s.system_id as "systemId", a.object_type as "objectType", a.native_id as "nativeId"
       from unnest($1::text[]) as s (system_id)
       join lateral (select object_type, native_id from account a
                      where a.system_id = s.system_id and a.person_id is not null and a.gone_at is null limit 1) a on true`, [systems])
  return rows
}

/** Ends what some people had because a plan found it there. */
export async function endFoundReasons(db: Db, planId: string, people: string[], now: string): Promise<void> {
  await db.query(
    `update reason set valid_until = greatest($3, valid_from) where plan_id = $1 and person_id = any($2::uuid[]) and kind = 'found' and (valid_until is null or valid_until > $3)`,
    [planId, people, now])
}

export async function markGranted(db: Db, pairs: { accountId: string; entitlementId: string }[]): Promise<void> {
  if (pairs.length === 0) return
  await db.query(
    `update membership m set origin = 'granted' from unnest($1::bigint[], $2::bigint[]) as u (account_id, entitlement_id)
      where m.account_id = u.account_id and m.entitlement_id = u.entitlement_id and m.origin <> 'granted'`,
    [pairs.map((p) => p.accountId), pairs.map((p) => p.entitlementId)])
}

export interface LinkedAccount {
  id: string
  systemId: string
  objectType: string
  nativeId: string
  name: string
  jobId: string
}

export async function accountsOfPeople(db: Db, people: string[]): Promise<LinkedAccount[]> {
  const { rows } = await db.query<LinkedAccount>(
    `select id, system_id as "systemId", object_type as "objectType", native_id as "nativeId", name, job_id as "jobId"
       from account where person_id = any ($1) and gone_at is null and job_id is not null`, [people])
  return rows
}
