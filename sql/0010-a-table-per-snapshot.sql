-- Each snapshot has a table of its own, a partition of snapshot_record: filled before it is indexed, dropped at once.
-- Rows that came with a first import are not copied into `record`: it points to the snapshot, which is kept.
set local search_path to usher;

alter table snapshot add column columns text[];
comment on column snapshot.columns is 'Names for cells that are stored as an array.';

-- The cells of a row by name, whether they are stored so or as an array beside the names.
create function row_cells(cells json, columns text[]) returns json language sql immutable parallel safe
return case when json_typeof(cells) = 'array' then
  (select json_object_agg(name, value order by n)
     from unnest(columns) with ordinality c (name, n) join json_array_elements(cells) with ordinality v (value, n) using (n)
    where json_typeof(value) <> 'null')
  else cells end;

alter table record alter column cells drop not null;
comment on column record.cells is 'Null: as in the row of snapshot_record with this snapshot_id and person_id.';

drop view planned_change;
drop view plan_person;
alter table snapshot_record rename to snapshot_record_before;

create table snapshot_record (
  snapshot_id uuid not null,
  key text not null,
  position_key text not null default '',
  row integer not null,
  hash bytea not null,
  cells json not null,
  attributes jsonb not null,
  positions jsonb not null,
  keep jsonb,
  dates text not null default '',
  person_id uuid
) partition by list (snapshot_id);
comment on table snapshot_record is 'The usable rows of a snapshot: cells as read (values in the order of snapshot.columns, or by name), and what the job''s mapping made of them: attributes, the one position in an array, as a person has it, and the names whose values are kept. The hash is of that alone, so a row that only moved is the same row. dates: start, end, leave and time zone of the position, which decide the state. person_id: who comes of the row if it is of somebody new; drawn in the order of the rows.';

do $$
declare ids text;
begin
  select string_agg(quote_literal(snapshot_id), ', ') into ids from (select distinct snapshot_id from snapshot_record_before) s;
  if ids is null then
    drop table snapshot_record_before;
  else
    execute format('alter table snapshot_record attach partition snapshot_record_before for values in (%s)', ids);
  end if;
end $$;

create view planned_change as
  select * from plan_change
  union all
  select a.plan_id, a.first_id + s.row, 1::smallint, 0::smallint, 'create', 'people', a.job_id, 'person', s.person_id, null, null,
         coalesce(s.attributes ->> 'displayName', s.attributes ->> 'employeeId', s.key), null, t.after,
         jsonb_build_array(jsonb_build_object('because', 'new-row', 'source', a.source_name, 'row', s.row, 'cells', jsonb_build_array(a.place || '!A' || s.row))),
         s.hash, a.state, (a.done_at is not null)::int::smallint, null, a.code, a.words, a.done_at, a.done_at
    from plan_arrival a
    join snapshot_record s on s.snapshot_id = a.snapshot_id and s.row / 20000 = a.stretch and s.person_id is not null
    join plan_arrival_state t on t.plan_id = a.plan_id and t.snapshot_id = a.snapshot_id and t.dates = s.dates;
comment on view planned_change is 'Every change of a plan by itself, also of people who arrive in great numbers.';

create view plan_person as
  select plan_id, person_id, attributes, positions, contributions, state, next_change_at from plan_overlay
  union all
  select a.plan_id, s.person_id, s.attributes, s.positions, null, t.state, t.next_change_at
    from plan_arrival a
    join snapshot_record s on s.snapshot_id = a.snapshot_id and s.row / 20000 = a.stretch and s.person_id is not null
    join plan_arrival_state t on t.plan_id = a.plan_id and t.snapshot_id = a.snapshot_id and t.dates = s.dates;
comment on view plan_person is 'People as they will be after stage 1 of a plan, for those whom it changes: the overlay that stage 2 is computed on.';
