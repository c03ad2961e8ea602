/*
 * Input beyond all measure: it is refused with the documented errors, which
 * show no more of it than it takes to know it again; and arguments that the SQL
 * function has not got.
 */
\ir fixtures/life.psql

BEGIN;
SELECT plan(34);

CREATE FUNCTION helper.said(statement text) RETURNS jsonb
LANGUAGE sql
AS $$
	SELECT jsonb_build_array(f.code, length(f.detail) BETWEEN 10 AND 1200 AND length(f.hint) < 1200) FROM helper.failure(statement) f
$$;
SELECT is(helper.said(c.statement), jsonb_build_array(c.code, true), left(c.statement, 80))
	FROM (VALUES
		('PT404', $$ SELECT api.apitoken_disable(repeat('x', 10000000)) $$),
		('PT404', $$ SELECT api.apitoken_disable(repeat('漢', 3000000)) $$),
		('PT404', $$ SELECT api.apitoken_get(repeat('x', 10000000)) $$),
		('PT404', $$ SELECT api.apitoken_enable(repeat(E'\U0001F600', 3000000)) $$),
		('PT404', $$ SELECT api.apitoken_delete(repeat('x', 10000000)) $$),
		('PT404', $$ SELECT api.apitoken_update(repeat('x', 10000000), '{}') $$),
		('PT404', $$ SELECT api.apitoken_disable_all(repeat('x', 10000000)) $$),
		('PT404', $$ SELECT api.apitoken_create(jsonb_build_object('name', 'n', 'account', jsonb_build_object('id', repeat('x', 10000000)))) $$),
		('PT400', $$ SELECT api.apitoken_create(jsonb_build_object(repeat('x', 10000000), 1)) $$),
		('PT400', $$ SELECT api.apitoken_create(jsonb_build_object('account', jsonb_build_object(repeat('x', 10000000), 1))) $$),
		('PT400', $$ SELECT api.apitoken_update('TKN-1671-0642', jsonb_build_object('modules', jsonb_build_array(jsonb_build_object(repeat('x', 10000000), 1)))) $$),
		('PT400', $$ SELECT api.apitoken_update('TKN-1671-0642', jsonb_build_object('name', repeat('x', 10000000))) $$),
		('PT400', $$ SELECT api.apitoken_update('TKN-1671-0642', jsonb_build_object('description', repeat('x', 10000000))) $$),
		('PT400', $$ SELECT api.apitoken_get('TKN-1671-0642', repeat('x', 10000000)) $$),
		('PT400', $$ SELECT api.apitoken_get('TKN-1671-0642', repeat('x', 1001)) $$),
		('PT400', $$ SELECT api.apitoken_get('TKN-1671-0642', repeat('+id,', 10000000)) $$),
		('PT400', $$ SELECT api.apitoken_get('TKN-1671-0642', repeat(',', 10000000)) $$),
		('PT400', $$ SELECT api.apitoken_list(repeat('x', 10000000)) $$),
		('PT400', $$ SELECT api.apitoken_list('select=' || repeat('x', 65000)) $$),
		('PT401', $$ SELECT api.apitoken_authenticate(repeat('x', 10000000)) $$),
		('PT401', $$ SELECT api.apitoken_authenticate('idt:' || repeat('x', 10000000) || ':x') $$)) c (code, statement);
SELECT is((SELECT f.detail FROM helper.failure($$ SELECT api.apitoken_get(repeat('漢', 341)) $$) f),
	'There is no API token "' || repeat('漢', 340) || '..." that you may administer.', 'characters are shown whole');
SELECT is((SELECT f.detail FROM helper.failure($$ SELECT api.apitoken_get(repeat(E'\U0001F600', 255)) $$) f),
	'There is no API token "' || repeat(E'\U0001F600', 255) || '" that you may administer.', 'and an id that could be one, completely');
SELECT is((SELECT f.detail FROM helper.failure($$ SELECT api.apitoken_get('TKN-1671-0642', '-*,+id,' || repeat('+id,', 300000)) $$) f),
	'The selection of fields is malformed at position 1048577: it has at most 1048576 bytes.', 'a selection has an end');

