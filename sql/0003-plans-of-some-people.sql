-- A plan may be restricted to several people.
update usher.plan set scope = jsonb_build_object('people', jsonb_build_array(scope -> 'person')) where scope ? 'person';
