/*
 * apitoken_create: its body, its answer, and what is kept of the secret.
 */
\ir fixtures/life.psql

BEGIN;
SELECT plan(184);

-- a module in Contoso's default group that a client may not hold: an older version let it be written
SET LOCAL row_security = off;
INSERT INTO apitoken.user_group_modules VALUES ('ACC-3001-7788', 'UGR-3001-0001', 'MOD-0005');
SET LOCAL row_security = on;

/*
 * What the body may not be.  ACC stands for an account that is there.
 */
CREATE TABLE helper.cases (number integer GENERATED ALWAYS AS IDENTITY, body text, detail text, hint text);
\set members 'The members are: account, name, description, icon, modules, expiresAt, allowedNetworks.'
\set object 'Give an object, for example {"name": "Nightly export"}.'
\set reference 'Refer to it as {"id": "..."}, with the id of what exists.'
\set list 'Give the modules as [{"id": "..."}, ...].'
\set string 'Give a string.'
\set nullable 'Give a string, or null for none.'
\set length 'A name has 1 to 200 characters.'
\set characters 'A name has letters, digits, spaces, - . '' and " only.'
\set offer 'The account can give: MOD-0001, MOD-0003, MOD-0004.'

INSERT INTO helper.cases (body, detail, hint) VALUES
	(NULL, 'The body is not a JSON object.', :'object'),
	('null', 'The body is not a JSON object.', :'object'),
	('[]', 'The body is not a JSON object.', :'object'),
	('[{"account": {"id": "ACC"}, "name": "Name"}]', 'The body is not a JSON object.', :'object'),
	('"name"', 'The body is not a JSON object.', :'object'),
	('""', 'The body is not a JSON object.', :'object'),
	('1', 'The body is not a JSON object.', :'object'),
	('true', 'The body is not a JSON object.', :'object'),
	-- missing
	('{}', 'The member "account" is missing.', :'members'),
	('{"name": "Name"}', 'The member "account" is missing.', :'members'),
	('{"account": {"id": "ACC"}}', 'The member "name" is missing.', :'members'),
	('{"account": {"id": "ACC"}, "description": "D", "icon": "I", "modules": []}', 'The member "name" is missing.', :'members'),
	-- unknown
	('{"account": {"id": "ACC"}, "name": "Name", "id": "TKN-1234-1234"}', 'The member "id" cannot be chosen.', :'members'),
	('{"account": {"id": "ACC"}, "name": "Name", "status": "Disabled"}', 'The member "status" cannot be chosen.', :'members'),
	('{"account": {"id": "ACC"}, "name": "Name", "token": "idt:TKN-1234-1234:x"}', 'The member "token" cannot be chosen.', :'members'),
	('{"account": {"id": "ACC"}, "name": "Name", "secret": null}', 'The member "secret" does not exist.', :'members'),
	('{"account": {"id": "ACC"}, "name": "Name", "href": "/"}', 'The member "href" cannot be chosen.', :'members'),
	('{"account": {"id": "ACC"}, "name": "Name", "status": 1}', 'The member "status" cannot be chosen.', :'members'),
	('{"account": {"id": "ACC"}, "name": "Name", "Name": "Name"}', 'The member "Name" does not exist.', :'members'),
	('{"account": {"id": "ACC"}, "name": "Name", "name ": "Name"}', 'The member "name " does not exist.', :'members'),
	('{"account": {"id": "ACC"}, "name": "Name", "names": "Name"}', 'The member "names" does not exist.', :'members'),
	('{"account": {"id": "ACC"}, "name": "Name", "nam": "Name"}', 'The member "nam" does not exist.', :'members'),
	('{"account": {"id": "ACC"}, "name": "Name", "": "Name"}', 'The member "" does not exist.', :'members'),
	('{"account": {"id": "ACC"}, "name": "Name", "%s%n": "Name"}', 'The member "%s%n" does not exist.', :'members'),
	('{"account": {"id": "ACC"}, "name": "Name", "accountId": "ACC"}', 'The member "accountId" does not exist.', :'members'),
	('{"account": {"id": "ACC"}, "name": "Name", "modules[0].id": "MOD-0003"}', 'The member "modules[0].id" does not exist.', :'members'),
	-- account
	('{"account": null, "name": "Name"}', 'The member "account" is not an object.', :'reference'),
	('{"account": "ACC", "name": "Name"}', 'The member "account" is not an object.', :'reference'),
	('{"account": 1, "name": "Name"}', 'The member "account" is not an object.', :'reference'),
	('{"account": [], "name": "Name"}', 'The member "account" is not an object.', :'reference'),
	('{"account": [{"id": "ACC"}], "name": "Name"}', 'The member "account" is not an object.', :'reference'),
	('{"account": {}, "name": "Name"}', 'The member "account.id" is missing.', :'reference'),
	('{"account": {"id": null}, "name": "Name"}', 'The member "account.id" is not a string, or empty.', :'reference'),
	('{"account": {"id": ""}, "name": "Name"}', 'The member "account.id" is not a string, or empty.', :'reference'),
	('{"account": {"id": 1}, "name": "Name"}', 'The member "account.id" is not a string, or empty.', :'reference'),
	('{"account": {"id": true}, "name": "Name"}', 'The member "account.id" is not a string, or empty.', :'reference'),
	('{"account": {"id": {"id": "ACC"}}, "name": "Name"}', 'The member "account.id" is not a string, or empty.', :'reference'),
	('{"account": {"id": ["ACC"]}, "name": "Name"}', 'The member "account.id" is not a string, or empty.', :'reference'),
	('{"account": {"id": "ACC", "nam": "Contoso"}, "name": "Name"}', 'The member "account.nam" does not exist.', :'reference'),
	('{"account": {"href": "/v1/accounts/accounts/ACC"}, "name": "Name"}', 'The member "account.id" is missing.', :'reference'),
	('{"account": {"ID": "ACC"}, "name": "Name"}', 'The member "account.ID" does not exist.', :'reference'),
	-- name
	('{"account": {"id": "ACC"}, "name": null}', 'The member "name" is not a string.', :'string'),
	('{"account": {"id": "ACC"}, "name": 1}', 'The member "name" is not a string.', :'string'),
	('{"account": {"id": "ACC"}, "name": true}', 'The member "name" is not a string.', :'string'),
	('{"account": {"id": "ACC"}, "name": ["Name"]}', 'The member "name" is not a string.', :'string'),
	('{"account": {"id": "ACC"}, "name": {"en": "Name"}}', 'The member "name" is not a string.', :'string'),
	('{"account": {"id": "ACC"}, "name": ""}', 'The member "name" is empty or too long.', :'length'),
	(jsonb_build_object('account', '{"id": "ACC"}'::jsonb, 'name', repeat('n', 201)), 'The member "name" is empty or too long.', :'length'),
	(jsonb_build_object('account', '{"id": "ACC"}'::jsonb, 'name', repeat('é', 201)), 'The member "name" is empty or too long.', :'length'),
	(jsonb_build_object('account', '{"id": "ACC"}'::jsonb, 'name', repeat('n', 1000000)), 'The member "name" is empty or too long.', :'length'),
	-- description and icon
	('{"account": {"id": "ACC"}, "name": "Name", "description": 1}', 'The member "description" is not a string.', :'nullable'),
	('{"account": {"id": "ACC"}, "name": "Name", "description": false}', 'The member "description" is not a string.', :'nullable'),
	('{"account": {"id": "ACC"}, "name": "Name", "description": {}}', 'The member "description" is not a string.', :'nullable'),
	('{"account": {"id": "ACC"}, "name": "Name", "description": []}', 'The member "description" is not a string.', :'nullable'),
	(jsonb_build_object('account', '{"id": "ACC"}'::jsonb, 'name', 'Name', 'description', repeat('d', 2001)),
		'The member "description" is too long.', 'A description has at most 2000 characters.'),
	('{"account": {"id": "ACC"}, "name": "Name", "icon": 1}', 'The member "icon" is not a string.', :'nullable'),
	('{"account": {"id": "ACC"}, "name": "Name", "icon": {"href": "/i.png"}}', 'The member "icon" is not a string.', :'nullable'),
	-- modules
	('{"account": {"id": "ACC"}, "name": "Name", "modules": true}', 'The member "modules" is not an array.', :'list'),
	('{"account": {"id": "ACC"}, "name": "Name", "modules": "MOD-0003"}', 'The member "modules" is not an array.', :'list'),
	('{"account": {"id": "ACC"}, "name": "Name", "modules": {}}', 'The member "modules" is not an array.', :'list'),
	('{"account": {"id": "ACC"}, "name": "Name", "modules": {"id": "MOD-0003"}}', 'The member "modules" is not an array.', :'list'),
	('{"account": {"id": "ACC"}, "name": "Name", "modules": [null]}', 'The member "modules[0]" is not an object.', :'reference'),
	('{"account": {"id": "ACC"}, "name": "Name", "modules": ["MOD-0003"]}', 'The member "modules[0]" is not an object.', :'reference'),
	('{"account": {"id": "ACC"}, "name": "Name", "modules": [[{"id": "MOD-0003"}]]}', 'The member "modules[0]" is not an object.', :'reference'),
	('{"account": {"id": "ACC"}, "name": "Name", "modules": [{"id": "MOD-0003"}, 3]}', 'The member "modules[1]" is not an object.', :'reference'),
	('{"account": {"id": "ACC"}, "name": "Name", "modules": [{}]}', 'The member "modules[0].id" is missing.', :'reference'),
	('{"account": {"id": "ACC"}, "name": "Name", "modules": [{"id": null}]}', 'The member "modules[0].id" is not a string, or empty.', :'reference'),
	('{"account": {"id": "ACC"}, "name": "Name", "modules": [{"id": 3}]}', 'The member "modules[0].id" is not a string, or empty.', :'reference'),
	('{"account": {"id": "ACC"}, "name": "Name", "modules": [{"id": "MOD-0003"}, {"id": ""}]}', 'The member "modules[1].id" is not a string, or empty.', :'reference'),
	('{"account": {"id": "ACC"}, "name": "Name", "modules": [{"code": "orders"}]}', 'The member "modules[0].code" does not exist.', :'reference'),
	('{"account": {"id": "ACC"}, "name": "Name", "modules": [{"id": "MOD-0003", "code": "orders"}]}', 'The member "modules[0].code" does not exist.', :'reference'),
	('{"account": {"id": "ACC"}, "name": "Name", "modules": [{"id": "MOD-9999"}]}', 'The member "modules[0].id" names no module of the account''s default user group.', :'offer'),
	('{"account": {"id": "ACC"}, "name": "Name", "modules": [{"id": "mod-0003"}]}', 'The member "modules[0].id" names no module of the account''s default user group.', :'offer'),
	('{"account": {"id": "ACC"}, "name": "Name", "modules": [{"id": "MOD-0003"}, {"id": "MOD-0003 "}]}', 'The member "modules[1].id" names no module of the account''s default user group.', :'offer'),
	-- there is such a module, but not in the default group
	('{"account": {"id": "ACC"}, "name": "Name", "modules": [{"id": "MOD-0001"}, {"id": "MOD-0003"}, {"id": "MOD-0006"}]}', 'The member "modules[2].id" names no module of the account''s default user group.', :'offer'),
	('{"account": {"id": "ACC"}, "name": "Name", "modules": [{"id": "MOD-0002"}]}', 'The member "modules[0].id" names no module of the account''s default user group.', :'offer'),
	-- it is, but is not for clients
	('{"account": {"id": "ACC"}, "name": "Name", "modules": [{"id": "MOD-0005"}]}', 'The member "modules[0].id" names a module that an account of this type may not hold.', :'offer'),
	('{"account": {"id": "ACC"}, "name": "Name", "modules": [{"id": "MOD-0004"}, {"id": "MOD-0005"}]}', 'The member "modules[1].id" names a module that an account of this type may not hold.', :'offer'),
	-- an account that has nothing to give
	('{"account": {"id": "ACC-3003-1122"}, "name": "Name", "modules": [{"id": "MOD-0003"}]}', 'The member "modules[0].id" names no module of the account''s default user group.', 'The account has no module to give.');

