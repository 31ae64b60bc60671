-- Usher's own tables. Read top to bottom: policy, sources, people, reasons, systems, plans, audit.
-- Instants are timestamptz, half-open where they come in pairs. Ids given out to the world never change.

create schema if not exists usher;
set local search_path to usher;

------------------------------------------------------------------------ policy

create table policy_revision (
  revision integer primary key,
  document jsonb not null,
  made_at timestamptz not null,
  made_by text not null,
  message text not null default ''
);
comment on table policy_revision is 'Each row is the whole policy as it was from one edit to the next.';

create table secret (
  reference text primary key,
  envelope bytea not null,
  changed_at timestamptz not null,
  changed_by text not null
);
comment on table secret is 'Credentials that policy refers to by name, encrypted with the master key, which is not in the database.';

------------------------------------------------------------------------ sources

create table snapshot (
  id uuid primary key,
  job_id text not null,
  system_id text not null,
  policy_revision integer not null references policy_revision,
  read_at timestamptz not null,
  state text not null default 'reading',
  shape jsonb,
  rows integer not null default 0,
  set_aside integer not null default 0,
  digest text,
  code text,
  because text,
  -- Plans point to its rows: they are never dropped.
  kept boolean not null default false,
  constraint a_snapshot_ends_one_way check (state in ('reading', 'complete', 'incomplete'))
);
comment on table snapshot is 'One read of a source for one job. Only a complete one proves that something is absent.';
create index on snapshot (job_id, read_at desc);

create table snapshot_record (
  -- No foreign key: a check per row costs more than the row.
  snapshot_id uuid not null,
  key text not null,
  position_key text not null default '',
  row integer not null,
  hash bytea not null,
  cells json not null,
  attributes jsonb not null,
  positions jsonb not null,
  keep jsonb,
  -- Start, end, leave and time zone of the position, as one text: a million rows have few of them, and they decide the state.
  dates text not null default '',
  -- Who comes of the row if it is of somebody new; drawn in the order of the rows. See plan_arrival.
  person_id uuid
);
comment on table snapshot_record is 'The usable rows of a snapshot: cells as read, and what the job''s mapping made of them: attributes, the one position in an array, as a person has it, and the names whose values are kept. The hash is of that alone, so a row that only moved is the same row.';
create index on snapshot_record (snapshot_id, key);
create index on snapshot_record (person_id) where person_id is not null;

create table set_aside (
  id bigint primary key generated always as identity,
  job_id text not null,
  snapshot_id uuid not null references snapshot on delete cascade,
  key text,
  row integer not null,
  address text not null,
  column_name text,
  value text,
  code text not null,
  expected text not null
);
comment on table set_aside is 'Rows of the latest read that could not be used, each with the cell and what was expected. Mended rows come back by themselves.';
create index on set_aside (job_id, snapshot_id);

------------------------------------------------------------------------ people

create table person (
  id uuid primary key,
  attributes jsonb not null,
  positions jsonb not null,
  -- Attributes by job, only where several jobs contribute; otherwise `attributes` are those of the one job.
  contributions jsonb,
  state text not null,
  next_change_at timestamptz,
  evaluated_revision integer not null default 0,
  evaluated_at timestamptz,
  created_at timestamptz not null,
  changed_at timestamptz not null,
  commitment_key bytea not null default uuid_send(gen_random_uuid()),
  constraint state_is_known check (state in ('before-start', 'active', 'on-leave', 'ended'))
);
comment on table person is 'Each row is a human whom Usher knows. positions: see domain/person.ts.';
create index person_employee_id on person ((attributes ->> 'employeeId'));
create index person_email on person (lower(attributes ->> 'email'));
create index person_manager on person ((attributes ->> 'manager'));
create index person_name on person (lower(attributes ->> 'displayName'), id);
create index person_next_change on person (next_change_at) where next_change_at is not null;

create table person_version (
  person_id uuid not null references person,
  valid_from timestamptz not null,
  valid_until timestamptz not null,
  attributes jsonb not null,
  positions jsonb not null,
  state text not null,
  plan_id uuid,
  primary key (person_id, valid_from)
);
comment on table person_version is 'What a person looked like before their present row.';

create table record (
  job_id text not null,
  key text not null,
  position_key text not null default '',
  -- No foreign key: a check per row would double the time of a large import, and people are never deleted.
  person_id uuid not null,
  hash bytea not null,
  row integer not null,
  cells json not null,
  snapshot_id uuid not null,
  source_name text not null,
  missing_since timestamptz,
  primary key (job_id, key, position_key)
);
comment on table record is 'The source rows that people are made of, as last accepted: whose they are, and where each value stood.';
create index on record (person_id);

