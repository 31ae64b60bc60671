-- Brakes look at what other plans did, too; a release may need two users; ends that were agreed are not braked.
set local search_path to usher;

alter table plan_change add column braked text
  constraint braked_is_known check (braked in ('ordinary', 'privileged'));
comment on column plan_change.braked is
  'Whether brakes count the change: null where none looks at its kind, where the end was agreed or decided by a person, or where it was released.';
create index changes_braked on plan_change (system_id, kind, done_at)
  where braked is not null and state in ('waiting', 'running', 'again', 'done');

alter table reason add column ended_by text;
comment on column reason.ended_by is 'Who ended it by hand.';

alter table release add column second_needed boolean not null default false, add column released_user text, add column second_by text, add column second_at timestamptz,
  add constraint second_person_is_another check (second_by is distinct from released_by);
comment on column release.second_needed is 'It counts only when another user confirmed it (second_by, second_at).';
comment on column release.released_user is 'The user behind released_by, as an API token acts for one.';
create index on release (set_hash);