-- characters that a name may not have
INSERT INTO helper.cases (body, detail, hint)
	SELECT jsonb_build_object('account', '{"id": "ACC"}'::jsonb, 'name', format('Na%sme', bad.character)),
			'The member "name" has a character that is not allowed.', :'characters'
		FROM unnest(ARRAY['<', '>', '&', '_', '/', '\', '@', '*', '%', '(', ',', ';', ':', '`', '=', '+', E'\t', E'\n', E'\r',
			E'\x01', E'\x7f', E'\u00a0', E'\u00b4', E'\u00d7', E'\u00f7', E'\u2013', E'\u2019', E'\u200b', E'\u202e',
			E'\u2028', E'\u3000', E'\ue000', E'\ufeff', E'\uff0d', E'\ufffd', '😀', E'\U000E0041'])
			WITH ORDINALITY bad (character, place) ORDER BY place;
-- at either end as well
INSERT INTO helper.cases (body, detail, hint) VALUES
	('{"account": {"id": "ACC"}, "name": "Name\n"}', 'The member "name" has a character that is not allowed.', :'characters'),
	('{"account": {"id": "ACC"}, "name": "\nName"}', 'The member "name" has a character that is not allowed.', :'characters'),
	('{"account": {"id": "ACC"}, "name": "\n"}', 'The member "name" has a character that is not allowed.', :'characters'),
	('{"account": {"id": "ACC"}, "name": "<script>alert(1)</script>"}', 'The member "name" has a character that is not allowed.', :'characters');
UPDATE helper.cases SET body = replace(body, '"ACC"', '"ACC-3001-7788"');

CREATE TABLE helper.before AS SELECT helper.fingerprint() AS tables;
SELECT is(jsonb_build_array(f.code, f.message, f.detail, f.hint), jsonb_build_array('PT400', 'Bad Request', c.detail, c.hint),
		left(COALESCE(c.body, 'NULL'), 120))
	FROM helper.cases c
	LEFT JOIN LATERAL helper.failure(format('SELECT api.apitoken_create(%L)', c.body)) f ON true
	ORDER BY c.number;

-- An account that is not there is not found, whatever else the body has.
SELECT is(to_jsonb(f), '{"code": "PT404", "message": "Not Found", "detail": "There is no account \"ACC-9999-9999\" whose API tokens you may administer.", "hint": "Check the id, and in whose name you call."}'::jsonb, 'an unknown account')
	FROM helper.failure($$ SELECT api.apitoken_create('{"account": {"id": "ACC-9999-9999"}, "name": "Name", "modules": [{"id": "MOD-9999"}]}') $$) f;
SELECT is((SELECT f.code FROM helper.failure(format('SELECT api.apitoken_create(%L)',
		jsonb_build_object('account', jsonb_build_object('id', repeat('A', 5000)), 'name', 'Name'))) f), 'PT404', 'an id that no account can have');
SELECT helper.refused($$ SET LOCAL transaction_read_only = on;
	SELECT api.apitoken_create('{"account": {"id": "ACC-3001-7788"}, "name": "Name"}') $$, '25006', 'a read-only transaction');
SELECT is(helper.fingerprint(), tables, 'no row of any table has changed') FROM helper.before;

/*
 * What it may be.
 */
CREATE FUNCTION helper.created(name text) RETURNS text
LANGUAGE sql
AS $$
	SELECT api.apitoken_create(jsonb_build_object('account', '{"id": "ACC-3001-7788"}'::jsonb, 'name', name)) ->> 'name'
$$;
SELECT is(helper.created(good.name) COLLATE "C", good.name COLLATE "C", 'a name that may be: ' || left(good.name, 40))
	FROM unnest(ARRAY[repeat('n', 200), repeat('é', 200), repeat('𐐀', 200), 'n', '0', '''', '"', '-', '.',
		'It''s "the" 2nd - v1.0', ' spaces  ', 'Zürich', 'Ångström', 'Łódź', 'Ελλάδα', 'Москва', '日本語', '한국어', 'हिन्दी', 'עברית', 'العربية', '１２３'])
		WITH ORDINALITY good (name, place) ORDER BY place;

SELECT is(d - ARRAY['id', 'audit', 'href', 'token', 'account'],
		jsonb_build_object('$meta', '{"omitted": []}'::jsonb, 'status', 'Active', 'name', 'Name', 'icon', '/i.png',
			'description', repeat('é', 1999) || '😀', 'modules', '[]'::jsonb),
		'a description of 2,000 characters, an icon, no modules')
	FROM api.apitoken_create(jsonb_build_object('account', '{"id": "ACC-3001-7788"}'::jsonb, 'name', 'Name', 'icon', '/i.png',
		'description', repeat('é', 1999) || '😀', 'modules', '[]'::jsonb)) d;
SELECT is(d - ARRAY['id', 'audit', 'href', 'token', 'account'],
		'{"$meta": {"omitted": []}, "status": "Active", "name": "Name", "modules": []}'::jsonb,
		'null for description and icon, and nothing for modules')
	FROM api.apitoken_create('{"account": {"id": "ACC-3001-7788"}, "name": "Name", "icon": null, "description": null}') d;
SELECT is(d ->> 'description', E'<b>two\nlines</b> 😀', 'a description may have any characters')
	FROM api.apitoken_create('{"account": {"id": "ACC-3001-7788"}, "name": "Name", "description": "<b>two\nlines</b> 😀"}') d;
SELECT is(jsonb_path_query_array(d, '$.modules[*].id'), '["MOD-0003", "MOD-0004"]', 'a module twice is a module')
	FROM api.apitoken_create('{"account": {"id": "ACC-3001-7788"}, "name": "Name",
		"modules": [{"id": "MOD-0004"}, {"id": "MOD-0003"}, {"id": "MOD-0004"}]}') d;
SELECT is(d #>> '{account,status}', 'Disabled', 'a Disabled account can have a new token')
	FROM api.apitoken_create('{"account": {"id": "ACC-3003-1122"}, "name": "Name"}') d;
SELECT is(jsonb_path_query_array(d, '$.modules[*].id'), '["MOD-0002"]', 'a module for Operations, in Operations')
	FROM api.apitoken_create('{"account": {"id": "ACC-0001-0001"}, "name": "Name", "modules": [{"id": "MOD-0002"}]}') d;

/*
 * The answer and the rows, for a token that acts with nothing but EXECUTE.
 */
CREATE ROLE apitoken_create_caller;
GRANT USAGE ON SCHEMA api TO apitoken_create_caller;
GRANT EXECUTE ON FUNCTION api.apitoken_create(jsonb) TO apitoken_create_caller;
CREATE TABLE helper.one (document jsonb);
GRANT INSERT ON helper.one TO apitoken_create_caller;
GRANT USAGE ON SCHEMA helper TO apitoken_create_caller;

-- a token gives what it holds itself
INSERT INTO apitoken.api_token_modules VALUES ('ACC-3001-7788', 'TKN-3001-1002', 'MOD-0003');
SELECT api.apitoken_authenticate(helper.secret('TKN-3001-1002')) \g /dev/null
SET LOCAL ROLE apitoken_create_caller;
INSERT INTO helper.one
	SELECT api.apitoken_create('{"account": {"id": "ACC-3001-7788"}, "name": "Made by a token", "modules": [{"id": "MOD-0003"}, {"id": "MOD-0001"}]}');
RESET ROLE;
SELECT document ->> 'id' AS id, document ->> 'token' AS secret FROM helper.one \gset

SELECT matches(:'id'::text, '^TKN-[0-9]{4}-[0-9]{4}$', 'the id has the documented shape');
SELECT matches(:'secret'::text, format('^idt:%s:[A-Za-z0-9_-]{49}$', :'id'), 'token is the whole secret');
SELECT is(octet_length(decode(translate(left(split_part(:'secret', ':', 3), 43), '-_', '+/') || '=', 'base64')), 32,
	'whose opaque part is 256 bits');
SELECT is((SELECT array_agg(k ORDER BY k COLLATE "C") FROM helper.one, jsonb_object_keys(document) k),
	'{$meta,account,audit,href,id,modules,name,status,token}'::text[], 'the answer has these members');
SELECT is(document ->> 'href', '/v1/accounts/api-tokens/' || :'id', 'href') FROM helper.one;
SELECT is(document ->> 'status', 'Active', 'a new token is Active') FROM helper.one;
SELECT is(document ->> 'name', 'Made by a token', 'name') FROM helper.one;
SELECT is(document #>> '{account,id}', 'ACC-3001-7788', 'account') FROM helper.one;
SELECT is(jsonb_array_length(document #> '{account,groups}'), 3, 'the account''s groups are there, too') FROM helper.one;
SELECT is(jsonb_path_query_array(document, '$.modules[*].id'), '["MOD-0001", "MOD-0003"]', 'modules, sorted') FROM helper.one;
SELECT is(document #>> '{audit,created,by,id}', 'TKN-3001-1002', 'audit.created.by is the token that acted') FROM helper.one;
SELECT ok((document #>> '{audit,created,at}')::timestamptz BETWEEN now() - interval '1 ms' AND clock_timestamp(),
	'audit.created.at is the time of the call') FROM helper.one;
SELECT is(document #> '{audit,updated}', NULL, 'it was never updated') FROM helper.one;

SELECT is(to_jsonb(t) - 'created_at', jsonb_build_object('account_id', 'ACC-3001-7788', 'id', :'id', 'status', 'Active',
		'name', 'Made by a token', 'description', NULL, 'icon', NULL, 'created_by_type', 'token', 'created_by_id', 'TKN-3001-1002',
		'updated_at', NULL, 'updated_by_type', NULL, 'updated_by_id', NULL, 'held_at', NULL, 'expires_at', NULL, 'secret_number', NULL, 'rotated_at', NULL, 'old_secret_until', NULL, 'revoked_at', NULL, 'allowed_networks', NULL), 'the token''s row')
	FROM apitoken.api_tokens t WHERE id = :'id';
SELECT is(to_jsonb(c), jsonb_build_object('account_id', 'ACC-3001-7788', 'api_token_id', :'id',
		'digest', '\x' || encode(sha256(convert_to(:'secret', 'UTF8')), 'hex'), 'last_access_at', NULL, 'last_access_address', NULL, 'last_access_via', NULL, 'last_access_mode', NULL),
		'what is kept of the secret is its SHA-256')
	FROM apitoken.api_token_credentials c WHERE api_token_id = :'id';
SELECT is((SELECT array_agg(module_id::text ORDER BY module_id) FROM apitoken.api_token_modules WHERE api_token_id = :'id'
	AND account_id = 'ACC-3001-7788'), '{MOD-0001,MOD-0003}', 'the modules'' rows');
SELECT is(jsonb_agg(to_jsonb(t) - ARRAY['id', 'at', 'xid']), jsonb_build_array(jsonb_build_object('account_id', 'ACC-3001-7788', 'api_token_id', :'id',
		'from_status', NULL, 'to_status', 'Active', 'actor_type', 'token', 'actor_id', 'TKN-3001-1002',
		'database_role', 'apitoken_create_caller', 'client_address', NULL, 'call_id', NULL, 'reason', NULL, 'event', 'created', 'session_role', 'postgres', 'request_id', NULL,
		'details', '{"modules": [{"id": "MOD-0003"}, {"id": "MOD-0001"}]}'::jsonb)), 'the trail begins with it')
	FROM apitoken.api_token_transitions t WHERE api_token_id = :'id';
SELECT is((SELECT array_agg(t) FROM helper.tables_with(split_part(:'secret', ':', 3)) t), NULL, 'no table has the secret');
SELECT is((SELECT array_agg(t) FROM helper.tables_with('Made by a token') t), '{apitoken.api_tokens}', '(the search finds what is there)');

SELECT is(d - 'token', document - 'token', 'get answers the same, but for the secret')
	FROM helper.one, api.apitoken_get(:'id') d;
SELECT is(d ->> 'token', format('idt:%s:****', :'id'), 'which it masks') FROM api.apitoken_get(:'id') d;
SELECT is((SELECT array_agg(u.kind) FROM helper.unshown() u, api.apitoken_get(:'id') d
	WHERE strpos(d::text, u.needle) > 0 OR strpos(d::text, split_part(:'secret', ':', 3)) > 0), NULL, 'neither secret nor digest is in it');
SELECT is(api.apitoken_authenticate(:'secret'), jsonb_build_object('id', :'id', 'account', '{"id": "ACC-3001-7788"}'::jsonb,
	'modules', '[{"id": "MOD-0001", "code": "access-management"}, {"id": "MOD-0003", "code": "orders"}]'::jsonb),
	'the new token authenticates with its secret');

/*
 * Ids and secrets are random.
 */
SELECT api.apitoken_authenticate(helper.secret('TKN-0001-0001')) \g /dev/null
CREATE TABLE helper.many AS
	SELECT api.apitoken_create('{"account": {"id": "ACC-3002-9900"}, "name": "Name"}') AS document FROM generate_series(1, 200);
SELECT is((SELECT count(DISTINCT document ->> 'id') FROM helper.many), 200::bigint, 'ids differ');
SELECT is((SELECT count(DISTINCT split_part(document ->> 'token', ':', 3)) FROM helper.many), 200::bigint, 'secrets differ');
-- by chance alone, less than once in 10^20 runs
SELECT is((SELECT min(different) FROM (SELECT count(DISTINCT substr(split_part(document ->> 'token', ':', 3), place, 1)) AS different
		FROM helper.many, generate_series(1, 42) place GROUP BY place) p) > 32, true, 'every place of a secret has all kinds of characters');
SELECT is((SELECT min(different) FROM (SELECT count(DISTINCT substr(document ->> 'id', place, 1)) AS different
		FROM helper.many, unnest('{5,6,7,8,10,11,12,13}'::int[]) place GROUP BY place) p), 10::bigint, 'every place of an id has all digits');
SELECT is((SELECT count(DISTINCT digest) FROM apitoken.api_token_credentials JOIN helper.many ON document ->> 'id' = api_token_id),
	200::bigint, 'each has a digest of its own');

/*
 * An id that is taken is not taken again.  A trigger gives each first try the
 * id of a token that is there.
 */
CREATE SEQUENCE helper.tries;
CREATE FUNCTION helper.take_id() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
	IF nextval('helper.tries') < 4 THEN
		NEW.id := 'TKN-1671-0642';
	END IF;
	RETURN NEW;
END
$$;
CREATE TRIGGER a_first BEFORE INSERT ON apitoken.api_tokens FOR EACH ROW EXECUTE FUNCTION helper.take_id();
SELECT api.apitoken_create('{"account": {"id": "ACC-3002-9900"}, "name": "Fourth try"}') ->> 'id' AS id \gset
SELECT is((SELECT last_value FROM helper.tries), 4::bigint, 'ids that are taken are tried, and left');
SELECT is((SELECT array_agg(id::text) FROM apitoken.api_tokens WHERE name = 'Fourth try'), ARRAY[:'id'], 'a free one is found');
SELECT is((SELECT count(*) FROM apitoken.api_token_credentials WHERE api_token_id = :'id'), 1::bigint, 'with one credential');

CREATE FUNCTION helper.refuse_id() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
	NEW.id := 'TKN-1671-0642';
	RETURN NEW;
END
$$;
CREATE TRIGGER b_all BEFORE INSERT ON apitoken.api_tokens FOR EACH ROW EXECUTE FUNCTION helper.refuse_id();
SELECT is(to_jsonb(f), '{"code": "54000", "message": "no free id found for a new API token",
		"detail": "100 ids were tried at random.", "hint": "Call again."}'::jsonb, 'when none is free, it says so')
	FROM helper.failure($$ SELECT api.apitoken_create('{"account": {"id": "ACC-3002-9900"}, "name": "None"}') $$) f;

SELECT * FROM finish();
ROLLBACK;
