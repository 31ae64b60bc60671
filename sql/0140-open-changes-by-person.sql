-- Looked up by person, as what is open of the same thing; begun with the system, it was taken for a way to all that a plan has
-- to do there, past what other plans left behind.
set local search_path to usher;

drop index one_open_change;
create unique index one_open_change on open_change (person_id, job_id, system_id, kind, coalesce(entitlement_id, 0)) where state <> 'stuck';
