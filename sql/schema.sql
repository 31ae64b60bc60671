-- The schema that the migrations beside this file leave, as PostgreSQL tells it. For reading and reviewing; nothing runs it.
-- Made by `npm run generate`.

CREATE OR REPLACE FUNCTION usher.account_digest(name text, attributes jsonb, enabled boolean, protected boolean)
 RETURNS bytea
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN substr(sha256(convert_to((((((enabled)::integer)::text || ((protected)::integer)::text) || (attributes)::text) || name), 'UTF8'::name)), 1, 16)
;

CREATE OR REPLACE FUNCTION usher.keep_braked_change()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'usher'
AS $function$
begin
  if new.braked is null or new.state not in ('waiting', 'again', 'done') then
    delete from braked_change where plan_id = new.plan_id and id = new.id;
  else
    insert into braked_change values (new.plan_id, new.id, new.system_id, new.kind, new.braked = 'privileged', coalesce(new.done_at, 'infinity'))
      on conflict (plan_id, id) do update set privileged = excluded.privileged, done_at = excluded.done_at;
  end if;
  return null;
end $function$
;

CREATE OR REPLACE FUNCTION usher.keep_open_change()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'usher'
AS $function$
begin
  if tg_op <> 'INSERT' and old.state in ('waiting', 'again', 'stuck') then
    delete from open_change where plan_id = old.plan_id and system_id = old.system_id and wave = old.wave and id = old.id;
  end if;
  if tg_op <> 'DELETE' and new.state in ('waiting', 'again', 'stuck') then
    insert into open_change values (new.plan_id, new.system_id, new.wave, new.id, new.job_id, new.person_id, new.kind, new.entitlement_id,
      case new.state when 'waiting' then 'to-do' else new.state end, new.next_attempt_at);
  end if;
  return null;
end $function$
;

CREATE OR REPLACE FUNCTION usher.keep_open_changes()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'usher'
 SET enable_seqscan TO 'off'
AS $function$
begin
  -- To give one back is no matter of that list.
  if not exists (select from was where state <> 'waiting') and not exists (select from now where state <> 'waiting') then
    return null;
  end if;
  delete from open_change where ctid = any (array(
    select o.ctid from was cross join lateral (
      select ctid from open_change o where o.plan_id = was.plan_id and o.system_id = was.system_id and o.wave = was.wave and o.id = was.id offset 0) o
     where was.stage = 2 and was.state in ('waiting', 'again', 'stuck')));
  insert into open_change
    select plan_id, system_id, wave, id, job_id, person_id, kind, entitlement_id, case state when 'waiting' then 'to-do' else state end, next_attempt_at
      from now where stage = 2 and state in ('waiting', 'again', 'stuck');
  return null;
end $function$
;

CREATE OR REPLACE FUNCTION usher.policy_digest(document jsonb)
 RETURNS bytea
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN sha256(convert_to((document)::text, 'UTF8'::name))
;

CREATE OR REPLACE FUNCTION usher.row_cells(cells json, columns text[])
 RETURNS json
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (json_typeof(cells) = 'array'::text) THEN (SELECT json_object_agg(c.name, v.value ORDER BY c.n) AS json_object_agg FROM (unnest(row_cells.columns) WITH ORDINALITY c(name, n) JOIN json_array_elements(row_cells.cells) WITH ORDINALITY v(value, n) USING (n)) WHERE (json_typeof(v.value) <> 'null'::text)) ELSE cells END
;

create table account (
  id bigint not null generated always as identity,
  system_id text not null,
  object_type text not null,
  native_id text not null,
  name text not null,
  attributes jsonb not null,
  enabled boolean not null default true,
  protected boolean not null default false,
  person_id uuid,
  job_id text,
  linked_at timestamp with time zone,
  linked_by text,
  disabled_at timestamp with time zone,
  seen_at timestamp with time zone not null,
  gone_at timestamp with time zone,
  digest bytea generated always as (account_digest(name, attributes, enabled, protected)) stored,
  look bigint not null default 0,
  constraint account_pkey PRIMARY KEY (id),
  constraint a_native_id_once UNIQUE (system_id, object_type, native_id)
) with (fillfactor=80);
comment on table account is 'Accounts as last seen in their systems. person_id null: nobody''s.';
comment on column account.digest is 'Of all that a read can change; made alike in src/store/digest.ts from what a read shows.';
comment on column account.look is 'The latest look at this very record; what an earlier one brings after it is stale.';
CREATE INDEX account_disabled ON usher.account USING btree (job_id, disabled_at) WHERE ((disabled_at IS NOT NULL) AND (gone_at IS NULL));
CREATE INDEX account_of_nobody ON usher.account USING btree (system_id, object_type) WHERE ((person_id IS NULL) AND (gone_at IS NULL));
CREATE INDEX account_person_id_idx ON usher.account USING btree (person_id) WHERE (person_id IS NOT NULL);
CREATE INDEX account_present ON usher.account USING btree (system_id, id) WHERE ((person_id IS NOT NULL) AND (gone_at IS NULL));
CREATE INDEX account_system_id_lower_idx ON usher.account USING btree (system_id, lower(name));
CREATE UNIQUE INDEX one_account_per_person_and_job ON usher.account USING btree (person_id, job_id) WHERE ((person_id IS NOT NULL) AND (gone_at IS NULL));

create table account_mark (
  id bigint not null generated always as identity,
  account_id bigint not null,
  kind text not null,
  owner_id uuid,
  note text not null default ''::text,
  valid_until timestamp with time zone,
  made_at timestamp with time zone not null,
  made_by text not null,
  ended_at timestamp with time zone,
  ended_by text,
  constraint account_mark_pkey PRIMARY KEY (id),
  constraint account_mark_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id),
  constraint account_mark_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES person(id),
  constraint a_service_has_an_owner CHECK (kind <> 'service'::text OR owner_id IS NOT NULL),
  constraint mark_is_known CHECK (kind = ANY (ARRAY['service'::text, 'shared'::text, 'ignored'::text]))
);
comment on table account_mark is 'What somebody said of an account: a service account with an owner, one that several people use, or one to leave out of the list for a time.';
CREATE UNIQUE INDEX one_mark_of_a_kind ON usher.account_mark USING btree (account_id, kind) WHERE (ended_at IS NULL);

