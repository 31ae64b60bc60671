/** Full reads of destinations: how what was just read becomes what Usher knows to be there. */
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { from as copyFrom } from 'pg-copy-streams'
import type { Page } from '../connectors/connector.ts'
import { copyLine } from './copy.ts'
import type { Client, Db } from './database.ts'

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

/** Tables of this transaction that pages are poured into; they vanish at commit. */
export async function openStaging(client: Client): Promise<void> {
  await client.query(`
    create temp table seen_record (object_type text, kind text, native_id text, name text, attributes jsonb, enabled boolean, protected boolean) on commit drop;
    create temp table seen_membership (entitlement_id text, member_id text, member_name text) on commit drop`)
}

/** Pours one page into the staging tables. `kinds` says which object types are accounts and which are entitlements. */
export async function stagePage(client: Client, page: Page, kinds: Map<string, 'account' | 'entitlement'>, isProtected: (id: string, name: string) => boolean): Promise<void> {
  const records = page.records.filter((r) => kinds.has(r.objectType)).map((r) => copyLine([
    r.objectType, kinds.get(r.objectType)!, r.id, r.name, JSON.stringify(r.attributes), r.enabled ?? true, r.protected === true || isProtected(r.id, r.name),
  ]))
  if (records.length > 0) await pipeline(Readable.from([records.join('')]), client.query(copyFrom('copy seen_record from stdin')))
  const memberships = page.memberships.map((m) =>
    copyLine([m.entitlementId, 'id' in m.member ? m.member.id : null, 'name' in m.member ? m.member.name : null]))
  if (memberships.length > 0) await pipeline(Readable.from([memberships.join('')]), client.query(copyFrom('copy seen_membership from stdin')))
}

/**
 * Makes the stored picture of the system equal to the staged one; only rows that differ are written.
 * Without `complete`, nothing is taken away from the picture: absence would prove nothing.
 * What was looked at since the read began (`now`) is newer than what the read says.
 */
export async function settleStaging(client: Client, systemId: string, now: string, complete: boolean): Promise<{ accounts: number; entitlements: number; memberships: number }> {
  await client.query('analyze seen_record; analyze seen_membership')
  await disownReturned(client, systemId)
  for (const [table, kind] of [['account', 'account'], ['entitlement', 'entitlement']] as const) {
    const extra = table === 'account' ? ', enabled, protected' : ''
    const changed = table === 'account'
      ? '(t.name, t.attributes, t.enabled, t.protected) is distinct from (s.name, s.attributes, s.enabled, s.protected)'
      : '(t.name, t.attributes) is distinct from (s.name, s.attributes)'
    const set = table === 'account'
      ? `name = s.name, attributes = s.attributes, enabled = s.enabled, protected = s.protected, seen_at = $2, gone_at = null,
         disabled_at = case when s.enabled then null else coalesce(t.disabled_at, $2) end`
      : 'name = s.name, attributes = s.attributes, seen_at = $2, gone_at = null'
    await client.query(
      `update ${table} t set ${set} from seen_record s
        where t.system_id = $1 and s.kind = '${kind}' and t.object_type = s.object_type and t.native_id = s.native_id
          and t.seen_at <= $2 and (t.gone_at is not null or ${changed})`, [systemId, now])
    await client.query(
      `insert into ${table} (system_id, object_type, native_id, name, attributes, seen_at${extra}${table === 'account' ? ', disabled_at' : ''})
       select $1, s.object_type, s.native_id, s.name, s.attributes, $2${extra}${table === 'account' ? ', case when s.enabled then null else $2::timestamptz end' : ''}
         from seen_record s
        where s.kind = '${kind}'
          and not exists (select from ${table} t where t.system_id = $1 and t.object_type = s.object_type and t.native_id = s.native_id)
       on conflict do nothing`, [systemId, now])
    if (complete) {
      await client.query(
        `update ${table} t set gone_at = $2 where t.system_id = $1 and t.gone_at is null and t.seen_at <= $2
          and not exists (select from seen_record s where s.kind = '${kind}' and s.object_type = t.object_type and s.native_id = t.native_id)`,
        [systemId, now])
    }
  }
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
    `insert into membership (account_id, entitlement_id, seen_at)
     select account_id, entitlement_id, $1 from seen_pair p join account a on a.id = p.account_id and a.seen_at <= $1
      where not exists (select from membership m where m.account_id = p.account_id and m.entitlement_id = p.entitlement_id)
     on conflict do nothing`, [now])
  if (complete) {
    await client.query(
      `delete from membership m using account a
        where a.id = m.account_id and a.system_id = $1 and a.seen_at <= $2
          and not exists (select from seen_pair p where p.account_id = m.account_id and p.entitlement_id = m.entitlement_id)`, [systemId, now])
  }
  const { rows } = await client.query<{ accounts: number; entitlements: number; memberships: number }>(
    `select (select count(*) from seen_record where kind = 'account')::int as accounts,
            (select count(*) from seen_record where kind = 'entitlement')::int as entitlements,
            (select count(*) from seen_pair)::int as memberships`)
  return rows[0]!
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

/** Whether what was staged has an account at all. */
export async function stagedAccounts(client: Client): Promise<boolean> {
  const { rows } = await client.query(`select from seen_record where kind = 'account' limit 1`)
  return rows.length > 0
}

export async function endObservation(db: Db, id: string, result: Omit<Observation, 'id' | 'systemId' | 'readAt'>): Promise<void> {
  await db.query(
    `update observation set state = $2, accounts = $3, entitlements = $4, memberships = $5, code = $6, because = $7 where id = $1`,
    [id, result.state, result.accounts, result.entitlements, result.memberships, result.code, result.because])
}
