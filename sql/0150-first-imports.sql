-- A first import makes the primary key of people at its end, too: row by row it is two fifths of what writing a person costs.
set local search_path to usher;

create table late_reference (
  table_name text not null,
  name text not null,
  definition text not null,
  primary key (table_name, name)
);
comment on table late_reference is 'Foreign keys to person that a first import took away with the primary key, until it makes both again.';

-- The key first, as it is what tells rows apart: with the job before it, all comparisons while the index is made begin with equal texts.
alter table record drop constraint record_pkey, add primary key (key, job_id, position_key);

alter table plan_arrival add column people_at timestamptz;
comment on column plan_arrival.people_at is 'When its people came to be; it is done once the records of their rows are there, too.';