create table audit (
  id bigint not null generated always as identity,
  at timestamp with time zone not null,
  actor text not null,
  action text not null,
  subject text not null,
  detail jsonb not null default '{}'::jsonb,
  "position" bigint,
  hash bytea,
  constraint audit_pkey PRIMARY KEY (id)
);
comment on table audit is 'Every decision and change. Personal values are only there as keyed commitments.';
CREATE UNIQUE INDEX audit_position ON usher.audit USING btree ("position") WHERE ("position" IS NOT NULL);
CREATE INDEX audit_subject_idx ON usher.audit USING btree (subject);
CREATE INDEX audit_unsealed ON usher.audit USING btree (id) WHERE ("position" IS NULL);

create table audit_head (
  "position" bigint not null,
  hash bytea not null,
  sealed_at timestamp with time zone not null,
  signature bytea not null,
  constraint audit_head_pkey PRIMARY KEY ("position")
);
comment on table audit_head is 'Signed heads of the chain, one per sealed batch; a copy is kept outside the database.';

create table auth."user" (
  id text not null,
  name text not null,
  email text not null,
  "emailVerified" boolean not null,
  image text,
  "createdAt" timestamp with time zone not null default CURRENT_TIMESTAMP,
  "updatedAt" timestamp with time zone not null default CURRENT_TIMESTAMP,
  role text not null,
  "disabledAt" timestamp with time zone,
  constraint user_pkey PRIMARY KEY (id),
  constraint user_email_key UNIQUE (email),
  constraint role_is_known CHECK (role = ANY (ARRAY['administrator'::text, 'operator'::text, 'helpdesk'::text, 'auditor'::text]))
);
comment on table auth."user" is 'Those who sign in to Usher: administrators, operators, help desk, auditors. Not the people whom it provisions.';

create table auth.account (
  id text not null,
  "accountId" text not null,
  "providerId" text not null,
  "userId" text not null,
  "accessToken" text,
  "refreshToken" text,
  "idToken" text,
  "accessTokenExpiresAt" timestamp with time zone,
  "refreshTokenExpiresAt" timestamp with time zone,
  scope text,
  password text,
  "createdAt" timestamp with time zone not null default CURRENT_TIMESTAMP,
  "updatedAt" timestamp with time zone not null,
  constraint account_pkey PRIMARY KEY (id),
  constraint "account_userId_fkey" FOREIGN KEY ("userId") REFERENCES auth."user"(id) ON DELETE CASCADE
);
comment on table auth.account is 'How a user signs in: here, the hash of a password.';
CREATE INDEX "account_userId_idx" ON auth.account USING btree ("userId");

create table auth.apikey (
  id text not null,
  "configId" text not null,
  name text,
  start text,
  "referenceId" text not null,
  prefix text,
  key text not null,
  "refillInterval" integer,
  "refillAmount" integer,
  "lastRefillAt" timestamp with time zone,
  enabled boolean,
  "rateLimitEnabled" boolean,
  "rateLimitTimeWindow" integer,
  "rateLimitMax" integer,
  "requestCount" integer,
  remaining integer,
  "lastRequest" timestamp with time zone,
  "expiresAt" timestamp with time zone,
  "createdAt" timestamp with time zone not null,
  "updatedAt" timestamp with time zone not null,
  permissions text,
  metadata text,
  constraint apikey_pkey PRIMARY KEY (id),
  constraint "apikey_referenceId_fkey" FOREIGN KEY ("referenceId") REFERENCES auth."user"(id) ON DELETE CASCADE
);
comment on table auth.apikey is 'API tokens, by their hash. metadata holds the token''s role.';
CREATE INDEX "apikey_referenceId_idx" ON auth.apikey USING btree ("referenceId");
CREATE INDEX apikey_key_idx ON auth.apikey USING btree (key);

create table auth.one_time_link (
  hash bytea not null,
  purpose text not null,
  user_id text,
  made_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  used_at timestamp with time zone,
  constraint one_time_link_pkey PRIMARY KEY (hash),
  constraint one_time_link_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth."user"(id) ON DELETE CASCADE,
  constraint purpose_is_known CHECK (purpose = ANY (ARRAY['setup'::text, 'sign-in'::text, 'password'::text])),
  constraint setup_is_for_nobody_yet CHECK ((purpose = 'setup'::text) = (user_id IS NULL))
);
comment on table auth.one_time_link is 'Links that set Usher up, sign a user in or let them set a password: once, by the hash of their token.';

create table auth.session (
  id text not null,
  "expiresAt" timestamp with time zone not null,
  token text not null,
  "createdAt" timestamp with time zone not null default CURRENT_TIMESTAMP,
  "updatedAt" timestamp with time zone not null,
  "ipAddress" text,
  "userAgent" text,
  "userId" text not null,
  constraint session_pkey PRIMARY KEY (id),
  constraint session_token_key UNIQUE (token),
  constraint "session_userId_fkey" FOREIGN KEY ("userId") REFERENCES auth."user"(id) ON DELETE CASCADE
);
CREATE INDEX "session_userId_idx" ON auth.session USING btree ("userId");

create table auth.verification (
  id text not null,
  identifier text not null,
  value text not null,
  "expiresAt" timestamp with time zone not null,
  "createdAt" timestamp with time zone not null default CURRENT_TIMESTAMP,
  "updatedAt" timestamp with time zone not null default CURRENT_TIMESTAMP,
  constraint verification_pkey PRIMARY KEY (id)
);
CREATE INDEX verification_identifier_idx ON auth.verification USING btree (identifier);

create table batch (
  id bigint not null generated always as identity,
  plan_id uuid not null,
  system_id text not null,
  changes bigint[] not null,
  begun_at timestamp with time zone not null,
  constraint batch_pkey PRIMARY KEY (id)
);
comment on table batch is 'Changes that a worker is at, by their ids; each leaves its batch when it ends. What a killed worker left is begun again by the next one that takes up the plan.';
CREATE INDEX batch_plan_id_idx ON usher.batch USING btree (plan_id);

create table braked_change (
  plan_id uuid not null,
  id bigint not null,
  system_id text not null,
  kind text not null,
  privileged boolean not null,
  done_at timestamp with time zone not null,
  constraint braked_change_pkey PRIMARY KEY (plan_id, id)
);
comment on table braked_change is 'The changes of plan_change that brakes count in their window: approved ones, until they are done and from then on; kept by a trigger.';
CREATE INDEX braked_change_system_id_kind_done_at_idx ON usher.braked_change USING btree (system_id, kind, done_at);

create table clock (
  one boolean not null default true,
  read_at timestamp with time zone not null,
  constraint clock_pkey PRIMARY KEY (one),
  constraint there_is_one_clock CHECK (one)
);
comment on table clock is 'When it was last looked at what is due. What lies much before that has been noticed.';

create table commitment_key (
  person_id uuid not null,
  key bytea not null,
  constraint commitment_key_pkey PRIMARY KEY (person_id)
);
comment on table commitment_key is 'What the audit log holds of a person''s values can be confirmed with this key, and by nobody without it.';

