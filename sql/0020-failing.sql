-- Systems that fail while they are written to, and changes that a person settles.
set local search_path to usher;

create table system_health (
  system_id text primary key,
  -- What became of the last changes tried, oldest first: . went well, x failed.
  recent text not null default '',
  paused_at timestamptz,
  paused_plan uuid references plan,
  paused_because jsonb,
  -- The plan that an operator lets go on to its end, whatever fails in it.
  lifted_plan uuid references plan,
  away_since timestamptz,
  away_words text,
  constraint a_pause_says_why check ((paused_at is null) = (paused_because is null))
);
comment on table system_health is 'How systems fare while they are written to: paused at an error rate until an operator resumes them, away while they do not answer.';

create table settled_change (
  id bigint primary key generated always as identity,
  plan_id uuid not null,
  change_id bigint not null,
  how text not null,
  note text not null,
  settled_by text not null,
  settled_at timestamptz not null,
  foreign key (plan_id, change_id) references plan_change (plan_id, id),
  constraint how_is_known check (how in ('by-hand', 'not-needed'))
);
create index on settled_change (plan_id, change_id);
comment on table settled_change is 'Stuck changes that a person has dealt with: done by hand, or not needed. The next plan looks for itself.';

-- Nothing is to be done for the plan before: it waits for a system, or for an operator (infinity).
alter table plan add column wait_until timestamptz;
-- When and by which policy what people should have was last settled for the plan, so that a retry need not do it again at once.
alter table plan add column reasons_settled_at timestamptz;
alter table plan add column reasons_settled_revision integer;