create table match_case (
  id uuid primary key,
  job_id text not null,
  key text not null,
  code text not null,
  candidates uuid[] not null,
  opened_at timestamptz not null,
  decided_at timestamptz,
  decided_by text,
  -- The person chosen; null with decided_at set means: a new person.
  person_id uuid references person
);
comment on table match_case is 'Rows that fit several people, or a key that came back with a contradicting identity. A person decides.';
create unique index one_open_case_per_key on match_case (job_id, key) where decided_at is null;

create table release (
  id uuid primary key,
  plan_id uuid,
  kind text not null,
  subject text not null,
  set_hash text not null,
  released_at timestamptz not null,
  released_by text not null
);
comment on table release is 'An operator''s word that one exact set may pass: missing people that really left, or the changes that a brake holds.';

------------------------------------------------------------------------ reasons

create table reason (
  id bigint primary key generated always as identity,
  person_id uuid not null references person,
  kind text not null,
  role_id text,
  system_id text,
  entitlement_id bigint,
  job_id text,
  rule_id text,
  position_key text,
  policy_revision integer not null,
  valid_from timestamptz not null,
  valid_until timestamptz,
  note text,
  made_by text not null,
  made_at timestamptz not null,
  plan_id uuid,
  constraint kind_is_known check (kind in ('scope', 'rule', 'role', 'manual', 'found')),
  constraint a_reason_gives_one_thing check (num_nonnulls(role_id, entitlement_id, case when kind = 'scope' then job_id end) = 1),
  constraint from_is_before_until check (valid_until is null or valid_from <= valid_until)
);
comment on table reason is 'Why a person has a role, an entitlement or an account, from when until when. Ended reasons stay as history.';
create index on reason (person_id);
create index on reason (role_id) where role_id is not null;
create index on reason (entitlement_id) where entitlement_id is not null;
create index on reason (valid_until) where valid_until is not null;
create unique index a_rule_gives_a_role_once on reason (person_id, rule_id, role_id) where kind = 'rule' and valid_until is null;
create unique index a_job_scopes_once on reason (person_id, job_id) where kind = 'scope' and valid_until is null;
create unique index found_once on reason (person_id, entitlement_id) where kind = 'found' and valid_until is null;

------------------------------------------------------------------------ systems

create table observation (
  id uuid primary key,
  system_id text not null,
  read_at timestamptz not null,
  state text not null default 'reading',
  accounts integer not null default 0,
  entitlements integer not null default 0,
  memberships integer not null default 0,
  code text,
  because text,
  constraint an_observation_ends_one_way check (state in ('reading', 'complete', 'incomplete'))
);
comment on table observation is 'One full read of a destination.';
create index on observation (system_id, read_at desc);

create table account (
  id bigint primary key generated always as identity,
  system_id text not null,
  object_type text not null,
  native_id text not null,
  name text not null,
  attributes jsonb not null,
  enabled boolean not null default true,
  protected boolean not null default false,
  person_id uuid references person,
  job_id text,
  linked_at timestamptz,
  linked_by text,
  disabled_at timestamptz,
  seen_at timestamptz not null,
  gone_at timestamptz,
  constraint a_native_id_once unique (system_id, object_type, native_id)
);
comment on table account is 'Accounts as last seen in their systems. person_id null: nobody''s.';
create index on account (person_id) where person_id is not null;
create index on account (system_id, lower(name));
create unique index one_account_per_person_and_job on account (person_id, job_id) where person_id is not null and gone_at is null;

create table entitlement (
  id bigint primary key generated always as identity,
  system_id text not null,
  object_type text not null,
  native_id text not null,
  name text not null,
  attributes jsonb not null,
  seen_at timestamptz not null,
  gone_at timestamptz,
  constraint an_entitlement_once unique (system_id, object_type, native_id)
);
comment on table entitlement is 'Groups, roles and privileges as last seen in their systems.';
create index on entitlement (system_id, lower(name));

create table membership (
  account_id bigint not null references account,
  entitlement_id bigint not null references entitlement,
  -- Usher takes away what it granted or found when it linked the account; what somebody else put there later is theirs.
  origin text not null default 'unknown',
  seen_at timestamptz not null,
  constraint origin_is_known check (origin in ('granted', 'found', 'unknown')),
  primary key (account_id, entitlement_id)
);
comment on table membership is 'Which account holds which entitlement, as last seen. Gone ones are deleted; the plan and the audit remember them.';
create index on membership (entitlement_id);

