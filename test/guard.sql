/*
 * What a right is good for while it is used: who may give which module to a
 * token, an update that changes nothing, and an application's own guard.  What
 * becomes of it when it is taken away meanwhile is in isolation/specs/holds.spec.
 */
\ir fixtures/life.psql

BEGIN;
SELECT plan(31);

CREATE ROLE apitoken_guard_caller;
GRANT USAGE ON SCHEMA api TO apitoken_guard_caller;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO apitoken_guard_caller;
CREATE ROLE apitoken_guard_authenticator;
GRANT apitoken_guard_caller TO apitoken_guard_authenticator;
SELECT api.apitoken_version() \g /dev/null
SET LOCAL apitoken.jwt_authenticator = 'apitoken_guard_authenticator';
SET LOCAL apitoken.jwt_actor_claim = 'sub';

CREATE FUNCTION helper.given(modules text, token text DEFAULT 'TKN-1671-0642') RETURNS text
LANGUAGE sql
AS $$
	SELECT format('SELECT api.apitoken_update(%L, %L)', token, jsonb_build_object('modules',
		(SELECT coalesce(jsonb_agg(jsonb_build_object('id', m)), '[]') FROM unnest(modules::text[]) m)))
$$;
CREATE FUNCTION helper.made(account text, modules text) RETURNS text
LANGUAGE sql
AS $$
	SELECT format('SELECT api.apitoken_create(%L)', jsonb_build_object('account', jsonb_build_object('id', account), 'name', 'New',
		'modules', (SELECT jsonb_agg(jsonb_build_object('id', m)) FROM unnest(modules::text[]) m)))
$$;
-- what comes of a statement with a token, a user or nobody acting
CREATE FUNCTION helper.came(statement text, setup text DEFAULT NULL, session text DEFAULT NULL) RETURNS text
LANGUAGE sql
AS $$
	SELECT code FROM helper.probe(statement, setup, 'apitoken_guard_caller', session)
$$;

-- Operations' token that has access-management alone, one that has both.
SELECT helper.add_token('ACC-0001-0001', 'TKN-0001-0003', 'Active', 'MOD-0001') \g /dev/null
SELECT is((SELECT array_agg(module_id::text ORDER BY module_id) FROM apitoken.user_group_modules l
		JOIN apitoken.user_groups g ON g.account_id = l.account_id AND g.id = l.user_group_id AND g.is_default
		WHERE l.account_id = 'ACC-0001-0001' AND module_id IN ('MOD-0001', 'MOD-0002')), '{MOD-0001,MOD-0002}', 'Operations can give both');

/*
 * A token gives what it holds.
 */
SELECT is(helper.came(helper.given('{MOD-0001,MOD-0002}', 'TKN-0001-0003'), helper.as_token('TKN-0001-0003')), 'PT403',
	'a token does not give itself account-management');
SELECT is(helper.came(helper.made('ACC-0001-0001', '{MOD-0002}'), helper.as_token('TKN-0001-0003')), 'PT403', 'nor a token that it makes');
SELECT is(helper.came(helper.given('{MOD-0002}', 'TKN-0001-0002'), helper.as_token('TKN-0001-0003')), 'PT403', 'nor another one');
SELECT is(helper.came(helper.made('ACC-0001-0001', '{MOD-0001}'), helper.as_token('TKN-0001-0003')), 'ok', 'it gives what it holds');
SELECT is(helper.came(helper.made('ACC-0001-0001', '{MOD-0002}'), helper.as_token('TKN-0001-0001')), 'ok', 'one that holds it does');
SELECT is(helper.came(helper.made('ACC-3001-7788', '{MOD-0003}'), helper.as_token('TKN-3001-1002')), 'PT403', 'inside a tenant''s account it is the same');
SELECT is(helper.came(helper.made('ACC-3001-7788', '{MOD-0001}'), helper.as_token('TKN-3001-1002')), 'ok', 'for what it holds, too');
SELECT is(helper.came(helper.made('ACC-3001-7788', '{MOD-0003}'), helper.as_token('TKN-0001-0001')), 'ok', 'who administers every account gives what the account can');
SELECT is(helper.came(helper.given('{MOD-0003,MOD-0004}'), helper.as_token('TKN-3001-1002')), 'ok', 'what the token has already is not given');
SELECT is(helper.came(helper.given('{MOD-0003}'), helper.as_token('TKN-3001-1002')), 'ok', 'taking away is free');
SELECT is(helper.came(helper.given('{}'), helper.as_token('TKN-3001-1002')), 'ok', 'all of it');
SELECT is(to_jsonb(f) - 'message', '{"code": "PT403", "detail": "The actor does not hold the module \"MOD-0003\", and so cannot give it.",
		"hint": "An API token gives only modules that it holds itself."}', 'the error names the module')
	FROM (SELECT set_config('helper.none', helper.secret('TKN-3001-1002'), true)) s,
		LATERAL helper.failure(format('SELECT api.apitoken_authenticate(%L); ', helper.secret('TKN-3001-1002')) || helper.made('ACC-3001-7788', '{MOD-0003}')) f;

