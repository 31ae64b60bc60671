-- A change is written four times on its way: planned, approved, begun, done. No index may look at its state, then PostgreSQL
-- writes those in place, and the indexes stay as they are. What is still to be done has a narrow table of its own instead.
set local search_path to usher;

create table open_change (
  plan_id uuid not null,
  system_id text not null,
  wave smallint not null,
  id bigint not null,
  job_id text,
  person_id uuid,
  kind text not null,
  entitlement_id bigint,
  -- to-do: waiting or running. again: waits until next_attempt_at. stuck: waits for a person.
  state text not null,
  next_attempt_at timestamptz,
  primary key (plan_id, system_id, wave, id),
  constraint open_change_state_is_known check (state in ('to-do', 'again', 'stuck'))
);
comment on table open_change is 'The changes of plan_change in stage 2 that are to be carried out or are stuck, in the order of their turn; kept by a trigger. At most one is open per account and attribute or entitlement.';

insert into open_change
  select plan_id, system_id, wave, id, job_id, person_id, kind, entitlement_id, case when state in ('again', 'stuck') then state else 'to-do' end, next_attempt_at
    from plan_change where stage = 2 and state in ('waiting', 'running', 'again', 'stuck');
create unique index one_open_change on open_change (system_id, job_id, person_id, kind, coalesce(entitlement_id, 0)) where state <> 'stuck';
create index open_change_again on open_change (next_attempt_at) where state = 'again';
create index open_change_stuck on open_change (plan_id) where state = 'stuck';

create function keep_open_change() returns trigger language plpgsql set search_path from current as $$
begin
  if tg_op <> 'INSERT' and old.state in ('waiting', 'running', 'again', 'stuck') then
    delete from open_change where plan_id = old.plan_id and system_id = old.system_id and wave = old.wave and id = old.id;
  end if;
  if tg_op <> 'DELETE' and new.state in ('waiting', 'running', 'again', 'stuck') then
    insert into open_change values (new.plan_id, new.system_id, new.wave, new.id, new.job_id, new.person_id, new.kind, new.entitlement_id,
      case when new.state in ('again', 'stuck') then new.state else 'to-do' end, new.next_attempt_at);
  end if;
  return null;
end $$;

create trigger open_change_comes after insert on plan_change for each row
  when (new.stage = 2 and new.state in ('waiting', 'running', 'again', 'stuck')) execute function keep_open_change();
create trigger open_change_goes after delete on plan_change for each row
  when (old.stage = 2 and old.state in ('waiting', 'running', 'again', 'stuck')) execute function keep_open_change();
-- To begin one, or to give it back, is no matter of this table.
create trigger open_change_turns after update of state, next_attempt_at on plan_change for each row
  when (old.stage = 2 and (old.state in ('waiting', 'running', 'again', 'stuck') or new.state in ('waiting', 'running', 'again', 'stuck'))
    and not (old.state in ('waiting', 'running') and new.state in ('waiting', 'running'))
    and (old.state, old.next_attempt_at) is distinct from (new.state, new.next_attempt_at)) execute function keep_open_change();

drop index plan_change_plan_id_stage_wave_state_idx, plan_change_due, changes_to_do, plan_change_stuck, one_open_change_per_thing, changes_braked;
create index people_of_plan on plan_change (plan_id, wave) where stage = 1;
create index braked_of_plan on plan_change (plan_id, system_id, kind) where braked is not null;
-- Room for each change as it is and as it will be.
alter table plan_change set (fillfactor = 45);
