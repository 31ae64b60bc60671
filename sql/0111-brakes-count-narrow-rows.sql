-- Brakes ask before each plan what others did in the last hours: of that there are narrow rows, found by system, kind and time.
set local search_path to usher;

create table braked_change (
  plan_id uuid not null,
  id bigint not null,
  system_id text not null,
  kind text not null,
  privileged boolean not null,
  -- infinity: it is still to be done.
  done_at timestamptz not null,
  primary key (plan_id, id)
);
comment on table braked_change is 'The changes of plan_change that brakes count in their window: approved ones, until they are done and from then on; kept by a trigger.';

insert into braked_change
  select plan_id, id, system_id, kind, braked = 'privileged', coalesce(done_at, 'infinity') from plan_change
   where braked is not null and state in ('waiting', 'running', 'again', 'done');
create index on braked_change (system_id, kind, done_at);

create function keep_braked_change() returns trigger language plpgsql set search_path from current as $$
begin
  if new.braked is null or new.state not in ('waiting', 'running', 'again', 'done') then
    delete from braked_change where plan_id = new.plan_id and id = new.id;
  else
    insert into braked_change values (new.plan_id, new.id, new.system_id, new.kind, new.braked = 'privileged', coalesce(new.done_at, 'infinity'))
      on conflict (plan_id, id) do update set privileged = excluded.privileged, done_at = excluded.done_at;
  end if;
  return null;
end $$;

create trigger braked_change_turns after update of state, braked, done_at on plan_change for each row
  when ((old.braked is not null or new.braked is not null)
    and (old.braked is distinct from new.braked or old.done_at is distinct from new.done_at
      or (old.state in ('waiting', 'running', 'again', 'done')) <> (new.state in ('waiting', 'running', 'again', 'done'))))
  execute function keep_braked_change();

-- Who is there to compare with, counted no further than needed.
create index account_present on account (system_id, id) where person_id is not null and gone_at is null;
