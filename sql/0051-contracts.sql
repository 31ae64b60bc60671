-- What reads were like, in numbers: the next one is compared with the good ones.
set local search_path to usher;

alter table snapshot add column profile jsonb, add column accepted boolean not null default false;
comment on column snapshot.profile is 'Rows, filled cells and types by column, encoding, age; see domain/contract.ts. Of complete reads in contract, the next one learns.';
comment on column snapshot.accepted is 'It was out of contract, and somebody said that it is right: what is learned begins anew with it.';

alter table observation add column profile jsonb;
comment on column observation.profile is 'Accounts, filled attributes by name; see domain/contract.ts.';
