-- A first import makes the primary key of people at its end, too: row by row it costs more than all else that is written of a person.
set local search_path to usher;

create table late_reference (
  table_name text not null,
  name text not null,
  definition text not null,
  primary key (table_name, name)
);
comment on table late_reference is 'Foreign keys to person that a first import took away with the primary key, until it makes both again.';