create table desired_account (
  person_id uuid not null,
  job_id text not null,
  system_id text not null,
  wanted text not null,
  attributes jsonb not null,
  clear text[] not null default '{}'::text[],
  name text not null,
  constraint desired_account_pkey PRIMARY KEY (person_id, job_id),
  constraint wanted_is_known CHECK (wanted = ANY (ARRAY['enabled'::text, 'disabled'::text, 'broken'::text]))
);
comment on table desired_account is 'What each job wants of each person''s account, as last evaluated: the narrow rows that whole systems are compared with. No row: no account is wanted. broken: it cannot be said, so nothing is done.';
CREATE INDEX desired_account_job_id_idx ON usher.desired_account USING btree (job_id);

create table desired_reference (
  person_id uuid not null,
  job_id text not null,
  attribute text not null,
  key_attribute text not null,
  value text not null,
  constraint desired_reference_pkey PRIMARY KEY (person_id, job_id, attribute)
);
comment on table desired_reference is 'Attributes of desired accounts that point to another person''s account; they settle when that one is there.';

create table drift (
  id bigint not null generated always as identity,
  system_id text not null,
  job_id text not null,
  person_id uuid not null,
  account_id bigint not null,
  kind text not null,
  thing text not null,
  attribute text,
  entitlement_id bigint,
  was jsonb,
  is_now jsonb,
  last_right_at timestamp with time zone,
  first_seen_at timestamp with time zone not null,
  last_seen_at timestamp with time zone not null,
  trace jsonb,
  settled_at timestamp with time zone,
  settled_how text,
  settled_by text,
  plan_id uuid,
  constraint drift_pkey PRIMARY KEY (id),
  constraint drift_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id),
  constraint drift_entitlement_id_fkey FOREIGN KEY (entitlement_id) REFERENCES entitlement(id),
  constraint drift_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
  constraint drift_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES plan(id),
  constraint drift_kind_is_known CHECK (kind = ANY (ARRAY['changed'::text, 'extra'::text, 'gone'::text])),
  constraint drift_thing_is_known CHECK (thing = ANY (ARRAY['attribute'::text, 'entitlement'::text, 'enabled'::text, 'account'::text])),
  constraint settled_says_how CHECK ((settled_at IS NULL) = (settled_how IS NULL)),
  constraint settling_is_known CHECK (settled_how = ANY (ARRAY['put-back'::text, 'adopted'::text, 'left'::text, 'agrees'::text, 'explained'::text]))
);
comment on table drift is 'Each row is one thing of one account that somebody changed in its system, other than Usher: found by a plan, settled by a decision or by itself.';
CREATE INDEX drift_person_id_idx ON usher.drift USING btree (person_id) WHERE (settled_at IS NULL);
CREATE INDEX drift_settled_at_idx ON usher.drift USING btree (settled_at) WHERE (settled_at IS NOT NULL);
CREATE UNIQUE INDEX one_open_drift_per_thing ON usher.drift USING btree (account_id, thing, COALESCE(attribute, ''::text), COALESCE(entitlement_id, (0)::bigint)) WHERE (settled_at IS NULL);

create table entitlement (
  id bigint not null generated always as identity,
  system_id text not null,
  object_type text not null,
  native_id text not null,
  name text not null,
  attributes jsonb not null,
  seen_at timestamp with time zone not null,
  gone_at timestamp with time zone,
  constraint entitlement_pkey PRIMARY KEY (id),
  constraint an_entitlement_once UNIQUE (system_id, object_type, native_id)
);
comment on table entitlement is 'Groups, roles and privileges as last seen in their systems.';
CREATE INDEX entitlement_system_id_lower_idx ON usher.entitlement USING btree (system_id, lower(name));

create table exception (
  id bigint not null generated always as identity,
  system_id text not null,
  job_id text not null,
  person_id uuid not null,
  account_id bigint,
  thing text not null,
  attribute text,
  entitlement_id bigint,
  keeps_access boolean not null default false,
  wanted text not null,
  valid_from timestamp with time zone not null,
  valid_until timestamp with time zone,
  ended_at timestamp with time zone,
  ended_by text,
  note text not null default ''::text,
  made_by text not null,
  plan_id uuid,
  constraint exception_pkey PRIMARY KEY (id),
  constraint exception_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id),
  constraint exception_entitlement_id_fkey FOREIGN KEY (entitlement_id) REFERENCES entitlement(id),
  constraint exception_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
  constraint exception_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES plan(id),
  constraint from_is_before_until CHECK (valid_until IS NULL OR valid_from < valid_until),
  constraint it_names_its_thing CHECK ((thing = 'attribute'::text) = (attribute IS NOT NULL) AND (thing = 'entitlement'::text) = (entitlement_id IS NOT NULL)),
  constraint thing_is_known CHECK (thing = ANY (ARRAY['attribute'::text, 'entitlement'::text, 'enabled'::text, 'account'::text])),
  constraint wanted_is_known CHECK (wanted = ANY (ARRAY['enabled'::text, 'disabled'::text, 'none'::text]))
);
comment on table exception is 'Each row is a deviation from policy that somebody decided: one thing of one account that is left as it is until an instant.';
CREATE INDEX exception_plan_id_idx ON usher.exception USING btree (plan_id) WHERE (plan_id IS NOT NULL);
CREATE INDEX exception_valid_until_idx ON usher.exception USING btree (valid_until) WHERE ((ended_at IS NULL) AND (valid_until IS NOT NULL));
CREATE UNIQUE INDEX one_exception_per_thing ON usher.exception USING btree (person_id, job_id, thing, COALESCE(attribute, ''::text), COALESCE(entitlement_id, (0)::bigint)) WHERE (ended_at IS NULL);

create table finding (
  id bigint not null generated always as identity,
  key text not null,
  code text not null,
  severity text not null default 'warning'::text,
  system_id text,
  job_id text,
  person_id uuid,
  message text not null,
  details jsonb not null default '{}'::jsonb,
  first_seen_at timestamp with time zone not null,
  last_seen_at timestamp with time zone not null,
  resolved_at timestamp with time zone,
  constraint finding_pkey PRIMARY KEY (id)
);
comment on table finding is 'What is wrong now, once per thing; resolved by itself when the next look no longer finds it.';
CREATE INDEX finding_of_person ON usher.finding USING btree (person_id) WHERE ((resolved_at IS NULL) AND (person_id IS NOT NULL));
CREATE UNIQUE INDEX one_open_finding_per_thing ON usher.finding USING btree (key) WHERE (resolved_at IS NULL);

