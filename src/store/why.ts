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

/** The source rows that a person is made of, or was at an instant. */
export async function sourceRowsOf(db: Db, personId: string, asOf: string | null): Promise<SourceRow[]> {
  const { rows } = await db.query<SourceRow>(
    `select r.job_id as "jobId", r.key, r.position_key as "positionKey", coalesce(v.row, r.row) as row, coalesce(v.cells::text::json, ${cellsOfRecord}) as cells,
            coalesce(v.source_name, r.source_name) as "sourceName", s.shape, coalesce(s.policy_revision, 0) as "policyRevision"
       from record r
       left join lateral (
         select p.row, p.cells, p.source_name, p.snapshot_id from record_past p
          where p.job_id = r.job_id and p.key = r.key and p.position_key = r.position_key and p.valid_until > $2 order by p.valid_until limit 1) v on true
       left join snapshot s on s.id = coalesce(v.snapshot_id, r.snapshot_id)
      where r.person_id = $1 order by r.job_id, r.row`, [personId, asOf])
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

export async function entitlementById(db: Db, id: string): Promise<{ systemId: string; name: string; nativeId: string; commonName: string | null } | null> {
  const { rows } = await db.query<{ systemId: string; name: string; nativeId: string; commonName: string | null }>(
    `select system_id as "systemId", name, native_id as "nativeId", attributes ->> 'cn' as "commonName" from entitlement where id = $1`, [id])
  return rows[0] ?? null
}
