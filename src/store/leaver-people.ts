/** The people's own part of a leaver's plan, in few statements: nobody waits for it who need not. */
import type { PeopleChange } from './people-plan.ts'
import type { Client } from './database.ts'

/**
 * Writes the changes by which people end as done, and what they do: the caller has the people locked, so nothing can have
 * moved since they were worked out. With what was, and with a row in the audit log for each.
 */
export async function endPeople(client: Client, planId: string, changes: PeopleChange[], actor: string, now: string): Promise<void> {
  await client.query(
    `with input as (
       select * from jsonb_to_recordset($4::jsonb) as u (person_id uuid, kind text, wave smallint, job_id text, subject text, before jsonb, after jsonb, reasons jsonb, hash text)),
     change as (
       insert into plan_change (plan_id, stage, wave, kind, system_id, job_id, object_type, person_id, subject, before, after, reasons, hash, state, attempts, started_at, done_at)
       select $1, 1, wave, kind, 'people', job_id, 'person', person_id, subject, before, after, reasons, decode(hash, 'hex'), 'done', 1, $2, $2 from input
       returning id, kind, person_id, before, after, hash),
     was as (
       insert into person_version (person_id, valid_from, valid_until, attributes, positions, state, plan_id)
       select p.id, p.changed_at, $2, p.attributes, p.positions, p.state, $1 from change c join person p on p.id = c.person_id
       on conflict do nothing),
     ended as (
       update person p set state = c.after ->> 'state', changed_at = $2, evaluated_at = null,
              next_change_at = case when c.after ? 'nextChangeAt' then (c.after ->> 'nextChangeAt')::timestamptz else p.next_change_at end
         from change c where p.id = c.person_id)
     insert into audit (at, actor, action, subject, detail)
     select $2, $3, 'people.apply', 'plan:' || $1::text, jsonb_build_object('done', count(*), 'refused', 0,
            'digest', encode(sha256(coalesce(string_agg(int8send(id) || hash, ''::bytea order by id), ''::bytea)), 'hex')) from change
     union all
     select $2, $3, 'change.' || kind || '.done', 'person:' || person_id, jsonb_build_object('plan', $1::text, 'change', id::text, 'system', 'people', 'hash', encode(hash, 'hex'),
            'attributes', (select coalesce(jsonb_agg(name order by name), '[]') from jsonb_object_keys(coalesce(before -> 'attributes', '{}') || coalesce(after -> 'attributes', '{}')) name)) from change`,
    [planId, now, actor, JSON.stringify(changes.map((c) => ({
      person_id: c.personId, kind: c.kind, wave: c.wave, job_id: c.jobId, subject: c.subject, before: c.before, after: c.after, reasons: c.reasons, hash: c.hash,
    })))])
}
