/*
 * apitoken_update: changes what it is given, and nothing else.
 */
\ir fixtures/life.psql

BEGIN;
SELECT plan(92);

CREATE ROLE apitoken_update_caller;
GRANT USAGE ON SCHEMA api TO apitoken_update_caller;
GRANT EXECUTE ON FUNCTION api.apitoken_update(text, jsonb, text) TO apitoken_update_caller;

-- The token of these tests, as it is at the beginning.
UPDATE apitoken.api_tokens SET updated_at = '2025-06-01T00:00:00Z', updated_by_type = NULL, updated_by_id = NULL WHERE id = 'TKN-1671-0642';
CREATE TABLE helper.before AS SELECT helper.fingerprint() AS tables, api.apitoken_get('TKN-1671-0642') AS document;

/*
 * Each member by itself and together; what differs afterwards, by path.
 */
SELECT is(array(SELECT d.path || ' ' || d.difference FROM helper.differences(u.answer - 'audit', b.document - 'audit') d), change.differences, change.changes)
	FROM (VALUES
		(1, '{"name": "New"}', ARRAY['name is "New", should be "Nightly export"']),
		(2, '{"description": "New"}', ARRAY['description is "New", should be "Reads the orders of the day for the data warehouse"']),
		(3, '{"description": null}', ARRAY['description missing, should be "Reads the orders of the day for the data warehouse"']),
		(4, '{"description": ""}', ARRAY['description is "", should be "Reads the orders of the day for the data warehouse"']),
		(5, '{"icon": "/new.png"}', ARRAY['icon is "/new.png", should be "/icons/export.png"']),
		(6, '{"icon": null}', ARRAY['icon missing, should be "/icons/export.png"']),
		(7, '{"icon": null, "description": null, "name": "Both gone"}', ARRAY['description missing, should be "Reads the orders of the day for the data warehouse"',
			'icon missing, should be "/icons/export.png"', 'name is "Both gone", should be "Nightly export"']),
		(8, '{"modules": [{"id": "MOD-0004"}, {"id": "MOD-0003"}]}', '{}'::text[]),
		(9, '{"name": "Nightly export"}', '{}'::text[]),
		(10, '{}', '{}'::text[])
	) change (number, changes, differences),
	helper.before b,
	LATERAL (SELECT p.result::jsonb AS answer
		FROM helper.probe(format('SELECT api.apitoken_update(''TKN-1671-0642'', %L)', change.changes)) p) u
	ORDER BY change.number;
SELECT is(jsonb_path_query_array(p.result::jsonb, '$.modules[*].id'), modules.after::jsonb, 'modules: ' || modules.given)
	FROM (VALUES (1, '[]', '[]'), (2, '[{"id": "MOD-0001"}]', '["MOD-0001"]'), (3, '[{"id": "MOD-0004"}]', '["MOD-0004"]'),
			(4, '[{"id": "MOD-0004"}, {"id": "MOD-0001"}, {"id": "MOD-0004"}]', '["MOD-0001", "MOD-0004"]')) modules (number, given, after),
		helper.probe(format('SELECT api.apitoken_update(''TKN-1671-0642'', %L)', format('{"modules": %s}', modules.given))) p
	ORDER BY modules.number;
SELECT is(helper.fingerprint(), tables, '(all of it was undone)') FROM helper.before;

-- No member changes no row.
SELECT is(api.apitoken_update('TKN-1671-0642', '{}'), document, 'no member: the document is as it was, the updated event too') FROM helper.before;
SELECT is(helper.fingerprint(), tables, 'and so is every row of every table') FROM helper.before;

/*
 * The rows and the updated event.
 */
