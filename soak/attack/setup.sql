/*
 * A role with EXECUTE alone, one with careless grants, and secrets where its statements find them without
 * having them in their text.
 */
CREATE ROLE owner;
CREATE ROLE web LOGIN;
GRANT USAGE ON SCHEMA api TO web;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO web;
CREATE SCHEMA web AUTHORIZATION web;
CREATE EXTENSION pg_stat_statements;
CREATE TABLE secrets (id text, secret text);
INSERT INTO secrets SELECT id, format('idt:%s:%s', id, translate(rtrim(encode(sha256(convert_to('demo ' || id, 'UTF8')), 'base64'), '='), '+/', '-_')) FROM apitoken.api_tokens;
GRANT SELECT, INSERT ON secrets TO web;
\ir ../fixtures/careless.sql
ANALYZE;
