-- A plan of one person looks up what concerns that person, however many plans, findings and people there are.
set local search_path to usher;

-- The latest plan that looked at everybody, or at all of a job: there are few of them among those of single people.
create index plan_of_many on plan (number) where aim is null and (scope is null or scope ? 'jobs');
-- The older plan of the same people that nobody approved.
create index plan_of_same on plan using hash (scope) where state in ('open', 'held');
create index finding_of_person on finding (person_id) where resolved_at is null and person_id is not null;
-- Whom nobody has: what a joiner may be recognised by is looked for among these alone.
create index account_of_nobody on account (system_id, object_type) where person_id is null and gone_at is null;