create table handover (
  account_system text not null,
  person_id uuid not null,
  job_id text not null,
  envelope bytea,
  made_at timestamp with time zone not null,
  shown_at timestamp with time zone,
  shown_to text,
  constraint handover_pkey PRIMARY KEY (person_id, job_id),
  constraint handover_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id)
);
comment on table handover is 'First passwords: made once, encrypted, shown once, then shredded (envelope null).';

create table late_reference (
  table_name text not null,
  name text not null,
  definition text not null,
  constraint late_reference_pkey PRIMARY KEY (table_name, name)
);
comment on table late_reference is 'Foreign keys to person that a first import took away with the primary key, until it makes both again.';

create table leaver (
  id uuid not null,
  person_id uuid not null,
  cause text not null,
  end_id bigint,
  actor text not null,
  effective_at timestamp with time zone not null,
  received_at timestamp with time zone not null,
  started_at timestamp with time zone not null,
  plan_id uuid,
  look_at timestamp with time zone,
  gone_at timestamp with time zone,
  returned_at timestamp with time zone,
  cut_reasons jsonb not null default '[]'::jsonb,
  constraint leaver_pkey PRIMARY KEY (id),
  constraint leaver_end_id_fkey FOREIGN KEY (end_id) REFERENCES person_end(id),
  constraint leaver_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
  constraint leaver_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES plan(id),
  constraint cause_is_known CHECK (cause = ANY (ARRAY['hand'::text, 'date'::text, 'source'::text]))
);
comment on table leaver is 'One leaving of one person, with its clock. Never deleted.';
CREATE INDEX leaver_due ON usher.leaver USING btree (look_at) WHERE (look_at IS NOT NULL);
CREATE INDEX leaver_end_id_idx ON usher.leaver USING btree (end_id) WHERE (end_id IS NOT NULL);
CREATE INDEX leaver_started_at_idx ON usher.leaver USING btree (started_at DESC);
CREATE UNIQUE INDEX one_clock_per_leaver ON usher.leaver USING btree (person_id) WHERE (returned_at IS NULL);

create table leaver_system (
  leaver_id uuid not null,
  system_id text not null,
  state text not null,
  accounts jsonb not null default '[]'::jsonb,
  attempts integer not null default 0,
  first_tried_at timestamp with time zone,
  gone_at timestamp with time zone,
  code text,
  words text,
  next_attempt_at timestamp with time zone,
  constraint leaver_system_pkey PRIMARY KEY (leaver_id, system_id),
  constraint leaver_system_leaver_id_fkey FOREIGN KEY (leaver_id) REFERENCES leaver(id),
  constraint leaver_system_state_is_known CHECK (state = ANY (ARRAY['to-do'::text, 'waits'::text, 'unmanaged'::text, 'gone'::text]))
);
comment on table leaver_system is 'A leaver''s clock in one system: what is there, when it was first tried, when it was seen gone.';

create sequence look_number;

create table match_case (
  id uuid not null,
  job_id text not null,
  key text not null,
  code text not null,
  candidates uuid[] not null,
  opened_at timestamp with time zone not null,
  decided_at timestamp with time zone,
  decided_by text,
  person_id uuid,
  constraint match_case_pkey PRIMARY KEY (id),
  constraint match_case_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id)
);
comment on table match_case is 'Rows that fit several people, or a key that came back with a contradicting identity. A person decides.';
CREATE UNIQUE INDEX one_open_case_per_key ON usher.match_case USING btree (job_id, key) WHERE (decided_at IS NULL);

create table membership (
  account_id bigint not null,
  entitlement_id bigint not null,
  origin text not null default 'unknown'::text,
  seen_at timestamp with time zone not null,
  constraint membership_pkey PRIMARY KEY (account_id, entitlement_id),
  constraint origin_is_known CHECK (origin = ANY (ARRAY['granted'::text, 'found'::text, 'unknown'::text]))
);
comment on table membership is 'Which account holds which entitlement, as last seen. Gone ones are deleted; the plan and the audit remember them.';
CREATE INDEX membership_entitlement_id_idx ON usher.membership USING btree (entitlement_id);
CREATE INDEX membership_of_unknown_origin ON usher.membership USING btree (account_id) WHERE (origin = 'unknown'::text);

create table migration (
  name text not null,
  digest text not null,
  applied_at timestamp with time zone not null default now(),
  constraint migration_pkey PRIMARY KEY (name)
);

create table noticed (
  person_id uuid not null,
  at timestamp with time zone not null,
  plan_id uuid not null,
  constraint noticed_pkey PRIMARY KEY (person_id, at),
  constraint noticed_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
  constraint noticed_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES plan(id)
);
comment on table noticed is 'Instants at which something became due for a person, and the plan that was made of it.';

create table observation (
  id uuid not null,
  system_id text not null,
  read_at timestamp with time zone not null,
  state text not null default 'reading'::text,
  accounts integer not null default 0,
  entitlements integer not null default 0,
  memberships integer not null default 0,
  code text,
  because text,
  profile jsonb,
  constraint observation_pkey PRIMARY KEY (id),
  constraint an_observation_ends_one_way CHECK (state = ANY (ARRAY['reading'::text, 'complete'::text, 'incomplete'::text]))
);
comment on table observation is 'One full read of a destination.';
comment on column observation.profile is 'Accounts, filled attributes by name; see domain/contract.ts.';
CREATE INDEX observation_system_id_read_at_idx ON usher.observation USING btree (system_id, read_at DESC);

create table open_change (
  plan_id uuid not null,
  system_id text not null,
  wave smallint not null,
  id bigint not null,
  job_id text,
  person_id uuid,
  kind text not null,
  entitlement_id bigint,
  state text not null,
  next_attempt_at timestamp with time zone,
  constraint open_change_pkey PRIMARY KEY (plan_id, system_id, wave, id),
  constraint open_change_state_is_known CHECK (state = ANY (ARRAY['to-do'::text, 'again'::text, 'stuck'::text]))
);
comment on table open_change is 'The changes of plan_change in stage 2 that are to be carried out or are stuck, in the order of their turn; kept by a trigger. At most one is open per account and attribute or entitlement.';
comment on column open_change.state is 'to-do: waiting. again: waits until next_attempt_at. stuck: waits for a person.';
CREATE UNIQUE INDEX one_open_change ON usher.open_change USING btree (person_id, job_id, system_id, kind, COALESCE(entitlement_id, (0)::bigint)) WHERE (state <> 'stuck'::text);
CREATE INDEX open_change_again ON usher.open_change USING btree (next_attempt_at) WHERE (state = 'again'::text);
CREATE INDEX open_change_stuck ON usher.open_change USING btree (plan_id) WHERE (state = 'stuck'::text);

