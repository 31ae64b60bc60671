/** Full reads of destinations: how what was just read becomes what Usher knows to be there. */
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { from as copyFrom } from 'pg-copy-streams'
import type { Page } from '../connectors/connector.ts'
import { openTexts, type Shown } from '../domain/shown.ts'
import { copyLine } from './copy.ts'
import type { Client, Db } from './database.ts'
import { knownAccounts, type KnownAccounts } from './known.ts'
import { originOf } from './origin.ts'

export interface Observation {
  id: string
  systemId: string
  readAt: string
  state: 'reading' | 'complete' | 'incomplete'
  accounts: number
  entitlements: number
  memberships: number
  code: string | null
  because: string | null
}

export async function beginObservation(db: Db, id: string, systemId: string, now: string): Promise<void> {
  await db.query('insert into observation (id, system_id, read_at) values ($1, $2, $3)', [id, systemId, now])
}

/** What one read has shown so far. */
export interface Staging {
  known: KnownAccounts
  textOf(account: Shown): string
  /** How many records and memberships were seen, and how many accounts differ from what is stored. */
  accounts: number
  entitlements: number
  memberships: number
  differing: number
}

/** Opens the tables that pages are poured into. They belong to this connection, as no transaction may last as long as a read does. */
export async function openStaging(client: Client, systemId: string): Promise<Staging> {
  await client.query(`
    drop table if exists pg_temp.seen_record, pg_temp.seen_membership;
    create temp table seen_record (object_type text, kind text, native_id text, name text, attributes jsonb, enabled boolean, protected boolean);
    create temp table seen_membership (entitlement_id text, member_id text, member_name text)`)
  return { known: await knownAccounts(client, systemId), textOf: openTexts(), accounts: 0, entitlements: 0, memberships: 0, differing: 0 }
}

export async function closeStaging(client: Client): Promise<void> {
  await client.query('drop table if exists pg_temp.seen_record, pg_temp.seen_membership, pg_temp.seen_pair')
}

/**
 * Pours what is new in one page into the staging tables; accounts that are as they were are only ticked off.
 * `kinds` says which object types are accounts and which are entitlements.
 */
export async function stagePage(client: Client, staging: Staging, page: Page, kinds: Map<string, 'account' | 'entitlement'>, isProtected: (id: string, name: string) => boolean): Promise<void> {
  const lines: string[] = []
  staging.accounts += page.passed?.count ?? 0
  for (const record of page.records) {
    const kind = kinds.get(record.objectType)
    if (kind === undefined) continue
    const shown = { name: record.name, attributes: record.attributes, enabled: record.enabled ?? true, protected: record.protected === true || isProtected(record.id, record.name) }
    if (kind === 'account') {
      staging.accounts++
      if (staging.known.see(record.objectType, record.id, () => staging.textOf(shown))) continue
      staging.differing++
    } else {
      staging.entitlements++
    }
    lines.push(copyLine([record.objectType, kind, record.id, shown.name, JSON.stringify(shown.attributes), shown.enabled, shown.protected]))
  }
  if (lines.length > 0) await pipeline(Readable.from([lines.join('')]), client.query(copyFrom('copy seen_record from stdin')))
  const memberships = page.memberships.map((m) =>
    copyLine([m.entitlementId, 'id' in m.member ? m.member.id : null, 'name' in m.member ? m.member.name : null]))
  staging.memberships += memberships.length
  if (memberships.length > 0) await pipeline(Readable.from([memberships.join('')]), client.query(copyFrom('copy seen_membership from stdin')))
}

/**
 * Makes the stored picture of the system equal to the staged one; only rows that differ are written.
 * Without `complete`, nothing is taken away from the picture: absence would prove nothing.
 * What was looked at after `older` is newer than what the read says: since the read began, or since as long before it as a
 * write of ours may take until a read shows it.
 */
export async function settleStaging(client: Client, staging: Staging, systemId: string, { now, older, complete }: { now: string; older: string; complete: boolean }): Promise<{ accounts: number; entitlements: number; memberships: number }> {
  if (staging.differing + staging.entitlements > 0) await client.query('analyze seen_record')
  if (staging.memberships > 0) await client.query('analyze seen_membership')
  if (staging.differing > 0) {
    await disownReturned(client, systemId)
    await settleAccounts(client, systemId, now, older)
  }
  if (complete) await settleGone(client, staging.known, systemId, now, older)
  await settleEntitlements(client, systemId, now, complete)
  const memberships = await settleMemberships(client, systemId, now, older, complete)
  return { accounts: staging.accounts, entitlements: staging.entitlements, memberships }
}

async function settleAccounts(client: Client, systemId: string, now: string, older: string): Promise<void> {
  await client.query(
    `update account t set name = s.name, attributes = s.attributes, enabled = s.enabled, protected = s.protected, seen_at = $2, gone_at = null,
            disabled_at = case when s.enabled then null else coalesce(t.disabled_at, $2) end
       from seen_record s
      where t.system_id = $1 and s.kind = 'account' and t.object_type = s.object_type and t.native_id = s.native_id and t.seen_at <= $3
        and (t.gone_at is not null or (t.name, t.attributes, t.enabled, t.protected) is distinct from (s.name, s.attributes, s.enabled, s.protected))`, [systemId, now, older])
  await client.query(
    `insert into account (system_id, object_type, native_id, name, attributes, seen_at, enabled, protected, disabled_at)
     select $1, s.object_type, s.native_id, s.name, s.attributes, $2, s.enabled, s.protected, case when s.enabled then null else $2::timestamptz end
       from seen_record s
      where s.kind = 'account'
        and not exists (select from account t where t.system_id = $1 and t.object_type = s.object_type and t.native_id = s.native_id)
     on conflict do nothing`, [systemId, now])
}

