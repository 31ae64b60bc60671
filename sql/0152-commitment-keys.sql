-- The key of a person's commitments is drawn when the first one is made, in a table of its own: to draw it with each person was a fifth of what writing one costs.
set local search_path to usher;

create table commitment_key (
  person_id uuid primary key,
  key bytea not null
);
comment on table commitment_key is 'What the audit log holds of a person''s values can be confirmed with this key, and by nobody without it.';

insert into commitment_key (person_id, key) select id, commitment_key from person;
alter table person drop column commitment_key;
