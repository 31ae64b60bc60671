-- Users of Usher itself, their sessions and API tokens, in the shape that the sign-in library wants; and one-time links.

create schema if not exists auth;
set local search_path to auth;

create table "user" (
  "id" text primary key,
  "name" text not null,
  "email" text not null unique,
  "emailVerified" boolean not null,
  "image" text,
  "createdAt" timestamptz not null default current_timestamp,
  "updatedAt" timestamptz not null default current_timestamp,
  "role" text not null,
  "disabledAt" timestamptz,
  constraint role_is_known check ("role" in ('administrator', 'operator', 'helpdesk', 'auditor'))
);
comment on table "user" is 'Those who sign in to Usher: administrators, operators, help desk, auditors. Not the people whom it provisions.';

create table "session" (
  "id" text primary key,
  "expiresAt" timestamptz not null,
  "token" text not null unique,
  "createdAt" timestamptz not null default current_timestamp,
  "updatedAt" timestamptz not null,
  "ipAddress" text,
  "userAgent" text,
  "userId" text not null references "user" on delete cascade
);
create index on "session" ("userId");

create table "account" (
  "id" text primary key,
  "accountId" text not null,
  "providerId" text not null,
  "userId" text not null references "user" on delete cascade,
  "accessToken" text,
  "refreshToken" text,
  "idToken" text,
  "accessTokenExpiresAt" timestamptz,
  "refreshTokenExpiresAt" timestamptz,
  "scope" text,
  "password" text,
  "createdAt" timestamptz not null default current_timestamp,
  "updatedAt" timestamptz not null
);
comment on table "account" is 'How a user signs in: here, the hash of a password.';
create index on "account" ("userId");

create table "verification" (
  "id" text primary key,
  "identifier" text not null,
  "value" text not null,
  "expiresAt" timestamptz not null,
  "createdAt" timestamptz not null default current_timestamp,
  "updatedAt" timestamptz not null default current_timestamp
);
create index on "verification" ("identifier");

create table "apikey" (
  "id" text primary key,
  "configId" text not null,
  "name" text,
  "start" text,
  "referenceId" text not null references "user" on delete cascade,
  "prefix" text,
  "key" text not null,
  "refillInterval" integer,
  "refillAmount" integer,
  "lastRefillAt" timestamptz,
  "enabled" boolean,
  "rateLimitEnabled" boolean,
  "rateLimitTimeWindow" integer,
  "rateLimitMax" integer,
  "requestCount" integer,
  "remaining" integer,
  "lastRequest" timestamptz,
  "expiresAt" timestamptz,
  "createdAt" timestamptz not null,
  "updatedAt" timestamptz not null,
  "permissions" text,
  "metadata" text
);
comment on table "apikey" is 'API tokens, by their hash. metadata holds the token''s role.';
create index on "apikey" ("referenceId");
create index on "apikey" ("key");

create table one_time_link (
  hash bytea primary key,
  purpose text not null,
  user_id text references "user" on delete cascade,
  made_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  constraint purpose_is_known check (purpose in ('setup', 'sign-in', 'password')),
  constraint setup_is_for_nobody_yet check ((purpose = 'setup') = (user_id is null))
);
comment on table one_time_link is 'Links that set Usher up, sign a user in or let them set a password: once, by the hash of their token.';