-- a list of a million references: refused for its first, and in little memory
SELECT is((SELECT f.detail FROM helper.failure($$ SELECT api.apitoken_update('TKN-1671-0642',
		jsonb_build_object('modules', (SELECT jsonb_agg('{"id": "MOD-9999"}'::jsonb) FROM generate_series(1, 100000)))) $$) f),
	'The member "modules[0].id" names no module of the account''s default user group.', 'a hundred thousand modules');
SELECT is((SELECT f.detail FROM helper.failure($$ SELECT api.apitoken_update('TKN-1671-0642',
		jsonb_build_object('modules', (SELECT jsonb_agg(CASE n WHEN 77777 THEN '{"id": 1}' ELSE '{"id": "MOD-0001"}' END::jsonb ORDER BY n) FROM generate_series(0, 100000) n))) $$) f),
	'The member "modules[77777].id" is not a string, or empty.', 'and the one of them that is wrong is named');

/*
 * What PostgREST should have set to JSON, with a secret in it: not shown.
 */
SELECT is((SELECT jsonb_agg(DISTINCT jsonb_build_array(p.code, p.detail, p.everything ~ 'opaque')) FROM unnest(ARRAY[
			'{"x-apitoken-secret": "idt:TKN-1671-0642:opaque"', '{"x-apitoken-secret": "idt:TKN-1671-0642:opaque", x}', 'idt:TKN-1671-0642:opaque']) headers,
		helper.probe('SELECT api.apitoken_pre_request()', format('SELECT set_config(''request.headers'', %L, true)', headers)) p),
	'[["PT400", "The setting \"request.headers\" is not usable JSON.", false]]', 'headers that are no JSON');
SELECT is((SELECT jsonb_agg(jsonb_build_array(p.code, p.detail, p.everything ~ 'opaque')) FROM unnest(ARRAY['"\u0000"', '"\ud800"', '1e400000', repeat('[', 1000000)]) value,
		helper.probe('SELECT api.apitoken_pre_request()', format('SELECT set_config(''request.headers'', %L, true)', format('{"x": %s, "x-apitoken-secret": "idt:TKN-1671-0642:opaque"}', value))) p),
	(SELECT jsonb_agg('["PT400", "The setting \"request.headers\" is not usable JSON.", false]'::jsonb) FROM generate_series(1, 4)),
	'headers with what jsonb cannot hold: text, half a character, a number, depth');

/*
 * The library's functions, declared with fewer arguments than they have now: as
 * an older script might have.
 */
SELECT probin AS library FROM pg_proc WHERE oid = 'api.apitoken_version()'::regprocedure \gset
CREATE FUNCTION helper.disable_id(text) RETURNS jsonb LANGUAGE c AS :'library', 'apitoken_disable';
CREATE FUNCTION helper.disable_nothing() RETURNS jsonb LANGUAGE c AS :'library', 'apitoken_disable';
CREATE FUNCTION helper.update_nothing() RETURNS jsonb LANGUAGE c AS :'library', 'apitoken_update';
CREATE FUNCTION helper.create_nothing() RETURNS jsonb LANGUAGE c AS :'library', 'apitoken_create';
CREATE FUNCTION helper.list_nothing() RETURNS jsonb LANGUAGE c AS :'library', 'apitoken_list';
CREATE FUNCTION helper.authenticate_nothing() RETURNS jsonb LANGUAGE c AS :'library', 'apitoken_authenticate';
SELECT is(helper.disable_id('TKN-1671-0642') ->> 'status', 'Disabled', 'without fields: all of them');
SELECT is((SELECT f.detail FROM helper.failure('SELECT helper.disable_nothing()') f), 'The argument "id" is null or empty.', 'without an id');
SELECT is((SELECT f.code FROM helper.failure('SELECT helper.update_nothing()') f), 'PT400', 'an update of nothing');
SELECT is((SELECT f.detail FROM helper.failure('SELECT helper.create_nothing()') f), 'The body is not a JSON object.', 'without a body');
SELECT is(helper.list_nothing() #>> '{$meta,pagination,total}', '11', 'a list of everything');
SELECT is((SELECT f.code FROM helper.failure('SELECT helper.authenticate_nothing()') f), 'PT401', 'without a secret');

SELECT * FROM finish();
ROLLBACK;
