-- The example company's data warehouse: four schemas, group roles that give access to them, and the role that Usher uses.
create role provisioning login createrole;
create role reporting nologin;
create role sales_read nologin;
create role finance_read nologin;
create role people_read nologin;
create role operations_write nologin;
create role analytics nologin;
-- CREATEROLE manages a role's members only with ADMIN on it (PostgreSQL 16 and newer).
grant reporting, sales_read, finance_read, people_read, operations_write, analytics to provisioning with admin option;

create schema sales;
create table sales.orders (id bigint primary key, customer text not null, amount numeric not null, placed_at timestamptz not null default now());
create table sales.customers (id bigint primary key, name text not null, country text not null);
create schema finance;
create table finance.ledger (id bigint primary key, account text not null, amount numeric not null, booked_on date not null);
create schema people;
create table people.salaries (employee text primary key, amount numeric not null);
create schema operations;
create table operations.shipments (id bigint primary key, order_id bigint not null, state text not null);

grant usage on schema sales to sales_read;
grant select on all tables in schema sales to sales_read;
grant usage on schema finance to finance_read;
grant select on all tables in schema finance to finance_read;
grant usage on schema people to people_read;
grant select on all tables in schema people to people_read;
grant usage on schema operations to operations_write;
grant select, insert, update on all tables in schema operations to operations_write;
grant usage on schema sales to provisioning with grant option;

-- People who were there before Usher came.
create role legacy_etl login;
create role dba login superuser;
grant analytics to legacy_etl;
