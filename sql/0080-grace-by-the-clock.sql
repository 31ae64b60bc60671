-- Accounts whose grace is over are deleted at their moment: the clock finds them by when they were disabled.
set local search_path to usher;

create index account_disabled on account (job_id, disabled_at) where disabled_at is not null and gone_at is null;
create index reason_scope_ends on reason (job_id, valid_until) where kind = 'scope' and valid_until is not null;
