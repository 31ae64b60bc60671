-- Each plan asks for the policy in force: whoever has read it before knows it by its digest, and need not read it again.
set local search_path to usher;

create function usher.policy_digest(document jsonb) returns bytea
  language sql immutable parallel safe
  return sha256(convert_to(document::text, 'UTF8'));

alter table policy_revision add column digest bytea generated always as (usher.policy_digest(document)) stored;
comment on column policy_revision.digest is 'Of the whole document.';
