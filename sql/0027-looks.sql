-- Looks at single records overlap: batches of one system are carried out side by side. Which of two began later is told by
-- a number, as clocks of several machines do not agree.
set local search_path to usher;

create sequence look_number;
alter table account add column look bigint not null default 0;
comment on column account.look is 'The latest look at this very record; what an earlier one brings after it is stale.';