create table person (
  id uuid not null,
  attributes jsonb not null,
  positions jsonb not null,
  contributions jsonb,
  state text not null,
  next_change_at timestamp with time zone,
  evaluated_revision integer not null default 0,
  evaluated_at timestamp with time zone,
  created_at timestamp with time zone not null,
  changed_at timestamp with time zone not null,
  constraint person_pkey PRIMARY KEY (id),
  constraint state_is_known CHECK (state = ANY (ARRAY['before-start'::text, 'active'::text, 'on-leave'::text, 'ended'::text]))
);
comment on table person is 'Each row is a human whom Usher knows. positions: see domain/person.ts.';
CREATE INDEX person_email ON usher.person USING btree (lower((attributes ->> 'email'::text)));
CREATE INDEX person_employee_id ON usher.person USING btree (((attributes ->> 'employeeId'::text)));
CREATE INDEX person_manager ON usher.person USING btree (((attributes ->> 'manager'::text)));
CREATE INDEX person_name ON usher.person USING btree (lower((attributes ->> 'displayName'::text)), id);
CREATE INDEX person_next_change ON usher.person USING btree (next_change_at) WHERE (next_change_at IS NOT NULL);

create table person_end (
  id bigint not null generated always as identity,
  person_id uuid not null,
  effective_at timestamp with time zone not null,
  note text,
  made_by text not null,
  made_at timestamp with time zone not null,
  lifted_at timestamp with time zone,
  lifted_by text,
  constraint person_end_pkey PRIMARY KEY (id),
  constraint person_end_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id)
);
comment on table person_end is 'An authorised human ended a person: positions that live at that instant end there, whatever their source says, until it is lifted.';
CREATE INDEX person_end_due ON usher.person_end USING btree (effective_at) WHERE (lifted_at IS NULL);
CREATE INDEX person_end_living ON usher.person_end USING btree (person_id) WHERE (lifted_at IS NULL);

create table person_version (
  person_id uuid not null,
  valid_from timestamp with time zone not null,
  valid_until timestamp with time zone not null,
  attributes jsonb not null,
  positions jsonb not null,
  state text not null,
  plan_id uuid,
  constraint person_version_pkey PRIMARY KEY (person_id, valid_from),
  constraint person_version_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id)
);
comment on table person_version is 'What a person looked like before their present row.';

create table plan (
  id uuid not null,
  number bigint not null generated always as identity,
  state text not null default 'computing'::text,
  cause text not null,
  scope jsonb,
  policy_revision integer not null,
  as_of timestamp with time zone not null,
  basis jsonb not null default '{}'::jsonb,
  hash text,
  counts jsonb not null default '{}'::jsonb,
  brakes jsonb not null default '[]'::jsonb,
  findings jsonb not null default '[]'::jsonb,
  progress text,
  made_by text not null,
  made_at timestamp with time zone not null,
  approved_by text,
  approved_at timestamp with time zone,
  started_at timestamp with time zone,
  ended_at timestamp with time zone,
  error jsonb,
  wait_until timestamp with time zone,
  reasons_settled_at timestamp with time zone,
  reasons_settled_revision integer,
  forecast boolean not null default false,
  read_anew boolean not null default false,
  aim jsonb,
  constraint plan_pkey PRIMARY KEY (id),
  constraint plan_number_key UNIQUE (number),
  constraint plan_policy_revision_fkey FOREIGN KEY (policy_revision) REFERENCES policy_revision(revision),
  constraint a_forecast_is_never_carried_out CHECK (
CASE
    WHEN forecast THEN (state = ANY (ARRAY['computing'::text, 'forecast'::text, 'failed'::text])) AND approved_at IS NULL AND started_at IS NULL
    ELSE state <> 'forecast'::text
END),
  constraint plan_state_is_known CHECK (state = ANY (ARRAY['computing'::text, 'empty'::text, 'open'::text, 'held'::text, 'approved'::text, 'applying'::text, 'stopped'::text, 'applied'::text, 'superseded'::text, 'failed'::text, 'forecast'::text]))
);
comment on table plan is 'The ordered changes that would make systems agree. States: see domain/plan.ts.';
comment on column plan.aim is 'What a plan is for that does not simply carry out policy: undo another, put back drift, link an account. Null: carry out policy.';
CREATE INDEX plan_of_many ON usher.plan USING btree (number) WHERE ((aim IS NULL) AND ((scope IS NULL) OR (scope ? 'jobs'::text)));
CREATE INDEX plan_of_same ON usher.plan USING hash (scope) WHERE (state = ANY (ARRAY['open'::text, 'held'::text]));
CREATE INDEX plan_state_idx ON usher.plan USING btree (state);

create table plan_arrival (
  plan_id uuid not null,
  snapshot_id uuid not null,
  stretch integer not null,
  job_id text not null,
  source_name text not null,
  place text not null,
  first_id bigint not null,
  people integer not null default 0,
  digest bytea not null default '\x'::bytea,
  state text not null default 'planned'::text,
  code text,
  words text,
  done_at timestamp with time zone,
  people_at timestamp with time zone,
  constraint plan_arrival_pkey PRIMARY KEY (plan_id, snapshot_id, stretch),
  constraint plan_arrival_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES plan(id),
  constraint arrival_state_is_known CHECK (state = ANY (ARRAY['planned'::text, 'observed'::text, 'held'::text, 'waiting'::text, 'done'::text, 'skipped'::text]))
);
comment on table plan_arrival is 'New people in great numbers, as a first import brings them: one row for a stretch of a snapshot instead of one plan_change for each. Its rows that have a person_id are meant; see the view planned_change.';
comment on column plan_arrival.people_at is 'When its people came to be; it is done once the records of their rows are there, too.';
CREATE INDEX plan_arrival_snapshot_id_idx ON usher.plan_arrival USING btree (snapshot_id);

create table plan_arrival_state (
  plan_id uuid not null,
  snapshot_id uuid not null,
  dates text not null,
  state text not null,
  next_change_at timestamp with time zone,
  after jsonb not null,
  constraint plan_arrival_state_pkey PRIMARY KEY (plan_id, snapshot_id, dates),
  constraint plan_arrival_state_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES plan(id)
);
comment on table plan_arrival_state is 'What the dates of a position make of people who arrive, at the instant of the plan.';

