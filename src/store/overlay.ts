/**
 * What people should have while a plan is computed, laid over the stored rows: in temporary tables (`eval_*`) where it may
 * be everybody, in a setting of the transaction where it is a few, as making tables takes longer than all the rest then.
 */
import type { Attributes } from '../domain/value.ts'
import { BinaryRows, copyLine, pourInto, pourRows } from './copy.ts'
import type { Client } from './database.ts'
import { analyze } from './statistics.ts'

/** Which rows a question is asked of: what is stored, or that with this transaction's evaluation laid over it, of many people or (the rows themselves) of a few. */
export type Layer = 'stored' | 'overlay' | EvaluatedRows

/** So many people are a few. */
export const fewMax = 100

/** An evaluation as rows, named as the columns are. */
export interface EvaluatedRows {
  people: { person_id: string; attributes: Attributes; state: string; ended_at: string | null; changed_at: string | null }[]
  reasons: { person_id: string; kind: string; role_id: string | null; job_id: string | null; rule_id: string | null; position_key: string | null }[]
  accounts: {
    person_id: string; job_id: string; system_id: string; wanted: 'enabled' | 'disabled' | 'broken'; attributes: Attributes; clear: string[]; name: string
    matched_account_id: string | null; matched_by: string | null
  }[]
  references: { person_id: string; job_id: string; attribute: string; key_attribute: string; value: string }[]
  /** Kept for a while after a move. */
  graces: { person_id: string; entitlement_id: string; rule_id: string; former_role_id: string; valid_until: string }[]
}

export async function openOverlay(client: Client): Promise<void> {
  await client.query(`
    create temp table eval_due (id uuid primary key) on commit drop;
    create temp table eval_person (person_id uuid primary key, attributes jsonb not null, state text not null, ended_at timestamptz, changed_at timestamptz) on commit drop;
    create temp table eval_account (
      person_id uuid, job_id text, system_id text, wanted text, attributes jsonb, clear text[], name text,
      matched_account_id bigint, matched_by text, primary key (person_id, job_id)) on commit drop;
    create temp table eval_reference (person_id uuid, job_id text, attribute text, key_attribute text, value text) on commit drop;
    create temp table eval_reason (person_id uuid, kind text, role_id text, job_id text, rule_id text, position_key text) on commit drop;
    create temp table eval_grace (person_id uuid, entitlement_id bigint, rule_id text, former_role_id text, valid_until timestamptz) on commit drop`)
}

/** Once all of it is there: facts are looked up by person. Counted is what is looked up by and joined by; attributes take longer than all the rest. */
export async function analyzeOverlay(client: Client): Promise<void> {
  await client.query(`
    create index on eval_reference (person_id);
    create index on eval_reason (person_id)`)
  await analyze(client, ['eval_person (person_id, state)', 'eval_account (person_id, job_id, system_id, wanted)', 'eval_reference', 'eval_reason (person_id, kind, role_id, job_id, rule_id)'])
}

/** Adds rows to the tables that `openOverlay` made. */
export async function pourOverlay(client: Client, rows: EvaluatedRows): Promise<void> {
  await pourInto(client, 'eval_person', rows.people.map((p) => copyLine([p.person_id, JSON.stringify(p.attributes), p.state, p.ended_at, p.changed_at])))
  await pourRows(client, 'eval_reason', reasonRows(rows.reasons))
  await pourRows(client, 'eval_account', accountRows(rows.accounts))
  await pourInto(client, 'eval_reference', rows.references.map((r) => copyLine([r.person_id, r.job_id, r.attribute, r.key_attribute, r.value])))
  await pourInto(client, 'eval_grace', rows.graces.map((g) => copyLine([g.person_id, g.entitlement_id, g.rule_id, g.former_role_id, g.valid_until])))
}

function reasonRows(reasons: EvaluatedRows['reasons']): BinaryRows {
  const rows = new BinaryRows()
  for (const r of reasons) {
    rows.row(6)
    rows.uuid(r.person_id)
    rows.text(r.kind)
    for (const value of [r.role_id, r.job_id, r.rule_id, r.position_key]) rows.text(value)
  }
  return rows
}

