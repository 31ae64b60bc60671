-- That changes are begun is written once for a batch of them, not on each: a row of plan_change is written again when it ends.
set local search_path to usher;

create table batch (
  id bigint generated always as identity primary key,
  plan_id uuid not null,
  system_id text not null,
  changes bigint[] not null,
  begun_at timestamptz not null
);
comment on table batch is 'Changes that a worker is at, by their ids; each leaves its batch when it ends. What a killed worker left is begun again by the next one that takes up the plan.';
create index on batch (plan_id);

-- What was running counts as tried, as it did; the worker that takes up the plan begins it again.
update plan_change c set state = 'waiting' from open_change o
 where o.state = 'to-do' and c.plan_id = o.plan_id and c.id = o.id and c.state = 'running';
alter table plan_change drop constraint change_state_is_known;
alter table plan_change add constraint change_state_is_known check (state in
  ('planned', 'observed', 'held', 'waiting', 'done', 'refused', 'again', 'stuck', 'skipped'));
comment on column open_change.state is 'to-do: waiting. again: waits until next_attempt_at. stuck: waits for a person.';

create or replace function keep_open_change() returns trigger language plpgsql set search_path from current as $$
begin
  if tg_op <> 'INSERT' and old.state in ('waiting', 'again', 'stuck') then
    delete from open_change where plan_id = old.plan_id and system_id = old.system_id and wave = old.wave and id = old.id;
  end if;
  if tg_op <> 'DELETE' and new.state in ('waiting', 'again', 'stuck') then
    insert into open_change values (new.plan_id, new.system_id, new.wave, new.id, new.job_id, new.person_id, new.kind, new.entitlement_id,
      case new.state when 'waiting' then 'to-do' else new.state end, new.next_attempt_at);
  end if;
  return null;
end $$;

-- Rows are looked up by their key: the list is filled and emptied faster than PostgreSQL counts.
create or replace function keep_open_changes() returns trigger language plpgsql set search_path from current set enable_seqscan = off as $$
begin
  -- To give one back is no matter of that list.
  if not exists (select from was where state <> 'waiting') and not exists (select from now where state <> 'waiting') then
    return null;
  end if;
  delete from open_change where ctid = any (array(
    select o.ctid from was cross join lateral (
      select ctid from open_change o where o.plan_id = was.plan_id and o.system_id = was.system_id and o.wave = was.wave and o.id = was.id offset 0) o
     where was.stage = 2 and was.state in ('waiting', 'again', 'stuck')));
  insert into open_change
    select plan_id, system_id, wave, id, job_id, person_id, kind, entitlement_id, case state when 'waiting' then 'to-do' else state end, next_attempt_at
      from now where stage = 2 and state in ('waiting', 'again', 'stuck');
  return null;
end $$;

drop trigger open_change_comes on plan_change;
drop trigger open_change_goes on plan_change;
create trigger open_change_comes after insert on plan_change for each row
  when (new.stage = 2 and new.state in ('waiting', 'again', 'stuck')) execute function keep_open_change();
create trigger open_change_goes after delete on plan_change for each row
  when (old.stage = 2 and old.state in ('waiting', 'again', 'stuck')) execute function keep_open_change();

create or replace function keep_braked_change() returns trigger language plpgsql set search_path from current as $$
begin
  if new.braked is null or new.state not in ('waiting', 'again', 'done') then
    delete from braked_change where plan_id = new.plan_id and id = new.id;
  else
    insert into braked_change values (new.plan_id, new.id, new.system_id, new.kind, new.braked = 'privileged', coalesce(new.done_at, 'infinity'))
      on conflict (plan_id, id) do update set privileged = excluded.privileged, done_at = excluded.done_at;
  end if;
  return null;
end $$;

drop trigger braked_change_turns on plan_change;
create trigger braked_change_turns after update of state, braked, done_at on plan_change for each row
  when ((old.braked is not null or new.braked is not null)
    and (old.braked is distinct from new.braked or old.done_at is distinct from new.done_at
      or (old.state in ('waiting', 'again', 'done')) <> (new.state in ('waiting', 'again', 'done')))) execute function keep_braked_change();