create table plan_change (
  plan_id uuid not null,
  id bigint not null generated always as identity,
  stage smallint not null,
  wave smallint not null default 0,
  kind text not null,
  system_id text not null,
  job_id text,
  object_type text,
  person_id uuid,
  account_id bigint,
  entitlement_id bigint,
  subject text not null default ''::text,
  before jsonb,
  after jsonb,
  reasons jsonb not null default '[]'::jsonb,
  hash bytea not null,
  state text not null default 'planned'::text,
  attempts smallint not null default 0,
  next_attempt_at timestamp with time zone,
  code text,
  words text,
  started_at timestamp with time zone,
  done_at timestamp with time zone,
  braked text,
  answered_id text,
  constraint plan_change_pkey PRIMARY KEY (plan_id, id),
  constraint braked_is_known CHECK (braked = ANY (ARRAY['ordinary'::text, 'privileged'::text])),
  constraint change_state_is_known CHECK (state = ANY (ARRAY['planned'::text, 'observed'::text, 'held'::text, 'waiting'::text, 'done'::text, 'refused'::text, 'again'::text, 'stuck'::text, 'skipped'::text]))
) with (fillfactor=45);
comment on table plan_change is 'One step of a plan: what it was, what it shall be, and why. States: see domain/plan.ts.';
comment on column plan_change.braked is 'Whether brakes count the change: null where none looks at its kind, where the end was agreed or decided by a person, or where it was released.';
comment on column plan_change.answered_id is 'The native id that a system answered a creation with, which was not seen since.';
CREATE INDEX braked_of_plan ON usher.plan_change USING btree (plan_id, system_id, kind) WHERE (braked IS NOT NULL);
CREATE INDEX people_of_plan ON usher.plan_change USING btree (plan_id, wave) WHERE (stage = 1);
CREATE INDEX plan_change_person_id_idx ON usher.plan_change USING btree (person_id) WHERE (person_id IS NOT NULL);
CREATE TRIGGER braked_change_turns AFTER UPDATE OF state, braked, done_at ON plan_change FOR EACH ROW WHEN ((old.braked IS NOT NULL OR new.braked IS NOT NULL) AND (old.braked IS DISTINCT FROM new.braked OR old.done_at IS DISTINCT FROM new.done_at OR (old.state = ANY (ARRAY['waiting'::text, 'again'::text, 'done'::text])) <> (new.state = ANY (ARRAY['waiting'::text, 'again'::text, 'done'::text])))) EXECUTE FUNCTION keep_braked_change();
CREATE TRIGGER open_change_comes AFTER INSERT ON plan_change FOR EACH ROW WHEN (new.stage = 2 AND (new.state = ANY (ARRAY['waiting'::text, 'again'::text, 'stuck'::text]))) EXECUTE FUNCTION keep_open_change();
CREATE TRIGGER open_change_goes AFTER DELETE ON plan_change FOR EACH ROW WHEN (old.stage = 2 AND (old.state = ANY (ARRAY['waiting'::text, 'again'::text, 'stuck'::text]))) EXECUTE FUNCTION keep_open_change();
CREATE TRIGGER open_changes_turn AFTER UPDATE ON plan_change REFERENCING OLD TABLE AS was NEW TABLE AS now FOR EACH STATEMENT EXECUTE FUNCTION keep_open_changes();

create table plan_left (
  plan_id uuid not null,
  id bigint not null generated always as identity,
  change_id bigint,
  code text not null,
  words text not null,
  constraint plan_left_pkey PRIMARY KEY (plan_id, id),
  constraint plan_left_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES plan(id)
);
comment on table plan_left is 'What a plan that undoes another cannot undo, and why.';

create table plan_overlay (
  plan_id uuid not null,
  person_id uuid not null,
  attributes jsonb not null,
  positions jsonb not null,
  contributions jsonb,
  state text not null,
  next_change_at timestamp with time zone,
  constraint plan_overlay_pkey PRIMARY KEY (plan_id, person_id),
  constraint plan_overlay_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES plan(id) ON DELETE CASCADE
);
comment on table plan_overlay is 'People as they will be after stage 1 of a plan, one by one.';

create table plan_row (
  plan_id uuid not null,
  person_id uuid not null,
  job_id text not null,
  snapshot_id uuid not null,
  key text not null,
  position_key text not null,
  kind text not null,
  was_hash bytea,
  was_person_id uuid,
  constraint plan_row_pkey PRIMARY KEY (plan_id, job_id, key, position_key),
  constraint plan_row_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES plan(id) ON DELETE CASCADE
);
comment on table plan_row is 'The source rows behind the changes of people in a plan; carried out together with them.';
CREATE INDEX plan_row_plan_id_person_id_idx ON usher.plan_row USING btree (plan_id, person_id);

create table policy_revision (
  revision integer not null,
  document jsonb not null,
  made_at timestamp with time zone not null,
  made_by text not null,
  message text not null default ''::text,
  digest bytea generated always as (policy_digest(document)) stored,
  constraint policy_revision_pkey PRIMARY KEY (revision)
);
comment on table policy_revision is 'Each row is the whole policy as it was from one edit to the next.';
comment on column policy_revision.digest is 'Of the whole document.';

create table reason (
  id bigint not null generated always as identity,
  person_id uuid not null,
  kind text not null,
  role_id text,
  system_id text,
  entitlement_id bigint,
  job_id text,
  rule_id text,
  position_key text,
  policy_revision integer not null,
  valid_from timestamp with time zone not null,
  valid_until timestamp with time zone,
  note text,
  made_by text not null,
  made_at timestamp with time zone not null,
  plan_id uuid,
  until_agreed_at timestamp with time zone,
  former_role_id text,
  ended_by text,
  constraint reason_pkey PRIMARY KEY (id),
  constraint a_reason_gives_one_thing CHECK (num_nonnulls(role_id, entitlement_id,
CASE
    WHEN kind = 'scope'::text THEN job_id
    ELSE NULL::text
END) = 1),
  constraint from_is_before_until CHECK (valid_until IS NULL OR valid_from <= valid_until),
  constraint grace_ends CHECK (kind <> 'grace'::text OR valid_until IS NOT NULL),
  constraint kind_is_known CHECK (kind = ANY (ARRAY['scope'::text, 'rule'::text, 'role'::text, 'manual'::text, 'found'::text, 'grace'::text]))
);
comment on table reason is 'Why a person has a role, an entitlement or an account, from when until when. Ended reasons stay as history.';
comment on column reason.ended_by is 'Who ended it by hand.';
CREATE UNIQUE INDEX a_job_scopes_once ON usher.reason USING btree (person_id, job_id) WHERE ((kind = 'scope'::text) AND (valid_until IS NULL));
CREATE UNIQUE INDEX a_rule_gives_a_role_once ON usher.reason USING btree (person_id, rule_id, role_id) WHERE ((kind = 'rule'::text) AND (valid_until IS NULL));
CREATE UNIQUE INDEX found_once ON usher.reason USING btree (person_id, entitlement_id) WHERE ((kind = 'found'::text) AND (valid_until IS NULL));
CREATE INDEX reason_begins ON usher.reason USING btree (valid_from) WHERE ((kind = ANY (ARRAY['role'::text, 'manual'::text])) AND (valid_from > made_at));
CREATE INDEX reason_ends ON usher.reason USING btree (valid_until) WHERE ((kind = ANY (ARRAY['role'::text, 'manual'::text, 'grace'::text])) AND (valid_until IS NOT NULL));
CREATE INDEX reason_entitlement_id_idx ON usher.reason USING btree (entitlement_id) WHERE (entitlement_id IS NOT NULL);
CREATE INDEX reason_person_id_idx ON usher.reason USING btree (person_id);
CREATE INDEX reason_role_id_idx ON usher.reason USING btree (role_id) WHERE (role_id IS NOT NULL);
CREATE INDEX reason_scope_ends ON usher.reason USING btree (job_id, valid_until) WHERE ((kind = 'scope'::text) AND (valid_until IS NOT NULL));
CREATE INDEX reason_valid_until_idx ON usher.reason USING btree (valid_until) WHERE (valid_until IS NOT NULL);

