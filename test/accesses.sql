/*
 * The last use of a secret: when, from where, and how, as far as that is known.
 */
\ir fixtures/life.psql

BEGIN;
SELECT plan(23);

-- What a use leaves, of whichever token, with settings as of a request: address, via, mode.
CREATE FUNCTION helper.use(token_id text, method text DEFAULT '', path text DEFAULT '', address text DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql
AS $$
BEGIN
	PERFORM set_config('request.method', method, true), set_config('request.path', path, true),
		set_config('request.headers', CASE WHEN address IS NOT NULL THEN jsonb_build_object('x-apitoken-client', address)::text ELSE '' END, true);
	UPDATE apitoken.api_token_credentials SET last_access_at = NULL;
	PERFORM api.apitoken_authenticate(helper.secret(token_id));
	RETURN (SELECT jsonb_build_array(last_access_address, last_access_via, last_access_mode) FROM apitoken.api_token_credentials WHERE api_token_id = token_id);
END
$$;
SELECT api.apitoken_version() \g /dev/null

SELECT is(helper.use('TKN-1671-0642'), '[null, "sql", null]', 'a statement, through a socket of the machine');
SELECT is(helper.use('TKN-1671-0642', 'POST', '/rpc/apitoken_disable', '203.0.113.7'), '[null, "sql", null]', 'anybody can set what PostgREST does: it is not believed');
SET LOCAL apitoken.jwt_authenticator = 'postgres';
SELECT is(helper.use('TKN-1671-0642', 'POST', '/rpc/apitoken_disable', '203.0.113.7'), '[null, "http", "write"]', 'in a session of PostgREST it is a request, from where the connection is');
SET LOCAL apitoken.jwt_authenticator = '';
SET LOCAL apitoken.proxy_authenticator = 'postgres';
SELECT is(helper.use('TKN-1671-0642', method, path, address), expected::jsonb, format('%s %s from %s', method, path, address)) FROM (VALUES
	('POST', '/rpc/apitoken_disable', '203.0.113.7', '["203.0.113.7", "http", "write"]'),
	('PATCH', '/orders', '2001:db8::1', '["2001:db8::1", "http", "write"]'),
	('GET', '/rpc/apitoken_get', '203.0.113.7', '["203.0.113.7", "http", "read"]'),
	('HEAD', '/rpc/apitoken_get', '203.0.113.7', '["203.0.113.7", "http", "read"]'),
	-- the call by which nginx has a read noted
	('POST', '/rpc/apitoken_pre_request', '203.0.113.7', '["203.0.113.7", "http", "read"]'),
	('POST', '/rpc/apitoken_disable', 'nowhere', '[null, "http", "write"]'),
	('', '', '203.0.113.7', '["203.0.113.7", "sql", null]')) AS c (method, path, address, expected);

-- so often as the moment, and in the same row
SELECT helper.use('TKN-1671-0642', 'POST', '/x', '203.0.113.7') \g /dev/null
SELECT set_config('request.headers', '{"x-apitoken-client": "198.51.100.1"}', true), api.apitoken_authenticate(helper.secret('TKN-1671-0642')) \g /dev/null
SELECT is(host(last_access_address), '203.0.113.7', 'another within the interval is not noted') FROM apitoken.api_token_credentials WHERE api_token_id = 'TKN-1671-0642';
SELECT ok(pg_stat_get_xact_tuples_hot_updated('apitoken.api_token_credentials'::regclass) >= 10, 'noting one touches no index');
SELECT is((SELECT jsonb_build_array(last_access_at IS NOT NULL, last_access_address, last_access_via, last_access_mode) FROM apitoken_monitor.token_accesses WHERE api_token_id = 'TKN-1671-0642'),
	'[true, "203.0.113.7", "http", "write"]', 'a view shows it');
SELECT is((SELECT array_agg(key) FROM jsonb_object_keys(api.apitoken_get('TKN-1671-0642')) AS k (key) WHERE key LIKE 'lastAccess%'), '{lastAccessAt}', 'a document shows when');

-- of each secret
SELECT set_config('apitoken.actor', '', true), set_config('request.headers', '', true) \g /dev/null
SELECT api.apitoken_rotate('TKN-1671-0642', '1 day') ->> 'token' AS secret \gset
SELECT is(jsonb_agg(jsonb_build_array(number, last_access_address, last_access_via, last_access_mode) ORDER BY number), '[[0, "203.0.113.7", "http", "write"], [1, null, null, null]]', 'the old secret keeps its own')
	FROM apitoken.api_token_secrets WHERE api_token_id = 'TKN-1671-0642';
UPDATE apitoken.api_token_credentials SET last_access_at = NULL;
SELECT set_config('request.headers', '{"x-apitoken-client": "198.51.100.1"}', true), set_config('request.method', 'GET', true), api.apitoken_authenticate(:'secret') \g /dev/null
SELECT is(jsonb_agg(jsonb_build_array(number, last_access_address, last_access_via, last_access_mode) ORDER BY number), '[[0, "203.0.113.7", "http", "write"], [1, "198.51.100.1", "http", "read"]]', 'and the new one')
	FROM apitoken.api_token_secrets WHERE api_token_id = 'TKN-1671-0642';
SELECT is(jsonb_build_array(last_access_address, last_access_mode), '["198.51.100.1", "read"]', 'the token has the last') FROM apitoken.api_token_credentials WHERE api_token_id = 'TKN-1671-0642';
SELECT is(jsonb_build_array(new_secret_access_address, old_secret_access_address, last_used), '["198.51.100.1", "203.0.113.7", "new"]', 'who still has the old one is seen')
	FROM apitoken_monitor.tokens_in_rotation WHERE api_token_id = 'TKN-1671-0642';

-- by hand
SELECT is(helper.outcome(format('UPDATE apitoken.api_token_credentials SET %s', change)), '23514', change) FROM unnest(ARRAY['last_access_via = ''ftp''', 'last_access_mode = ''both''']) change;

-- erased
SELECT helper.use('TKN-3002-1001', 'POST', '/x', '192.0.2.77') \g /dev/null
-- the operator's own, in the trail, is no secret
SELECT set_config('apitoken.actor', '', true), set_config('request.headers', '', true) \g /dev/null
SELECT api.apitoken_erase_user('USR-3001-0001') \g /dev/null
SELECT is((SELECT array_agg(t ORDER BY t) FROM unnest('{198.51.100.1,203.0.113.7}'::text[]) n, helper.tables_with(n) t), NULL, 'with a user the addresses go of the tokens that he made');
SELECT is((SELECT array_agg(t ORDER BY t) FROM helper.tables_with('192.0.2.77') t), '{apitoken.api_token_credentials}', 'and no others');
SELECT api.apitoken_erase_account('ACC-3002-9900') \g /dev/null
SELECT is((SELECT array_agg(t ORDER BY t) FROM helper.tables_with('192.0.2.77') t), NULL, 'with an account those of its tokens');

SELECT * FROM finish();
ROLLBACK;
