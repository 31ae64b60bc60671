-- A plan of everybody turns a thousand changes at a time: what that does to the list of open ones is one step, too.
set local search_path to usher;

-- Rows are looked up by their key: the list is filled and emptied faster than PostgreSQL counts.
create function keep_open_changes() returns trigger language plpgsql set search_path from current set enable_seqscan = off as $$
begin
  -- To begin one, or to give it back, is no matter of that list.
  if not exists (select from was where state not in ('waiting', 'running')) and not exists (select from now where state not in ('waiting', 'running')) then
    return null;
  end if;
  delete from open_change where ctid = any (array(
    select o.ctid from was cross join lateral (
      select ctid from open_change o where o.plan_id = was.plan_id and o.system_id = was.system_id and o.wave = was.wave and o.id = was.id offset 0) o
     where was.stage = 2 and was.state in ('waiting', 'running', 'again', 'stuck')));
  insert into open_change
    select plan_id, system_id, wave, id, job_id, person_id, kind, entitlement_id, case when state in ('again', 'stuck') then state else 'to-do' end, next_attempt_at
      from now where stage = 2 and state in ('waiting', 'running', 'again', 'stuck');
  return null;
end $$;

drop trigger open_change_turns on plan_change;
create trigger open_changes_turn after update on plan_change
  referencing old table as was new table as now for each statement execute function keep_open_changes();

-- People, accounts and entitlements are never deleted: a check per row costs as much as the row.
alter table account drop constraint account_person_id_fkey;
alter table membership drop constraint membership_account_id_fkey, drop constraint membership_entitlement_id_fkey;
alter table reason drop constraint reason_person_id_fkey;
alter table desired_account drop constraint desired_account_person_id_fkey;
alter table desired_reference drop constraint desired_reference_person_id_fkey;
-- What is not sealed yet has no position to be unique.
alter table audit drop constraint audit_position_key;
create unique index audit_position on audit (position) where position is not null;
