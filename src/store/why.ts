/** What is on record about one person: source rows, accounts, reasons, memberships. */
import type { SourceShape } from '../connectors/connector.ts'
import type { Position } from '../domain/person.ts'
import type { Attributes } from '../domain/value.ts'
import type { Db } from './database.ts'
import { cutsOf } from './person-end.ts'
import { cellsOfRecord } from './snapshot.ts'

export interface PersonRow {
  id: string
  attributes: Attributes
  positions: Position[]
  state: string
  cuts: string[]
}

/** A person as now, or as they were at an instant; null if they were not known then. */
export async function personAt(db: Db, personId: string, asOf: string | null): Promise<PersonRow | null> {
  const { rows } = await db.query<PersonRow>(
    `select p.id, coalesce(v.attributes, p.attributes) as attributes, coalesce(v.positions, p.positions) as positions, coalesce(v.state, p.state) as state, ${cutsOf('p.id', '$2')}
       from person p
       left join person_version v on v.person_id = p.id and v.valid_from <= $2 and v.valid_until > $2
      where p.id = $1 and ($2::timestamptz is null or p.created_at <= $2)`, [personId, asOf])
  return rows[0] ?? null
}

export interface SourceRow {
  jobId: string
  key: string
  positionKey: string
  row: number
  cells: Attributes
  sourceName: string
  shape: SourceShape | null
  policyRevision: number
}

export async function sourceRowsOf(db: Db, personId: string): Promise<SourceRow[]> {
  const { rows } = await db.query<SourceRow>(
    `select r.job_id as "jobId", r.key, r.position_key as "positionKey", r.row, ${cellsOfRecord} as cells, r.source_name as "sourceName", s.shape,
            coalesce(s.policy_revision, 0) as "policyRevision"
       from record r left join snapshot s on s.id = r.snapshot_id where r.person_id = $1 order by r.job_id, r.row`, [personId])
  return rows
}

export interface ReasonRow {
  id: string
  kind: 'scope' | 'rule' | 'role' | 'manual' | 'found' | 'grace'
  roleId: string | null
  entitlementId: string | null
  jobId: string | null
  ruleId: string | null
  positionKey: string | null
  /** Of a reason of kind grace: the role that a rule gave before. */
  formerRoleId: string | null
  policyRevision: number
  validFrom: string
  validUntil: string | null
  note: string | null
  madeBy: string
}

/** Reasons that live at an instant. */
export async function reasonsAt(db: Db, personId: string, asOf: string): Promise<ReasonRow[]> {
  const { rows } = await db.query<ReasonRow>(
    `select id, kind, role_id as "roleId", entitlement_id as "entitlementId", job_id as "jobId", rule_id as "ruleId", position_key as "positionKey", former_role_id as "formerRoleId",
            policy_revision as "policyRevision", valid_from as "validFrom", valid_until as "validUntil", note, made_by as "madeBy"
       from reason where person_id = $1 and valid_from <= $2 and (valid_until is null or valid_until > $2) order by valid_from, id`, [personId, asOf])
  return rows
}

export interface AccessRow {
  systemId: string
  entitlementId: string
  entitlement: string
  present: boolean
  since: string | null
  reasonIds: string[]
}

/** Every entitlement that the person has in a system or has a reason for; roles unfolded. */
export async function accessOf(db: Db, personId: string, reasonIds: string[]): Promise<AccessRow[]> {
  const { rows } = await db.query<AccessRow>(
    `with given as (
       select coalesce(r.entitlement_id, re.entitlement_id) as entitlement_id, r.id as reason_id
         from reason r left join role_entitlement re on re.role_id = r.role_id where r.id = any($2::bigint[]) and r.kind <> 'scope'),
     held as (
       select m.entitlement_id, m.seen_at from membership m join account a on a.id = m.account_id where a.person_id = $1 and a.gone_at is null)
     select e.system_id as "systemId", e.id as "entitlementId", e.name as entitlement, bool_or(held.entitlement_id is not null) as present, min(held.seen_at) as since,
            coalesce(array_agg(distinct given.reason_id::text) filter (where given.reason_id is not null), '{}') as "reasonIds"
       from given full join held using (entitlement_id) join entitlement e on e.id = entitlement_id
      group by 1, 2, 3 order by 1, 3`, [personId, reasonIds])
  return rows
}

export interface AccountRow {
  accountId: string
  systemId: string
  jobId: string
  name: string
  enabled: boolean
  since: string | null
}

export async function accountsAt(db: Db, personId: string): Promise<AccountRow[]> {
  const { rows } = await db.query<AccountRow>(
    `select id as "accountId", system_id as "systemId", job_id as "jobId", name, enabled, linked_at as since
       from account where person_id = $1 and gone_at is null and job_id is not null order by system_id, name`, [personId])
  return rows
}

/** Roles that give an entitlement, contained ones unfolded. */
export async function rolesGiving(db: Db, entitlementId: string): Promise<string[]> {
  const { rows } = await db.query<{ roleId: string }>('select role_id as "roleId" from role_entitlement where entitlement_id = $1 order by 1', [entitlementId])
  return rows.map((r) => r.roleId)
}

export async function entitlementById(db: Db, id: string): Promise<{ systemId: string; name: string } | null> {
  const { rows } = await db.query<{ systemId: string; name: string }>('select system_id as "systemId", name from entitlement where id = $1', [id])
  return rows[0] ?? null
}
