-- What deviates from policy by decision (exceptions), by somebody's hand (drift), and plans that take others back.
set local search_path to usher;

alter table plan add column aim jsonb;
comment on column plan.aim is 'What a plan is for that does not simply carry out policy: undo another, put back drift, link an account. Null: carry out policy.';

create table exception (
  id bigint primary key generated always as identity,
  system_id text not null,
  job_id text not null,
  person_id uuid not null references person,
  -- The account that is left as it is; another one of the same person is not.
  account_id bigint references account,
  thing text not null,
  attribute text,
  entitlement_id bigint references entitlement,
  -- It keeps what policy would take (a membership, an enabled account); otherwise it withholds what policy would give, or keeps a value.
  keeps_access boolean not null default false,
  -- What policy wanted of the account when this was decided: access is kept only while policy wants no less.
  wanted text not null,
  valid_from timestamptz not null,
  -- Null: until somebody ends it.
  valid_until timestamptz,
  ended_at timestamptz,
  ended_by text,
  note text not null default '',
  made_by text not null,
  -- The plan that it came with.
  plan_id uuid references plan,
  constraint thing_is_known check (thing in ('attribute', 'entitlement', 'enabled', 'account')),
  constraint it_names_its_thing check ((thing = 'attribute') = (attribute is not null) and (thing = 'entitlement') = (entitlement_id is not null)),
  constraint wanted_is_known check (wanted in ('enabled', 'disabled', 'none')),
  constraint from_is_before_until check (valid_until is null or valid_from < valid_until)
);
comment on table exception is 'Each row is a deviation from policy that somebody decided: one thing of one account that is left as it is until an instant.';
create unique index one_exception_per_thing on exception (person_id, job_id, thing, coalesce(attribute, ''), coalesce(entitlement_id, 0)) where ended_at is null;
create index on exception (valid_until) where ended_at is null and valid_until is not null;
create index on exception (plan_id) where plan_id is not null;

create table drift (
  id bigint primary key generated always as identity,
  system_id text not null,
  job_id text not null,
  person_id uuid not null references person,
  account_id bigint not null references account,
  -- changed: it was right and is not any more. extra: a membership that nobody granted. gone: the account is no longer there.
  kind text not null,
  thing text not null,
  attribute text,
  entitlement_id bigint references entitlement,
  was jsonb,
  is_now jsonb,
  -- It happened between these two.
  last_right_at timestamptz,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  -- Who did it and when, where the system says.
  trace jsonb,
  settled_at timestamptz,
  -- put-back, adopted, left: by decision. agrees: it is right again by itself. explained: policy has come to say otherwise.
  settled_how text,
  settled_by text,
  plan_id uuid references plan,
  constraint drift_kind_is_known check (kind in ('changed', 'extra', 'gone')),
  constraint drift_thing_is_known check (thing in ('attribute', 'entitlement', 'enabled', 'account')),
  constraint settling_is_known check (settled_how in ('put-back', 'adopted', 'left', 'agrees', 'explained')),
  constraint settled_says_how check ((settled_at is null) = (settled_how is null))
);
comment on table drift is 'Each row is one thing of one account that somebody changed in its system, other than Usher: found by a plan, settled by a decision or by itself.';
create unique index one_open_drift_per_thing on drift (account_id, thing, coalesce(attribute, ''), coalesce(entitlement_id, 0)) where settled_at is null;
create index on drift (person_id) where settled_at is null;
create index on drift (settled_at) where settled_at is not null;

create table account_mark (
  id bigint primary key generated always as identity,
  account_id bigint not null references account,
  kind text not null,
  -- Who answers for it.
  owner_id uuid references person,
  note text not null default '',
  valid_until timestamptz,
  made_at timestamptz not null,
  made_by text not null,
  ended_at timestamptz,
  ended_by text,
  constraint mark_is_known check (kind in ('service', 'shared', 'ignored')),
  constraint a_service_has_an_owner check (kind <> 'service' or owner_id is not null)
);
comment on table account_mark is 'What somebody said of an account: a service account with an owner, one that several people use, or one to leave out of the list for a time.';
create unique index one_mark_of_a_kind on account_mark (account_id, kind) where ended_at is null;

create table plan_left (
  plan_id uuid not null references plan,
  id bigint not null generated always as identity,
  -- The change that is not undone; null: several.
  change_id bigint,
  code text not null,
  words text not null,
  primary key (plan_id, id)
);
comment on table plan_left is 'What a plan that undoes another cannot undo, and why.';

create index membership_of_unknown_origin on membership (account_id) where origin = 'unknown';
