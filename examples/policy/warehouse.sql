-- A warehouse to try Usher on, and the role with which Usher signs in. Choose your own password.
create role usher login createrole password 'change-me';
-- To end the sessions of those who leave.
grant pg_signal_backend to usher;

create role analyst nologin;
create role sales nologin;
create role reporting nologin;
-- Whoever gives membership needs the admin option on the group role.
grant analyst, sales, reporting to usher with admin option;

create schema sales;
create table sales.orders (id int primary key, customer text, amount numeric);
grant usage on schema sales to sales, analyst;
grant select on sales.orders to analyst;
grant select, insert, update on sales.orders to sales;