create table reserved_name (
  system_id text not null,
  attribute text not null,
  value text not null,
  -- No foreign key: a plan reserves names for people who are still to come.
  person_id uuid not null,
  job_id text not null,
  -- The plan that reserved it, until the name was used; a plan that is never carried out gives its names back.
  plan_id uuid,
  reserved_at timestamptz not null
);
comment on table reserved_name is 'Unique names given out. They stay with their person, also after the account is gone.';
create unique index a_name_is_given_once on reserved_name (system_id, attribute, lower(value));
create unique index a_person_keeps_one_name on reserved_name (person_id, job_id, attribute);

create table handover (
  account_system text not null,
  person_id uuid not null references person,
  job_id text not null,
  envelope bytea,
  made_at timestamptz not null,
  shown_at timestamptz,
  shown_to text,
  primary key (person_id, job_id)
);
comment on table handover is 'First passwords: made once, encrypted, shown once, then shredded (envelope null).';

create table desired_account (
  person_id uuid not null references person,
  job_id text not null,
  system_id text not null,
  wanted text not null,
  attributes jsonb not null,
  clear text[] not null default '{}',
  name text not null,
  primary key (person_id, job_id),
  constraint wanted_is_known check (wanted in ('enabled', 'disabled', 'broken'))
);
comment on table desired_account is 'What each job wants of each person''s account, as last evaluated: the narrow rows that whole systems are compared with. No row: no account is wanted. broken: it cannot be said, so nothing is done.';
create index on desired_account (job_id);

create table desired_reference (
  person_id uuid not null references person,
  job_id text not null,
  attribute text not null,
  -- The person attribute and value that the one referred to is known by.
  key_attribute text not null,
  value text not null,
  primary key (person_id, job_id, attribute)
);
comment on table desired_reference is 'Attributes of desired accounts that point to another person''s account; they settle when that one is there.';

create table role_entitlement (
  role_id text not null,
  entitlement_id bigint not null references entitlement,
  primary key (role_id, entitlement_id)
);
comment on table role_entitlement is 'What each role gives, contained roles included, in the rows of the systems.';
create index on role_entitlement (entitlement_id);

------------------------------------------------------------------------ plans

create table plan (
  id uuid primary key,
  number bigint generated always as identity unique,
  state text not null default 'computing',
  cause text not null,
  -- Null: everything. Otherwise the jobs or the person that it was restricted to.
  scope jsonb,
  policy_revision integer not null references policy_revision,
  as_of timestamptz not null,
  -- What it was computed from: snapshot ids by job, observation ids by system.
  basis jsonb not null default '{}',
  hash text,
  counts jsonb not null default '{}',
  brakes jsonb not null default '[]',
  findings jsonb not null default '[]',
  progress text,
  made_by text not null,
  made_at timestamptz not null,
  approved_by text,
  approved_at timestamptz,
  started_at timestamptz,
  ended_at timestamptz,
  error jsonb,
  constraint plan_state_is_known check (state in
    ('computing', 'empty', 'open', 'held', 'approved', 'applying', 'stopped', 'applied', 'superseded', 'failed'))
);
comment on table plan is 'The ordered changes that would make systems agree. States: see domain/plan.ts.';
create index on plan (state);

create table plan_change (
  plan_id uuid not null references plan,
  id bigint not null generated always as identity,
  -- 1: people. 2: systems.
  stage smallint not null,
  -- Order within the stage; changes of one wave do not depend on each other.
  wave smallint not null default 0,
  kind text not null,
  system_id text not null,
  job_id text,
  object_type text,
  person_id uuid,
  account_id bigint,
  entitlement_id bigint,
  -- What is changed, in words: the account's name, the entitlement's name.
  subject text not null default '',
  before jsonb,
  after jsonb,
  reasons jsonb not null default '[]',
  hash bytea not null,
  state text not null default 'planned',
  attempts smallint not null default 0,
  next_attempt_at timestamptz,
  code text,
  words text,
  started_at timestamptz,
  done_at timestamptz,
  primary key (plan_id, id),
  constraint change_state_is_known check (state in
    ('planned', 'observed', 'held', 'waiting', 'running', 'done', 'refused', 'again', 'stuck', 'skipped'))
);
comment on table plan_change is 'One step of a plan: what it was, what it shall be, and why. States: see domain/plan.ts.';
create index on plan_change (plan_id, stage, wave, state);
create index on plan_change (person_id) where person_id is not null;
create index plan_change_due on plan_change (next_attempt_at) where state = 'again';
create index changes_to_do on plan_change (plan_id, system_id, wave, id) where stage = 2 and state in ('waiting', 'running', 'again');
create index plan_change_stuck on plan_change (plan_id) where state = 'stuck';
create unique index one_open_change_per_thing on plan_change
  (system_id, job_id, person_id, kind, coalesce(entitlement_id, 0))
  where stage = 2 and state in ('waiting', 'running', 'again');