-- users
SELECT is(helper.came(helper.made('ACC-3001-7788', '{MOD-0003}'), helper.as_user('USR-3001-0001'), 'apitoken_guard_authenticator'), 'ok',
	'a user gives what the account can');
SELECT is(helper.came(helper.made('ACC-0001-0001', '{MOD-0002}'), helper.as_user('USR-0001-0001'), 'apitoken_guard_authenticator'), 'ok',
	'account-management if he holds it');
INSERT INTO apitoken.user_groups (account_id, id, name) VALUES ('ACC-0001-0001', 'UGR-0001-0099', 'Tokens');
INSERT INTO apitoken.user_group_modules VALUES ('ACC-0001-0001', 'UGR-0001-0099', 'MOD-0001');
DELETE FROM apitoken.user_group_users WHERE user_id = 'USR-0001-0002';
INSERT INTO apitoken.user_group_users VALUES ('ACC-0001-0001', 'UGR-0001-0099', 'USR-0001-0002');
SELECT is(helper.came(helper.made('ACC-0001-0001', '{MOD-0001}'), helper.as_user('USR-0001-0002'), 'apitoken_guard_authenticator'), 'ok',
	'one who holds access-management alone administers tokens');
SELECT is(helper.came(helper.made('ACC-0001-0001', '{MOD-0002}'), helper.as_user('USR-0001-0002'), 'apitoken_guard_authenticator'), 'PT403',
	'but does not give account-management');

-- a trusted role
SELECT is((helper.probe(helper.made('ACC-0001-0001', '{MOD-0001,MOD-0002}'), NULL, NULL, NULL)).code, 'ok', 'a trusted role gives what the account can');

/*
 * An update that changes nothing takes no lock.
 */
SELECT xmax::text AS locked FROM apitoken.api_tokens WHERE id = 'TKN-2001-1001' \gset
SELECT is(api.apitoken_update('TKN-2001-1001', '{}', '-*,+status') ->> 'status', 'Active', 'an update of nothing answers the document');
SELECT is((SELECT xmax::text FROM apitoken.api_tokens WHERE id = 'TKN-2001-1001'), :'locked', 'and has not locked the row');
SELECT is((SELECT count(*) FROM helper.failure($$ SELECT api.apitoken_update('TKN-3001-1005', '{}') $$) WHERE code = 'PT400'), 1::bigint, 'a Deleted one is refused as before');
SELECT is((SELECT count(*) FROM helper.failure($$ SELECT api.apitoken_update('TKN-9999-9999', '{}') $$) WHERE code = 'PT404'), 1::bigint, 'an unknown one, too');

/*
 * The guard.
 */
SELECT is(helper.came('SELECT api.apitoken_guard()', helper.as_token('TKN-1671-0642')), 'ok', 'an Active token passes the guard');
SELECT is(helper.came('SELECT api.apitoken_guard(''access-management'')', helper.as_token('TKN-3001-1002')), 'ok', 'with a module that it holds');
SELECT is(helper.came('SELECT api.apitoken_guard(''access-management'')', helper.as_token('TKN-1671-0642')), 'PT403', 'not with another');
SELECT is(helper.came('SELECT api.apitoken_guard(''no such code'')', helper.as_token('TKN-3001-1002')), 'PT403', 'nor with one that does not exist');
SELECT is(helper.came('SELECT api.apitoken_guard()'), 'PT401', 'nobody does not');
SELECT is((helper.probe('SELECT api.apitoken_guard()', NULL, NULL, NULL)).code, 'PT401', 'not even a trusted role');
SELECT is(helper.came('SELECT api.apitoken_guard()', helper.as_token('TKN-1671-0642')
	|| '; UPDATE apitoken.api_tokens SET status = ''Disabled'' WHERE id = ''TKN-1671-0642'''), 'PT401', 'nor one that was disabled since');
SELECT is(helper.came('SELECT api.apitoken_guard(''access-management'')', helper.as_user('USR-3001-0001'), 'apitoken_guard_authenticator'), 'ok',
	'a user passes with a module of his groups');
SELECT is(helper.came('SELECT api.apitoken_guard(''access-management'')', helper.as_user('USR-3001-0002'), 'apitoken_guard_authenticator'), 'PT403', 'and with no other');

SELECT * FROM finish();
ROLLBACK;
