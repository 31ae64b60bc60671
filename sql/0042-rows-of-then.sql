-- Where a value stood in its source at a past instant, also after the row was changed.
set local search_path to usher;

create table record_past (
  job_id text not null,
  key text not null,
  position_key text not null,
  person_id uuid not null,
  valid_until timestamptz not null,
  row integer not null,
  cells jsonb not null,
  snapshot_id uuid not null,
  source_name text not null,
  primary key (job_id, key, position_key, valid_until)
);
comment on table record_past is 'What an accepted source row said until another one took its place: only rows that were changed are here.';
create index on record_past (person_id);
