-- Schemas and grants of the warehouse. Run by warehouse.py as the owner, whenever this file or a
-- password changed; every statement may be repeated. The roles exist already.
-- Who writes what: loader raw_*, modeller staging to marts, metrician metrics, inspector quality.
-- Default privileges make tables readable that dlt, dbt and Spark create later.

create schema if not exists raw_github authorization loader;
create schema if not exists raw_github_staging authorization loader;
create schema if not exists raw_gitlab authorization loader;
create schema if not exists raw_gitlab_staging authorization loader;
create schema if not exists raw_jira authorization loader;
create schema if not exists raw_jira_staging authorization loader;
create schema if not exists raw_settings authorization loader;
create schema if not exists erasure authorization loader;
create schema if not exists staging authorization modeller;
create schema if not exists intermediate authorization modeller;
create schema if not exists marts authorization modeller;
create schema if not exists metrics authorization metrician;
create schema if not exists quality authorization inspector;

-- the modeller reads what the loader brought
grant usage on schema raw_github, raw_gitlab, raw_jira, raw_settings to modeller;
grant select on all tables in schema raw_github, raw_gitlab, raw_jira, raw_settings to modeller;
alter default privileges for role loader
in schema raw_github, raw_gitlab, raw_jira, raw_settings
grant select on tables to modeller;

-- the metrician reads marts
grant usage on schema marts to metrician;
grant select on all tables in schema marts to metrician;
alter default privileges for role modeller in schema marts grant select on tables to metrician;

-- The inspector reads what is checked at the doors: marts, metrics and, of raw tables, the columns
-- without people's addresses, which warehouse.py grants table by table. Staging and intermediate
-- models carry addresses too: they are the modeller's alone.
grant usage on schema raw_github, raw_gitlab, raw_jira, raw_settings, marts, metrics to inspector;
grant select on all tables in schema marts, metrics to inspector;
alter default privileges for role modeller in schema marts grant select on tables to inspector;
alter default privileges for role metrician in schema metrics grant select on tables to inspector;
-- earlier versions gave more
revoke usage on schema staging, intermediate from inspector;
revoke select on all tables in schema staging, intermediate from inspector;
alter default privileges for role loader
in schema raw_github, raw_gitlab, raw_jira, raw_settings
revoke select on tables from inspector;
alter default privileges for role modeller
in schema staging, intermediate
revoke select on tables from inspector;

-- analysts and BI tools
grant usage on schema marts, metrics, quality to reader;
grant select on all tables in schema marts, metrics, quality to reader;
alter default privileges for role modeller in schema marts grant select on tables to reader;
alter default privileges for role metrician in schema metrics grant select on tables to reader;
alter default privileges for role inspector in schema quality grant select on tables to reader;

comment on schema raw_github is 'GitHub as loaded: one table a resource, every connection in it.';
comment on schema raw_settings is 'The part of sei.toml that models need.';
comment on schema erasure is 'Keyed hashes of erased people, the loader''s alone.';
comment on schema staging is 'dbt: raw tables renamed and cast, one model a source table.';
comment on schema intermediate is 'dbt: steps between staging and marts.';
comment on schema marts is 'dbt: facts and dimensions, one row per pull request, deployment, …';
comment on schema quality is 'Results of the checks at the doors.';