create table plan_overlay (
  plan_id uuid not null references plan on delete cascade,
  person_id uuid not null,
  attributes jsonb not null,
  positions jsonb not null,
  contributions jsonb,
  state text not null,
  next_change_at timestamptz,
  primary key (plan_id, person_id)
);
comment on table plan_overlay is 'People as they will be after stage 1 of a plan, one by one.';

create table plan_arrival (
  plan_id uuid not null references plan,
  snapshot_id uuid not null,
  -- Rows of the snapshot divided by 20,000: what is carried out in one transaction.
  stretch integer not null,
  job_id text not null,
  source_name text not null,
  -- What stands before the `!` of an address.
  place text not null,
  -- The id of a row's change is this plus its row.
  first_id bigint not null,
  people integer not null default 0,
  -- Over the hashes of the rows, in their order.
  digest bytea not null default '',
  state text not null default 'planned',
  code text,
  words text,
  done_at timestamptz,
  primary key (plan_id, snapshot_id, stretch),
  constraint arrival_state_is_known check (state in ('planned', 'observed', 'held', 'waiting', 'done', 'skipped'))
);
comment on table plan_arrival is 'New people in great numbers, as a first import brings them: one row for a stretch of a snapshot instead of one plan_change for each. Its rows that have a person_id are meant; see the view planned_change.';
create index on plan_arrival (snapshot_id);

create table plan_arrival_state (
  plan_id uuid not null references plan,
  snapshot_id uuid not null,
  dates text not null,
  state text not null,
  next_change_at timestamptz,
  after jsonb not null,
  primary key (plan_id, snapshot_id, dates)
);
comment on table plan_arrival_state is 'What the dates of a position make of people who arrive, at the instant of the plan.';

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

create view planned_count as
  select plan_id, stage, system_id, job_id, kind, state, code, done_at, 1 as n from plan_change
  union all
  select plan_id, 1::smallint, 'people', job_id, 'create', state, code, done_at, people from plan_arrival;
comment on view planned_count is 'Changes of a plan as rows that can be added up: n of a kind in a state.';

create view plan_person as
  select plan_id, person_id, attributes, positions, contributions, state, next_change_at from plan_overlay
  union all
  select a.plan_id, s.person_id, s.attributes, s.positions, null, t.state, t.next_change_at
    from plan_arrival a
    join snapshot_record s on s.snapshot_id = a.snapshot_id and s.row / 20000 = a.stretch and s.person_id is not null
    join plan_arrival_state t on t.plan_id = a.plan_id and t.snapshot_id = a.snapshot_id and t.dates = s.dates;
comment on view plan_person is 'People as they will be after stage 1 of a plan, for those whom it changes: the overlay that stage 2 is computed on.';

create table plan_row (
  plan_id uuid not null references plan on delete cascade,
  person_id uuid not null,
  job_id text not null,
  snapshot_id uuid not null,
  key text not null,
  position_key text not null,
  -- accept: the row is taken over from the snapshot. missing: it vanished. held: it vanished, and counts when the held change is released.
  kind text not null,
  -- The accepted row that the plan was computed from; null: there was none.
  was_hash bytea,
  was_person_id uuid,
  primary key (plan_id, job_id, key, position_key)
);
comment on table plan_row is 'The source rows behind the changes of people in a plan; carried out together with them.';
create index on plan_row (plan_id, person_id);

------------------------------------------------------------------------ findings

create table finding (
  id bigint primary key generated always as identity,
  key text not null,
  code text not null,
  severity text not null default 'warning',
  system_id text,
  job_id text,
  person_id uuid,
  message text not null,
  details jsonb not null default '{}',
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  resolved_at timestamptz
);
comment on table finding is 'What is wrong now, once per thing; resolved by itself when the next look no longer finds it.';
create unique index one_open_finding_per_thing on finding (key) where resolved_at is null;

------------------------------------------------------------------------ audit

create table audit (
  id bigint primary key generated always as identity,
  at timestamptz not null,
  actor text not null,
  action text not null,
  subject text not null,
  detail jsonb not null default '{}',
  -- Filled in by the sealer.
  position bigint unique,
  hash bytea
);
comment on table audit is 'Every decision and change. Personal values are only there as keyed commitments.';
create index audit_unsealed on audit (id) where position is null;
create index on audit (subject);

create table audit_head (
  position bigint primary key,
  hash bytea not null,
  sealed_at timestamptz not null,
  signature bytea not null
);
comment on table audit_head is 'Signed heads of the chain, one per sealed batch; a copy is kept outside the database.';