async function settleGone(client: Client, known: KnownAccounts, systemId: string, now: string, older: string): Promise<void> {
  for (const [type, ids] of known.idsUnseen()) {
    if (ids.length === 0) continue
    await client.query(
      `update account t set gone_at = $2 from unnest($4::text[]) as u (native_id)
        where t.system_id = $1 and t.object_type = $3 and t.native_id = u.native_id and t.gone_at is null and t.seen_at <= $5`, [systemId, now, type, ids, older])
  }
}

async function settleEntitlements(client: Client, systemId: string, now: string, complete: boolean): Promise<void> {
  const updated = await client.query(
    `update entitlement t set name = s.name, attributes = s.attributes, seen_at = $2, gone_at = null
       from seen_record s
      where t.system_id = $1 and s.kind = 'entitlement' and t.object_type = s.object_type and t.native_id = s.native_id and t.seen_at <= $2
        and (t.gone_at is not null or (t.name, t.attributes) is distinct from (s.name, s.attributes))`, [systemId, now])
  const inserted = await client.query(
    `insert into entitlement (system_id, object_type, native_id, name, attributes, seen_at)
     select $1, s.object_type, s.native_id, s.name, s.attributes, $2 from seen_record s
      where s.kind = 'entitlement'
        and not exists (select from entitlement t where t.system_id = $1 and t.object_type = s.object_type and t.native_id = s.native_id)
     on conflict do nothing`, [systemId, now])
  const gone = !complete ? null : await client.query(
    `update entitlement t set gone_at = $2 where t.system_id = $1 and t.gone_at is null and t.seen_at <= $2
      and not exists (select from seen_record s where s.kind = 'entitlement' and s.object_type = t.object_type and s.native_id = t.native_id)`, [systemId, now])
  // What roles give is to be made anew.
  if ([updated, inserted, gone].some((one) => (one?.rowCount ?? 0) > 0)) await client.query('delete from role_entitlement_basis')
}

/**
 * Returns how many there are. A system without groups has none to look for, and none to lose. An account that this very read
 * showed first, or anew, has what the read shows, however long a write may take to be seen.
 */
async function settleMemberships(client: Client, systemId: string, now: string, older: string, complete: boolean): Promise<number> {
  await client.query(
    `create temp table seen_pair on commit drop as
     select distinct a.id as account_id, e.id as entitlement_id
       from seen_membership m
       join entitlement e on e.system_id = $1 and e.native_id = m.entitlement_id
       join account a on a.system_id = $1 and a.native_id = m.member_id
      where m.member_id is not null
      union
     select distinct a.id, e.id
       from seen_membership m
       join entitlement e on e.system_id = $1 and e.native_id = m.entitlement_id
       join account a on a.system_id = $1 and lower(a.name) = lower(m.member_name) and a.gone_at is null
      where m.member_name is not null`, [systemId])
  await client.query(
    `insert into membership (account_id, entitlement_id, seen_at, origin)
     select p.account_id, p.entitlement_id, $1, ${originOf('a', 'p.entitlement_id', 'null')}
       from seen_pair p join account a on a.id = p.account_id and (a.seen_at <= $2 or a.seen_at = $1)
      where not exists (select from membership m where m.account_id = p.account_id and m.entitlement_id = p.entitlement_id)
     on conflict do nothing`, [now, older])
  if (complete) {
    await client.query(
      `delete from membership m using account a, entitlement e
        where e.system_id = $1 and m.entitlement_id = e.id and a.id = m.account_id and a.seen_at <= $2
          and not exists (select from seen_pair p where p.account_id = m.account_id and p.entitlement_id = m.entitlement_id)`, [systemId, older])
  }
  const { rows: [row] } = await client.query<{ n: number }>('select count(*)::int as n from seen_pair')
  return row!.n
}

/** A record that was gone comes back while its person got another one: it is nobody's until somebody decides. */
async function disownReturned(client: Client, systemId: string): Promise<void> {
  await client.query(
    `update account t set person_id = null, job_id = null from seen_record s
      where t.system_id = $1 and t.gone_at is not null and t.person_id is not null and s.object_type = t.object_type and s.native_id = t.native_id
        and exists (select from account a where a.person_id = t.person_id and a.job_id = t.job_id and a.gone_at is null)`, [systemId])
}

/** Whether some read of the system reached its end. */
export async function wasReadWhole(db: Db, systemId: string): Promise<boolean> {
  const { rows } = await db.query(`select from observation where system_id = $1 and state = 'complete' limit 1`, [systemId])
  return rows.length > 0
}

/** How many accounts of people were there at the last look. */
export async function countLinked(db: Db, systemId: string): Promise<number> {
  const { rows } = await db.query<{ n: number }>('select count(*)::int as n from account where system_id = $1 and person_id is not null and gone_at is null', [systemId])
  return rows[0]!.n
}

export async function endObservation(db: Db, id: string, result: Omit<Observation, 'id' | 'systemId' | 'readAt'>): Promise<void> {
  await db.query(
    `update observation set state = $2, accounts = $3, entitlements = $4, memberships = $5, code = $6, because = $7 where id = $1`,
    [id, result.state, result.accounts, result.entitlements, result.memberships, result.code, result.because])
}
