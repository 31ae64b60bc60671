-- People whom an authorised human ended, and the clocks of those who leave.
set local search_path to usher;

create table person_end (
  id bigint primary key generated always as identity,
  person_id uuid not null references person,
  effective_at timestamptz not null,
  note text,
  made_by text not null,
  made_at timestamptz not null,
  lifted_at timestamptz,
  lifted_by text
);
comment on table person_end is 'An authorised human ended a person: positions that live at that instant end there, whatever their source says, until it is lifted.';
create index person_end_living on person_end (person_id) where lifted_at is null;
create index person_end_due on person_end (effective_at) where lifted_at is null;

create table leaver (
  id uuid primary key,
  person_id uuid not null references person,
  -- hand: an authorised human. date: a known end came. source: a row of a source ended them.
  cause text not null,
  end_id bigint references person_end,
  actor text not null,
  effective_at timestamptz not null,
  received_at timestamptz not null,
  -- The later of the two: from here the clock runs.
  started_at timestamptz not null,
  plan_id uuid references plan,
  -- When it is looked at next; moved on by whoever is at it. Null: nothing is left to look at.
  look_at timestamptz,
  gone_at timestamptz,
  returned_at timestamptz,
  -- Reasons that leaving cut, with the end that they had: what comes back when the end is lifted.
  cut_reasons jsonb not null default '[]',
  constraint cause_is_known check (cause in ('hand', 'date', 'source'))
);
comment on table leaver is 'One leaving of one person, with its clock. Never deleted.';
create unique index one_clock_per_leaver on leaver (person_id) where returned_at is null;
create index leaver_due on leaver (look_at) where look_at is not null;
create index on leaver (started_at desc);
create index on leaver (end_id) where end_id is not null;

create table leaver_system (
  leaver_id uuid not null references leaver,
  system_id text not null,
  -- to-do: something is still there. waits: it waits for an approval. unmanaged: Usher may not. gone: seen gone.
  state text not null,
  accounts jsonb not null default '[]',
  attempts integer not null default 0,
  first_tried_at timestamptz,
  gone_at timestamptz,
  code text,
  words text,
  next_attempt_at timestamptz,
  primary key (leaver_id, system_id),
  constraint leaver_system_state_is_known check (state in ('to-do', 'waits', 'unmanaged', 'gone'))
);
comment on table leaver_system is 'A leaver''s clock in one system: what is there, when it was first tried, when it was seen gone.';