create table record (
  job_id text not null,
  key text not null,
  position_key text not null default ''::text,
  person_id uuid not null,
  hash bytea not null,
  "row" integer not null,
  cells json,
  snapshot_id uuid not null,
  source_name text not null,
  missing_since timestamp with time zone,
  constraint record_pkey PRIMARY KEY (key, job_id, position_key)
);
comment on table record is 'The source rows that people are made of, as last accepted: whose they are, and where each value stood.';
comment on column record.cells is 'Null: as in the row of snapshot_record with this snapshot_id and person_id.';
CREATE INDEX record_person_id_idx ON usher.record USING btree (person_id);

create table record_past (
  job_id text not null,
  key text not null,
  position_key text not null,
  person_id uuid not null,
  valid_until timestamp with time zone not null,
  "row" integer not null,
  cells jsonb not null,
  snapshot_id uuid not null,
  source_name text not null,
  constraint record_past_pkey PRIMARY KEY (job_id, key, position_key, valid_until)
);
comment on table record_past is 'What an accepted source row said until another one took its place: only rows that were changed are here.';
CREATE INDEX record_past_person_id_idx ON usher.record_past USING btree (person_id);

create table release (
  id uuid not null,
  plan_id uuid,
  kind text not null,
  subject text not null,
  set_hash text not null,
  released_at timestamp with time zone not null,
  released_by text not null,
  second_needed boolean not null default false,
  released_user text,
  second_by text,
  second_at timestamp with time zone,
  constraint release_pkey PRIMARY KEY (id),
  constraint second_person_is_another CHECK (second_by IS DISTINCT FROM released_by)
);
comment on table release is 'An operator''s word that one exact set may pass: missing people that really left, or the changes that a brake holds.';
comment on column release.second_needed is 'It counts only when another user confirmed it (second_by, second_at).';
comment on column release.released_user is 'The user behind released_by, as an API token acts for one.';
CREATE INDEX release_set_hash_idx ON usher.release USING btree (set_hash);

create table reserved_name (
  system_id text not null,
  attribute text not null,
  value text not null,
  person_id uuid not null,
  job_id text not null,
  plan_id uuid,
  reserved_at timestamp with time zone not null
) with (fillfactor=45);
comment on table reserved_name is 'Unique names given out. They stay with their person, also after the account is gone.';
CREATE UNIQUE INDEX a_name_is_given_once ON usher.reserved_name USING btree (system_id, attribute, lower(value));
CREATE UNIQUE INDEX a_person_keeps_one_name ON usher.reserved_name USING btree (person_id, job_id, attribute);

create table role_entitlement (
  role_id text not null,
  entitlement_id bigint not null,
  grace_days integer not null default 0,
  constraint role_entitlement_pkey PRIMARY KEY (role_id, entitlement_id),
  constraint role_entitlement_entitlement_id_fkey FOREIGN KEY (entitlement_id) REFERENCES entitlement(id)
);
comment on table role_entitlement is 'What each role gives, contained roles included, in the rows of the systems.';
comment on column role_entitlement.grace_days is 'For how long somebody keeps it after a move, when no rule gives them the role any more.';
CREATE INDEX role_entitlement_entitlement_id_idx ON usher.role_entitlement USING btree (entitlement_id);

create table role_entitlement_basis (
  one boolean not null default true,
  policy_revision integer not null,
  constraint role_entitlement_basis_pkey PRIMARY KEY (one),
  constraint role_entitlement_basis_one_check CHECK (one)
);
comment on table role_entitlement_basis is 'The policy revision that role_entitlement was made from; no row: entitlements changed since.';

create table secret (
  reference text not null,
  envelope bytea not null,
  changed_at timestamp with time zone not null,
  changed_by text not null,
  constraint secret_pkey PRIMARY KEY (reference)
);
comment on table secret is 'Credentials that policy refers to by name, encrypted with the master key, which is not in the database.';

create table set_aside (
  id bigint not null generated always as identity,
  job_id text not null,
  snapshot_id uuid not null,
  key text,
  "row" integer not null,
  address text not null,
  column_name text,
  value text,
  code text not null,
  expected text not null,
  constraint set_aside_pkey PRIMARY KEY (id),
  constraint set_aside_snapshot_id_fkey FOREIGN KEY (snapshot_id) REFERENCES snapshot(id) ON DELETE CASCADE
);
comment on table set_aside is 'Rows of the latest read that could not be used, each with the cell and what was expected. Mended rows come back by themselves.';
CREATE INDEX set_aside_job_id_snapshot_id_idx ON usher.set_aside USING btree (job_id, snapshot_id);

create table settled_change (
  id bigint not null generated always as identity,
  plan_id uuid not null,
  change_id bigint not null,
  how text not null,
  note text not null,
  settled_by text not null,
  settled_at timestamp with time zone not null,
  constraint settled_change_pkey PRIMARY KEY (id),
  constraint settled_change_plan_id_change_id_fkey FOREIGN KEY (plan_id, change_id) REFERENCES plan_change(plan_id, id),
  constraint how_is_known CHECK (how = ANY (ARRAY['by-hand'::text, 'not-needed'::text]))
);
comment on table settled_change is 'Stuck changes that a person has dealt with: done by hand, or not needed. The next plan looks for itself.';
CREATE INDEX settled_change_plan_id_change_id_idx ON usher.settled_change USING btree (plan_id, change_id);