function accountRows(accounts: EvaluatedRows['accounts']): BinaryRows {
  const rows = new BinaryRows()
  for (const a of accounts) {
    rows.row(9)
    rows.uuid(a.person_id)
    for (const value of [a.job_id, a.system_id, a.wanted]) rows.text(value)
    rows.jsonb(JSON.stringify(a.attributes))
    rows.texts(a.clear)
    rows.text(a.name)
    rows.bigint(a.matched_account_id)
    rows.text(a.matched_by)
  }
  return rows
}

/** Lays the evaluation of a few people over what is stored, for this transaction. */
export async function layFew(client: Client, rows: EvaluatedRows): Promise<void> {
  await client.query(`select set_config('usher.overlay', $1, true)`, [JSON.stringify(rows)])
}

/** The rows of the overlay, by where it is. */
function overlaid(layer: Exclude<Layer, 'stored'>) {
  if (layer === 'overlay') return { people: 'eval_person', accounts: 'eval_account', references: 'eval_reference', reasons: 'eval_reason', graces: 'eval_grace' }
  const rows = (key: keyof EvaluatedRows, columns: string) => `jsonb_to_recordset(current_setting('usher.overlay')::jsonb -> '${key}') as few (${columns})`
  return {
    people: rows('people', 'person_id uuid, attributes jsonb, state text'),
    accounts: rows('accounts', 'person_id uuid, job_id text, system_id text, wanted text, attributes jsonb, clear text[], name text, matched_account_id bigint, matched_by text'),
    references: rows('references', 'person_id uuid, job_id text, attribute text, key_attribute text, value text'),
    reasons: rows('reasons', 'person_id uuid, kind text, role_id text, rule_id text'),
    graces: rows('graces', 'person_id uuid, entitlement_id bigint, rule_id text, former_role_id text, valid_until timestamptz'),
  }
}

/** SQL for the relations that comparisons read. `$asOf` inside is replaced by the caller's placeholder. */
export function relations(layer: Layer, asOf: string) {
  // What began when it was made lives, also where the clock was set back since: only what is to begin later waits.
  // Likewise what was ended at once, by a rule or by hand, and was not to last until some day, does not live again.
  const living = `(valid_from <= ${asOf} or valid_from <= made_at)
    and (valid_until is null or valid_until > ${asOf} and kind <> 'rule' and valid_until is distinct from until_agreed_at)`
  if (layer === 'stored') {
    return {
      people: `(select id, attributes, state, evaluated_at is not null as is_settled from person)`,
      desired: `(select person_id, job_id, system_id, wanted, attributes, clear, name, null::bigint as matched_account_id, null::text as matched_by from desired_account)`,
      references: `(select person_id, job_id, attribute, key_attribute, value from desired_reference)`,
      reasons: `(select person_id, kind, role_id, entitlement_id, rule_id, former_role_id, made_by, valid_from, valid_until from reason where kind <> 'scope' and ${living})`,
    }
  }
  const eval_ = overlaid(layer)
  // In a set of few, `any` of an array that is made once is looked up by key.
  const outside = (person: string) => (layer !== 'overlay'
    ? `${person} <> all (array(select person_id from ${eval_.people}))` : `not exists (select from eval_person ev where ev.person_id = ${person})`)
  return {
    people: `(select person_id as id, attributes, state, true as is_settled from ${eval_.people} union all select id, attributes, state, evaluated_at is not null from person where ${outside('person.id')})`,
    desired: `(select * from ${eval_.accounts} union all
      select person_id, job_id, system_id, wanted, attributes, clear, name, null, null from desired_account d where ${outside('d.person_id')})`,
    references: `(select * from ${eval_.references} union all
      select person_id, job_id, attribute, key_attribute, value from desired_reference d where ${outside('d.person_id')})`,
    reasons: `(select person_id, kind, role_id, null::bigint as entitlement_id, rule_id, null::text as former_role_id, 'usher' as made_by, ${asOf}::timestamptz as valid_from, null::timestamptz as valid_until
        from ${eval_.reasons} where kind = 'rule'
      union all
      select person_id, 'grace', null, entitlement_id, rule_id, former_role_id, 'usher', ${asOf}::timestamptz, valid_until from ${eval_.graces}
      union all
      select person_id, kind, role_id, entitlement_id, rule_id, former_role_id, made_by, valid_from, valid_until from reason r
       where kind <> 'scope' and ${living} and (kind <> 'rule' or ${outside('r.person_id')}))`,
  }
}
