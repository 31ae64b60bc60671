-- What is due by the clock is noticed once, within seconds, and planned for the people concerned alone.
set local search_path to usher;

alter table reason
  -- When its end was agreed: with the reason itself, or when somebody changed it later. Null: it has no end, or Usher ended it.
  add column until_agreed_at timestamptz,
  -- The role whose rule no longer holds; of reasons of kind grace.
  add column former_role_id text,
  drop constraint kind_is_known,
  add constraint kind_is_known check (kind in ('scope', 'rule', 'role', 'manual', 'found', 'grace')),
  add constraint grace_ends check (kind <> 'grace' or valid_until is not null);
update reason set until_agreed_at = made_at where kind in ('role', 'manual') and valid_until is not null;
create index reason_ends on reason (valid_until) where kind in ('role', 'manual', 'grace') and valid_until is not null;
create index reason_begins on reason (valid_from) where kind in ('role', 'manual') and valid_from > made_at;

alter table role_entitlement add column grace_days integer not null default 0;
comment on column role_entitlement.grace_days is 'For how long somebody keeps it after a move, when no rule gives them the role any more.';

create table clock (
  one boolean primary key default true,
  read_at timestamptz not null,
  constraint there_is_one_clock check (one)
);
comment on table clock is 'When it was last looked at what is due. What lies much before that has been noticed.';

create table noticed (
  person_id uuid not null references person,
  at timestamptz not null,
  plan_id uuid not null references plan,
  primary key (person_id, at)
);
comment on table noticed is 'Instants at which something became due for a person, and the plan that was made of it.';