SAVEPOINT untouched;
SELECT api.apitoken_authenticate(helper.secret('TKN-3001-1002')) \g /dev/null
SET LOCAL ROLE apitoken_update_caller;
SELECT api.apitoken_update('TKN-1671-0642', '{"name": "New name", "modules": [{"id": "MOD-0001"}]}') AS document \gset
RESET ROLE;
SELECT is(:'document'::jsonb #>> '{audit,updated,by,id}', 'TKN-3001-1002', 'updated by the token that acted');
SELECT ok((:'document'::jsonb #>> '{audit,updated,at}')::timestamptz BETWEEN now() - interval '1 ms' AND clock_timestamp(), 'just now');
SELECT is(:'document'::jsonb #>> '{audit,created,at}', '2025-02-21T18:02:53.773Z', 'created when it was');
SELECT is(to_jsonb(t) - ARRAY['created_at', 'updated_at'], jsonb_build_object('account_id', 'ACC-3001-7788', 'id', 'TKN-1671-0642', 'status', 'Active',
		'name', 'New name', 'description', 'Reads the orders of the day for the data warehouse', 'icon', '/icons/export.png',
		'created_by_type', 'user', 'created_by_id', 'USR-3001-0001', 'updated_by_type', 'token', 'updated_by_id', 'TKN-3001-1002', 'held_at', NULL, 'expires_at', NULL, 'secret_number', NULL, 'rotated_at', NULL, 'old_secret_until', NULL, 'revoked_at', NULL, 'allowed_networks', NULL), 'the row')
	FROM apitoken.api_tokens t WHERE id = 'TKN-1671-0642';
SELECT is((SELECT array_agg(module_id::text) FROM apitoken.api_token_modules WHERE api_token_id = 'TKN-1671-0642'), '{MOD-0001}', 'the modules'' rows');
SELECT is((SELECT count(*) FROM apitoken.api_token_modules WHERE account_id = 'ACC-3001-7788' AND api_token_id <> 'TKN-1671-0642'), 4::bigint,
	'other tokens'' modules are as they were');
SELECT is(helper.fingerprint() - ARRAY['apitoken.api_tokens', 'apitoken.api_token_modules', 'apitoken.api_token_credentials', 'apitoken.api_token_transitions'],
	tables - ARRAY['apitoken.api_tokens', 'apitoken.api_token_modules', 'apitoken.api_token_credentials', 'apitoken.api_token_transitions'], 'no other table has changed, but for the trail')
	FROM helper.before;
SELECT is(api.apitoken_authenticate(helper.secret('TKN-1671-0642')) -> 'modules', '[{"id": "MOD-0001", "code": "access-management"}]',
	'the secret is the same, and acts with the new modules');
SELECT is(api.apitoken_disable('TKN-3001-1003') ->> 'status', 'Disabled', 'which is no word only');
ROLLBACK TO untouched;

SELECT is(d -> 'audit' -> 'updated' ? 'by', false, 'a trusted role is nobody that an audit could name')
	FROM api.apitoken_update('TKN-1671-0642', '{"name": "New"}') d;
SELECT is(d, jsonb_build_object('name', 'New', '$meta', jsonb_build_object('omitted',
		'["account", "audit", "description", "href", "icon", "id", "lastAccessAt", "modules", "status", "token"]'::jsonb)), 'with fields')
	FROM api.apitoken_update('TKN-1671-0642', '{"name": "New"}', '-*,+name') d;
SELECT is(jsonb_build_array(d -> 'status', d -> 'name'), '["Disabled", "New"]', 'a Disabled token changes, and stays Disabled')
	FROM api.apitoken_update('TKN-3001-1004', '{"name": "New"}') d;
SELECT is(api.apitoken_update('TKN-3001-1004', '{"modules": []}') ->> 'token', 'idt:TKN-3001-1004:****', 'the secret is masked');
ROLLBACK TO untouched;

/*
 * What changes may not be: as for create, but for the account.
 */
\set members 'The members that can change are: name, description, icon, modules, expiresAt, allowedNetworks.'
\set object 'Give an object, for example {"name": "Nightly export"}.'
\set reference 'Refer to it as {"id": "..."}, with the id of what exists.'
\set list 'Give the modules as [{"id": "..."}, ...].'
\set nullable 'Give a string, or null for none.'
\set length 'A name has 1 to 200 characters.'
\set characters 'A name has letters, digits, spaces, - . '' and " only.'
\set offer 'The account can give: MOD-0001, MOD-0003, MOD-0004.'
-- as an older version let it be written
SET LOCAL row_security = off;
INSERT INTO apitoken.user_group_modules VALUES ('ACC-3001-7788', 'UGR-3001-0001', 'MOD-0005');
SET LOCAL row_security = on;
CREATE TABLE helper.cases (number integer GENERATED ALWAYS AS IDENTITY, changes text, detail text, hint text);
INSERT INTO helper.cases (changes, detail, hint) VALUES
	(NULL, 'The argument "changes" is not a JSON object.', :'object'),
	('null', 'The argument "changes" is not a JSON object.', :'object'),
	('[]', 'The argument "changes" is not a JSON object.', :'object'),
	('[{"name": "New"}]', 'The argument "changes" is not a JSON object.', :'object'),
	('"New"', 'The argument "changes" is not a JSON object.', :'object'),
	('0', 'The argument "changes" is not a JSON object.', :'object'),
	('{"account": {"id": "ACC-3002-9900"}, "name": "New"}', 'The member "account" cannot change.', :'members'),
	('{"account": {}}', 'The member "account.id" is missing.', :'reference'),
	('{"account": "ACC-3001-7788"}', 'The member "account" is not an object.', :'reference'),
	('{"account": {"id": "ACC-3001-7788", "nam": "x"}}', 'The member "account.nam" does not exist.', :'reference'),
	('{"id": "TKN-1671-0643"}', 'The member "id" cannot change.', :'members'),
	('{"id": 1671}', 'The member "id" is not a string.', :'members'),
	('{"status": "Disabled"}', 'The member "status" cannot change.', 'A status changes by enable, disable and delete.'),
	('{"status": "active"}', 'The member "status" cannot change.', 'A status changes by enable, disable and delete.'),
	('{"status": "Disabled", "name": "New"}', 'The member "status" cannot change.', 'A status changes by enable, disable and delete.'),
	('{"status": true}', 'The member "status" is not a string.', :'members'),
	('{"token": "idt:TKN-1671-0643:****"}', 'The member "token" cannot change.', :'members'),
	('{"token": "idt:TKN-1671-0642:3q2-7wQ"}', 'The member "token" cannot change.', :'members'),
	('{"Name": "New"}', 'The member "Name" cannot change.', :'members'),
	('{"name ": "New"}', 'The member "name " cannot change.', :'members'),
	('{"": "New"}', 'The member "" cannot change.', :'members'),
	('{"name": "New", "nam": "New"}', 'The member "nam" cannot change.', :'members'),
	('{"name": null}', 'The member "name" is not a string.', 'Give a string.'),
	('{"name": 1}', 'The member "name" is not a string.', 'Give a string.'),
	('{"name": {}}', 'The member "name" is not a string.', 'Give a string.'),
	('{"name": ["New"]}', 'The member "name" is not a string.', 'Give a string.'),
	('{"name": ""}', 'The member "name" is empty or too long.', :'length'),
	(jsonb_build_object('name', repeat('é', 201)), 'The member "name" is empty or too long.', :'length'),
	('{"name": "New\nname"}', 'The member "name" has a character that is not allowed.', :'characters'),
	('{"name": "New\n"}', 'The member "name" has a character that is not allowed.', :'characters'),
	('{"name": "<New>"}', 'The member "name" has a character that is not allowed.', :'characters'),
	('{"name": "New 😀"}', 'The member "name" has a character that is not allowed.', :'characters'),
	('{"name": "New_name"}', 'The member "name" has a character that is not allowed.', :'characters'),
	('{"description": 1}', 'The member "description" is not a string.', :'nullable'),
	('{"description": []}', 'The member "description" is not a string.', :'nullable'),
	(jsonb_build_object('description', repeat('d', 2001)), 'The member "description" is too long.', 'A description has at most 2000 characters.'),
	('{"icon": 1}', 'The member "icon" is not a string.', :'nullable'),
	('{"icon": {}}', 'The member "icon" is not a string.', :'nullable'),
	('{"modules": "MOD-0003"}', 'The member "modules" is not an array.', :'list'),
	('{"modules": {"id": "MOD-0003"}}', 'The member "modules" is not an array.', :'list'),
	('{"modules": [null]}', 'The member "modules[0]" is not an object.', :'reference'),
	('{"modules": [{"id": "MOD-0003"}, "MOD-0004"]}', 'The member "modules[1]" is not an object.', :'reference'),
	('{"modules": [{}]}', 'The member "modules[0].id" is missing.', :'reference'),
	('{"modules": [{"id": ""}]}', 'The member "modules[0].id" is not a string, or empty.', :'reference'),
	('{"modules": [{"id": 3}]}', 'The member "modules[0].id" is not a string, or empty.', :'reference'),
	('{"modules": [{"id": "MOD-0003", "code": "orders"}]}', 'The member "modules[0].code" does not exist.', :'reference'),
	('{"modules": [{"id": "MOD-9999"}]}', 'The member "modules[0].id" names no module of the account''s default user group.', :'offer'),
	('{"modules": [{"id": "MOD-0001"}, {"id": "MOD-0006"}]}', 'The member "modules[1].id" names no module of the account''s default user group.', :'offer'),
	('{"modules": [{"id": "MOD-0002"}]}', 'The member "modules[0].id" names no module of the account''s default user group.', :'offer'),
	('{"modules": [{"id": "MOD-0004"}, {"id": "MOD-0005"}]}', 'The member "modules[1].id" names a module that an account of this type may not hold.', :'offer'),
	('{"name": "New", "modules": [{"id": "MOD-0005"}]}', 'The member "modules[0].id" names a module that an account of this type may not hold.', :'offer');
UPDATE helper.before SET tables = helper.fingerprint();
SELECT is(jsonb_build_array(f.code, f.message, f.detail, f.hint), jsonb_build_array('PT400', 'Bad Request', c.detail, c.hint),
		left(COALESCE(c.changes, 'NULL'), 120))
	FROM helper.cases c
	LEFT JOIN LATERAL helper.failure(format('SELECT api.apitoken_update(''TKN-1671-0642'', %L)', c.changes)) f ON true
	ORDER BY c.number;
SELECT is(jsonb_build_array(f.code, f.detail), other.failure::jsonb, other.call)
	FROM (VALUES
		(1, 'api.apitoken_update(NULL, ''{}'')', '["PT400", "The argument \"id\" is null or empty."]'),
		(2, 'api.apitoken_update('''', ''{}'')', '["PT400", "The argument \"id\" is null or empty."]'),
		(3, 'api.apitoken_update(''TKN-9999-9999'', ''{"name": "New"}'')', '["PT404", "There is no API token \"TKN-9999-9999\" that you may administer."]'),
		(4, 'api.apitoken_update(''TKN-9999-9999'', ''{"modules": [{"id": "MOD-0005"}]}'')', '["PT404", "There is no API token \"TKN-9999-9999\" that you may administer."]'),
		(5, 'api.apitoken_update(''TKN-3001-1005'', ''{"name": "New"}'')', '["PT400", "The API token \"TKN-3001-1005\" is Deleted."]'),
		(6, 'api.apitoken_update(''TKN-3003-1001'', ''{"modules": [{"id": "MOD-0003"}]}'')', '["PT400", "The member \"modules[0].id\" names no module of the account''s default user group."]'),
		(7, 'api.apitoken_update(''TKN-1671-0642'', ''{"name": "New"}'', ''nam'')', '["PT400", "The field \"nam\" does not exist: the API token has no member \"nam\"."]')
	) other (number, call, failure), helper.failure('SELECT ' || other.call) f
	ORDER BY other.number;
SELECT helper.refused($$ SET LOCAL transaction_read_only = on; SELECT api.apitoken_update('TKN-1671-0642', '{"name": "New"}') $$, '25006', 'a read-only transaction');
SELECT is(helper.fingerprint(), tables, 'no row of any table has changed') FROM helper.before;

-- The limits themselves.
SELECT is(length(api.apitoken_update('TKN-1671-0642', jsonb_build_object('name', repeat('é', 200))) ->> 'name'), 200, 'a name of 200 characters');
SELECT is(length(api.apitoken_update('TKN-1671-0642', jsonb_build_object('description', repeat('😀', 2000))) ->> 'description'), 2000, 'a description of 2,000');

SELECT * FROM finish();
ROLLBACK;
