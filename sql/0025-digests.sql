-- A read of a hundred thousand accounts that shows nothing new is settled by comparing digests alone.
set local search_path to usher;

create function usher.account_digest(name text, attributes jsonb, enabled boolean, protected boolean) returns bytea
  language sql immutable parallel safe
  return substr(sha256(convert_to(enabled::int::text || protected::int::text || attributes::text || name, 'UTF8')), 1, 16);

-- What is digested is always what stands in the row: nobody can forget to bring it up to date.
alter table account add column digest bytea generated always as (usher.account_digest(name, attributes, enabled, protected)) stored;
comment on column account.digest is 'Of all that a read can change; made alike in src/store/digest.ts from what a read shows.';

-- Names that some plan means to use, or meant to: few, where names in use are many.
create index reserved_name_meant on reserved_name (plan_id) where plan_id is not null;
