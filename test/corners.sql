/*
 * What seldom happens is answered, or refused, as what happens each day: dates that are
 * nearly ones, and the like.
 */
\ir fixtures/life.psql

BEGIN;
SELECT plan(26);

-- dates that are nearly ones
SELECT is((SELECT f.detail FROM helper.failure(format('SELECT api.apitoken_list(%L)', 'gt(audit.created.at,' || value || ')')) f),
		'Position 21 of the query: this is no date.', value)
	FROM unnest(ARRAY['2026', '2026-1-01', '2026-01-01T', '2026-01-01T1:00:00Z', '2026-01-01T10:00', '2026-01-01T10:00:0', '2026-01-01T24:00:00Z', '2026-01-01T10:60:00Z', '2026-01-01T10:00:00X',
		'2026-01-01T10:00:00%2B1:00', '2026-01-01T10:00:00%2B0100', '2026-01-01T10:00:00%2B16:00', '2026-01-01T10:00:00%2B01:60', '2026-02-30', '0000-01-01', '2026-13-01', '2026-01-01 10:00:00']) value;

-- members that are true or false, and arrays
SELECT is(api.apitoken_list('in(modules.paid,(true,false))&limit=0') #> '{$meta,pagination,total}',
	api.apitoken_list('ne(modules,empty())&limit=0') #> '{$meta,pagination,total}', 'every module is paid for, or not');
SELECT is((api.apitoken_list('out(modules.paid,(true))&limit=0') #>> '{$meta,pagination,total}')::integer > 0, true, 'and some are not');
SELECT is(api.apitoken_list('eq(modules.accountTypes,empty())&limit=0') #>> '{$meta,pagination,total}', '0', 'no module is for no account');

-- what an administrator adds to the table is his own to tell
ALTER TABLE apitoken.api_tokens ADD CONSTRAINT polite CHECK (name <> 'Damn');
SELECT is((SELECT f.code || ' ' || f.message FROM helper.failure($$ SELECT api.apitoken_update('TKN-1671-0642', '{"name": "Damn"}') $$) f),
	'23514 new row for relation "api_tokens" violates check constraint "polite"', 'a constraint of the administrator''s');
CREATE FUNCTION helper.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''not today'' USING ERRCODE = ''HOST2''; END';
CREATE TRIGGER refuse BEFORE UPDATE OF name ON apitoken.api_tokens FOR EACH ROW EXECUTE FUNCTION helper.refuse();
SELECT is((SELECT f.code || ' ' || f.message FROM helper.failure($$ SELECT api.apitoken_update('TKN-1671-0642', '{"name": "New"}') $$) f), 'HOST2 not today', 'a trigger of his');
DROP TRIGGER refuse ON apitoken.api_tokens;

-- an answer that has no room in a jsonb (uncompressed, which is quicker)
ALTER TABLE apitoken.accounts ALTER COLUMN name SET STORAGE EXTERNAL;
UPDATE apitoken.accounts SET name = repeat('large', 30000000) WHERE id = 'ACC-3001-7788';
SELECT is((SELECT jsonb_array_length(d -> 'data') || ' ' || (d -> 'data' -> 0 ? 'account') FROM api.apitoken_list('account.id=ACC-3001-7788&limit=2&select=+account.name') d), '2 false',
	'a list whose accounts have no room is given without them');

-- the library without the tables
SELECT probin AS library FROM pg_proc WHERE oid = 'api.apitoken_version()'::regprocedure \gset
CREATE FUNCTION helper.disable(text, text) RETURNS jsonb LANGUAGE c AS :'library', 'apitoken_disable';
CREATE FUNCTION helper.list(text) RETURNS jsonb LANGUAGE c AS :'library', 'apitoken_list';
DROP EXTENSION apitoken CASCADE;
SELECT is(to_jsonb(f), '{"code": "42P01", "message": "relation \"apitoken.api_tokens\" does not exist", "detail": "", "hint": "Is the extension \"apitoken\" created in this database?"}', statement)
	FROM unnest(ARRAY['SELECT helper.disable(''TKN'', NULL)', 'SELECT helper.list('''')']) statement, helper.failure(statement) f;
CREATE SCHEMA apitoken;
SELECT is((SELECT f.code FROM helper.failure('SELECT helper.list('''')') f), '42P01', 'a schema of that name is not enough');

SELECT * FROM finish();
ROLLBACK;
