-- A creation that the system answered is about that record until it was seen, whatever somebody calls it meanwhile.
set local search_path to usher;

alter table plan_change add column answered_id text;
comment on column plan_change.answered_id is 'The native id that a system answered a creation with, which was not seen since.';
