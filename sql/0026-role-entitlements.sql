-- What roles give follows from the policy and the systems' entitlements; it is made anew only when one of them changed.
set local search_path to usher;

create table role_entitlement_basis (
  one boolean primary key default true check (one),
  policy_revision integer not null
);
comment on table role_entitlement_basis is 'The policy revision that role_entitlement was made from; no row: entitlements changed since.';
