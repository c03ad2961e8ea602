/*
 * The golden test: rows with the values of the documented response give the
 * documented response, path by path, with the marker in all 24 places.
 *
 * Run it from the folder above this one: psql reads the response from there.
 */
\set content `cat test/reference/disable-token.response.json`

BEGIN;
SELECT plan(43);

\ir fixtures/helpers.psql
\ir fixtures/golden.psql

CREATE TABLE helper.answers (caller text PRIMARY KEY, document jsonb);
INSERT INTO helper.answers VALUES ('documentation', :'content');

-- The user who made everything is the caller: his session is believed to hand over JWT claims.
SELECT api.apitoken_version() \g /dev/null
SELECT set_config('apitoken.jwt_authenticator', session_user, true),
	set_config('apitoken.jwt_actor_claim', 'sub', true),
	set_config('request.jwt.claims', '{"sub": "text"}', true) \g /dev/null
INSERT INTO helper.answers VALUES ('user', api.apitoken_disable('text'));

-- What a live system cannot answer as the documentation does.
CREATE FUNCTION helper.differs_by_nature(path text) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
	SELECT path IN ('status', 'token', 'audit.updated.at', 'account.groups[0].users[0].status')
		OR path ~ '(^|\.)href$' OR path ~ '(^|\.)\$meta\.omitted(\[0\])?$'
$$;

CREATE VIEW helper.wrong_paths AS
	SELECT d.path, d.difference
		FROM helper.answers have
		CROSS JOIN helper.answers want
		CROSS JOIN helper.differences(have.document, want.document) d
		WHERE have.caller = 'user' AND want.caller = 'documentation' AND NOT helper.differs_by_nature(d.path);

SELECT cmp_ok((SELECT count(*) FROM helper.answers, helper.flatten(document)
		WHERE caller = 'documentation' AND NOT helper.differs_by_nature(path)),
	'>=', 158::bigint, 'the documented response has its values that a live system answers too');
SELECT is((SELECT count(*) FROM helper.wrong_paths), 0::bigint, 'each of them is answered, and no other path');
SELECT diag(path || ': ' || difference) FROM helper.wrong_paths;

