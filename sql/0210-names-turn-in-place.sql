-- A name that is used is no plan's any more: with that in an index, each was written to all of them again. Plans of everybody,
-- the only ones that ask by plan, read the table.
set local search_path to usher;

drop index reserved_name_meant;
-- Room for each name as it is meant and as it is used.
alter table reserved_name set (fillfactor = 45);
