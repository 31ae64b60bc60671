-- A plan may be computed for an instant to come. It shows what would be, and is never carried out.
set local search_path to usher;

alter table plan
  add column forecast boolean not null default false,
  -- Of a forecast: systems are read first, instead of being taken as last seen.
  add column read_anew boolean not null default false,
  drop constraint plan_state_is_known,
  add constraint plan_state_is_known check (state in
    ('computing', 'empty', 'open', 'held', 'approved', 'applying', 'stopped', 'applied', 'superseded', 'failed', 'forecast')),
  add constraint a_forecast_is_never_carried_out check (case when forecast
    then state in ('computing', 'forecast', 'failed') and approved_at is null and started_at is null else state <> 'forecast' end);