-- The 24 places of the marker.
SELECT is(document #>> path::text[], '[Circular Reference]', 'marker at ' || path)
	FROM helper.answers
	CROSS JOIN (VALUES
		(1, '{audit,updated,by}'),
		(2, '{audit,created,by,audit,created,by}'),
		(3, '{audit,created,by,audit,updated,by}'),
		(4, '{account,audit,updated,by}'),
		(5, '{account,audit,created,by,audit,created,by}'),
		(6, '{account,audit,created,by,audit,updated,by}'),
		(7, '{account,groups,0,audit,updated,by}'),
		(8, '{account,groups,0,audit,created,by,audit,created,by}'),
		(9, '{account,groups,0,audit,created,by,audit,updated,by}'),
		(10, '{account,groups,0,account,audit,updated,by}'),
		(11, '{account,groups,0,account,audit,created,by,audit,created,by}'),
		(12, '{account,groups,0,account,audit,created,by,audit,updated,by}'),
		(13, '{modules,0,audit,updated,by}'),
		(14, '{modules,0,audit,created,by,audit,created,by}'),
		(15, '{modules,0,audit,created,by,audit,updated,by}'),
		(16, '{account,groups,0,account,groups,0}'),
		(17, '{account,groups,0,modules,0,audit}'),
		(18, '{account,groups,0,users,0,audit}'),
		(19, '{account,groups,0,users,0,currentAccount}'),
		(20, '{account,groups,0,users,0,accounts}'),
		(21, '{account,groups,0,buyers,0,audit}'),
		(22, '{account,groups,0,buyers,0,contact}'),
		(23, '{account,groups,0,buyers,0,account}'),
		(24, '{account,groups,0,buyers,0,sellers}')) marker (place, path)
	WHERE caller = 'user'
	ORDER BY place;
SELECT is(helper.markers(document), 24::bigint, 'there are 24 markers') FROM helper.answers WHERE caller = 'user';
SELECT is(document #> '{account,groups,0,account,groups}', '["[Circular Reference]"]',
		'the account of a group closes its groups with one marker in an array')
	FROM helper.answers WHERE caller = 'user';

-- What differs by nature has values of its own.
SELECT is(document ->> 'status', 'Disabled', 'status') FROM helper.answers WHERE caller = 'user';
SELECT is(document ->> 'token', 'idt:text:****', 'token') FROM helper.answers WHERE caller = 'user';
SELECT is(document #>> '{account,groups,0,users,0,status}', 'Active', 'status of the user')
	FROM helper.answers WHERE caller = 'user';

SELECT results_eq($$
		SELECT path, value #>> '{}' FROM helper.answers, helper.flatten(document)
			WHERE caller = 'user' AND path ~ 'href$' ORDER BY path COLLATE "C"
	$$, $$ VALUES
		('account.audit.created.by.href', '/v1/accounts/users/text'),
		('account.groups[0].account.audit.created.by.href', '/v1/accounts/users/text'),
		('account.groups[0].account.href', '/v1/accounts/accounts/text'),
		('account.groups[0].audit.created.by.href', '/v1/accounts/users/text'),
		('account.groups[0].buyers[0].href', '/v1/accounts/buyers/text'),
		('account.groups[0].href', '/v1/accounts/user-groups/text'),
		('account.groups[0].modules[0].href', '/v1/accounts/modules/text'),
		('account.groups[0].users[0].href', '/v1/accounts/users/text'),
		('account.href', '/v1/accounts/accounts/text'),
		('audit.created.by.href', '/v1/accounts/users/text'),
		('href', '/v1/accounts/api-tokens/text'),
		('modules[0].audit.created.by.href', '/v1/accounts/users/text'),
		('modules[0].href', '/v1/accounts/modules/text')
	$$, 'every href');
SELECT results_eq($$
		SELECT path FROM helper.answers, helper.flatten(document)
			WHERE caller = 'user' AND path ~ 'href$' ORDER BY path COLLATE "C"
	$$, $$
		SELECT path FROM helper.answers, helper.flatten(document)
			WHERE caller = 'documentation' AND path ~ 'href$' ORDER BY path COLLATE "C"
	$$, 'href where the documentation has one');
SELECT results_eq($$
		SELECT path || ' = ' || value FROM helper.answers, helper.flatten(document)
			WHERE caller = 'user' AND path ~ 'omitted' ORDER BY path COLLATE "C"
	$$, $$
		SELECT rtrim(path, '[0]') || ' = []' FROM helper.answers, helper.flatten(document)
			WHERE caller = 'documentation' AND path ~ 'omitted' ORDER BY path COLLATE "C"
	$$, '$meta.omitted is there and empty where the documentation has one');

SELECT matches(document #>> '{audit,updated,at}', '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$', 'form of audit.updated.at')
	FROM helper.answers WHERE caller = 'user';
SELECT ok((document #>> '{audit,updated,at}')::timestamptz
			BETWEEN now() - interval '1 ms' AND clock_timestamp() + interval '1 ms',
		'audit.updated.at is now')
	FROM helper.answers WHERE caller = 'user';

-- The row says what the answer says.
SELECT is((SELECT jsonb_build_array(status, updated_by_type, updated_by_id,
			created_at = '2025-02-21T18:02:53.773Z', name, description, icon)
		FROM apitoken.api_tokens WHERE id = 'text'),
	'["Disabled", "user", "text", true, "text", "text", "text"]'::jsonb,
	'the row is Disabled, updated by the caller, and otherwise as it was');
SELECT is((SELECT updated_at FROM apitoken.api_tokens WHERE id = 'text')::timestamptz,
	(SELECT (document #>> '{audit,updated,at}')::timestamptz FROM helper.answers WHERE caller = 'user'),
	'updated_at is what audit.updated.at says');

/*
 * The same by a trusted role without an actor: nobody is named as the updater,
 * and nothing else differs.
 */
SELECT set_config('apitoken.jwt_authenticator', '', true), set_config('request.jwt.claims', '', true) \g /dev/null
INSERT INTO apitoken.api_tokens SELECT account_id, 'text 2', 'Active', name, description, icon,
		created_at, created_by_type, created_by_id, updated_at, updated_by_type, updated_by_id
	FROM apitoken.api_tokens WHERE id = 'text';
INSERT INTO apitoken.api_token_credentials SELECT account_id, 'text 2', digest, last_access_at
	FROM apitoken.api_token_credentials WHERE api_token_id = 'text';
SET LOCAL row_security = off;
INSERT INTO apitoken.api_token_modules SELECT account_id, 'text 2', module_id
	FROM apitoken.api_token_modules WHERE api_token_id = 'text';
SET LOCAL row_security = on;
INSERT INTO helper.answers VALUES ('trusted role', api.apitoken_disable('text 2'));

SELECT results_eq($$
		SELECT d.path, d.difference FROM helper.answers have, helper.answers want,
				helper.differences(have.document, want.document) d
			WHERE have.caller = 'trusted role' AND want.caller = 'user' AND d.path <> 'audit.updated.at'
	$$, $$ VALUES
		('audit.updated.by', 'missing, should be "[Circular Reference]"'),
		('href', 'is "/v1/accounts/api-tokens/text%202", should be "/v1/accounts/api-tokens/text"'),
		('id', 'is "text 2", should be "text"'),
		('token', 'is "idt:text 2:****", should be "idt:text:****"')
	$$, 'a trusted role without an actor is nobody in audit.updated.by, and all else is the same');
SELECT is(helper.markers(document), 23::bigint, 'one marker less') FROM helper.answers WHERE caller = 'trusted role';
SELECT is((SELECT jsonb_build_array(updated_by_type, updated_by_id, updated_at IS NOT NULL)
		FROM apitoken.api_tokens WHERE id = 'text 2'), '[null, null, true]'::jsonb, 'nobody is the updater in its row either');

-- The answer comes from the rows: another value in each of them is another value in it.
SELECT is(api.apitoken_get('text') #>> '{account,groups,0,users,0,email}', 'text', 'before a change of a row');
UPDATE apitoken.users SET email = 'else@example.com' WHERE id = 'text';
SELECT is(api.apitoken_get('text') #>> '{account,groups,0,users,0,email}', 'else@example.com', 'after it');

SELECT * FROM finish();
ROLLBACK;
