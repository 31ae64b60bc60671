-- A plan of everybody has millions of changes, and each of their accounts is looked at before and after each write.
set local search_path to usher;

-- Plans are never deleted: a check per change costs as much as an index.
alter table plan_change drop constraint plan_change_plan_id_fkey;
-- Room in the page keeps the indexes as they are when a look finds an account as it was.
alter table account set (fillfactor = 80);