create table snapshot (
  id uuid not null,
  job_id text not null,
  system_id text not null,
  policy_revision integer not null,
  read_at timestamp with time zone not null,
  state text not null default 'reading'::text,
  shape jsonb,
  rows integer not null default 0,
  set_aside integer not null default 0,
  digest text,
  code text,
  because text,
  kept boolean not null default false,
  columns text[],
  profile jsonb,
  accepted boolean not null default false,
  constraint snapshot_pkey PRIMARY KEY (id),
  constraint snapshot_policy_revision_fkey FOREIGN KEY (policy_revision) REFERENCES policy_revision(revision),
  constraint a_snapshot_ends_one_way CHECK (state = ANY (ARRAY['reading'::text, 'complete'::text, 'incomplete'::text]))
);
comment on table snapshot is 'One read of a source for one job. Only a complete one proves that something is absent.';
comment on column snapshot.columns is 'Names for cells that are stored as an array.';
comment on column snapshot.profile is 'Rows, filled cells and types by column, encoding, age; see domain/contract.ts. Of complete reads in contract, the next one learns.';
comment on column snapshot.accepted is 'It was out of contract, and somebody said that it is right: what is learned begins anew with it.';
CREATE INDEX snapshot_job_id_read_at_idx ON usher.snapshot USING btree (job_id, read_at DESC);

create table snapshot_record (
  snapshot_id uuid not null,
  key text not null,
  position_key text not null default ''::text,
  "row" integer not null,
  hash bytea not null,
  cells text not null,
  attributes jsonb not null,
  positions jsonb not null,
  keep jsonb,
  dates text not null default ''::text,
  person_id uuid
) partition by LIST (snapshot_id);
comment on table snapshot_record is 'The usable rows of a snapshot: cells as read (values in the order of snapshot.columns, or by name), and what the job''s mapping made of them: attributes, the one position in an array, as a person has it, and the names whose values are kept. The hash is of that alone, so a row that only moved is the same row. dates: start, end, leave and time zone of the position, which decide the state. person_id: who comes of the row if it is of somebody new; drawn in the order of the rows.';

create table system_health (
  system_id text not null,
  recent text not null default ''::text,
  paused_at timestamp with time zone,
  paused_plan uuid,
  paused_because jsonb,
  lifted_plan uuid,
  away_since timestamp with time zone,
  away_words text,
  constraint system_health_pkey PRIMARY KEY (system_id),
  constraint system_health_lifted_plan_fkey FOREIGN KEY (lifted_plan) REFERENCES plan(id),
  constraint system_health_paused_plan_fkey FOREIGN KEY (paused_plan) REFERENCES plan(id),
  constraint a_pause_says_why CHECK ((paused_at IS NULL) = (paused_because IS NULL))
);
comment on table system_health is 'How systems fare while they are written to: paused at an error rate until an operator resumes them, away while they do not answer.';

create view plan_person as
 SELECT plan_overlay.plan_id,
    plan_overlay.person_id,
    plan_overlay.attributes,
    plan_overlay.positions,
    plan_overlay.contributions,
    plan_overlay.state,
    plan_overlay.next_change_at
   FROM plan_overlay
UNION ALL
 SELECT a.plan_id,
    s.person_id,
    s.attributes,
    s.positions,
    NULL::jsonb AS contributions,
    t.state,
    t.next_change_at
   FROM plan_arrival a
     JOIN snapshot_record s ON s.snapshot_id = a.snapshot_id AND (s."row" / 20000) = a.stretch AND s.person_id IS NOT NULL
     JOIN plan_arrival_state t ON t.plan_id = a.plan_id AND t.snapshot_id = a.snapshot_id AND t.dates = s.dates;
comment on view plan_person is 'People as they will be after stage 1 of a plan, for those whom it changes: the overlay that stage 2 is computed on.';

create view planned_change as
 SELECT plan_change.plan_id,
    plan_change.id,
    plan_change.stage,
    plan_change.wave,
    plan_change.kind,
    plan_change.system_id,
    plan_change.job_id,
    plan_change.object_type,
    plan_change.person_id,
    plan_change.account_id,
    plan_change.entitlement_id,
    plan_change.subject,
    plan_change.before,
    plan_change.after,
    plan_change.reasons,
    plan_change.hash,
    plan_change.state,
    plan_change.attempts,
    plan_change.next_attempt_at,
    plan_change.code,
    plan_change.words,
    plan_change.started_at,
    plan_change.done_at
   FROM plan_change
UNION ALL
 SELECT a.plan_id,
    a.first_id + s."row" AS id,
    1::smallint AS stage,
    0::smallint AS wave,
    'create'::text AS kind,
    'people'::text AS system_id,
    a.job_id,
    'person'::text AS object_type,
    s.person_id,
    NULL::bigint AS account_id,
    NULL::bigint AS entitlement_id,
    COALESCE(s.attributes ->> 'displayName'::text, s.attributes ->> 'employeeId'::text, s.key) AS subject,
    NULL::jsonb AS before,
    t.after,
    jsonb_build_array(jsonb_build_object('because', 'new-row', 'source', a.source_name, 'row', s."row", 'cells', jsonb_build_array((a.place || '!A'::text) || s."row"))) AS reasons,
    s.hash,
    a.state,
    (a.done_at IS NOT NULL)::integer::smallint AS attempts,
    NULL::timestamp with time zone AS next_attempt_at,
    a.code,
    a.words,
    a.done_at AS started_at,
    a.done_at
   FROM plan_arrival a
     JOIN snapshot_record s ON s.snapshot_id = a.snapshot_id AND (s."row" / 20000) = a.stretch AND s.person_id IS NOT NULL
     JOIN plan_arrival_state t ON t.plan_id = a.plan_id AND t.snapshot_id = a.snapshot_id AND t.dates = s.dates;
comment on view planned_change is 'Every change of a plan by itself, also of people who arrive in great numbers.';

create view planned_count as
 SELECT plan_change.plan_id,
    plan_change.stage,
    plan_change.system_id,
    plan_change.job_id,
    plan_change.kind,
    plan_change.state,
    plan_change.code,
    plan_change.done_at,
    1 AS n
   FROM plan_change
UNION ALL
 SELECT plan_arrival.plan_id,
    1::smallint AS stage,
    'people'::text AS system_id,
    plan_arrival.job_id,
    'create'::text AS kind,
    plan_arrival.state,
    plan_arrival.code,
    plan_arrival.done_at,
    plan_arrival.people AS n
   FROM plan_arrival;
comment on view planned_count is 'Changes of a plan as rows that can be added up: n of a kind in a state.';
