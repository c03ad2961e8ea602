/*
 * Who may what: every function, called by every kind of caller, and that
 * nobody is shown a digest, a secret or another account.
 */
\ir fixtures/life.psql

BEGIN;
SELECT plan(131);

CREATE ROLE apitoken_access_trusted BYPASSRLS;
CREATE ROLE apitoken_access_bare;
CREATE ROLE apitoken_access_outside;
CREATE ROLE apitoken_access_reader;
CREATE ROLE apitoken_access_columns;
CREATE ROLE apitoken_access_authenticator NOINHERIT;
GRANT USAGE ON SCHEMA api TO PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO apitoken_access_trusted, apitoken_access_bare, apitoken_access_reader,
	apitoken_access_columns, apitoken_access_authenticator;
GRANT USAGE ON SCHEMA apitoken TO apitoken_access_trusted, apitoken_access_reader, apitoken_access_columns;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA apitoken TO apitoken_access_trusted;
-- all but what makes a role a trusted one, which it may see as its actor does
GRANT SELECT ON ALL TABLES IN SCHEMA apitoken TO apitoken_access_reader;
GRANT SELECT, INSERT, DELETE, TRIGGER ON apitoken.api_tokens TO apitoken_access_reader;
GRANT SELECT, UPDATE (name, status) ON apitoken.api_tokens TO apitoken_access_columns;
GRANT apitoken_access_bare TO apitoken_access_authenticator;
GRANT apitoken_access_authenticator TO apitoken_access_reader;

SELECT api.apitoken_version() \g /dev/null
SET LOCAL apitoken.jwt_authenticator = 'apitoken_access_authenticator';
SET LOCAL apitoken.jwt_actor_claim = 'sub';

-- Operations' token with no more than access-management, and a client's with account-management, which is not for clients:
-- an older version let it be written, and the next one as well.
SET LOCAL row_security = off;
SELECT helper.add_token('ACC-0001-0001', 'TKN-0001-0003', 'Active', 'MOD-0001') \g /dev/null
SELECT helper.add_token('ACC-3001-7788', 'TKN-3001-1006', 'Active', 'MOD-0002') \g /dev/null
-- One whose account is Disabled, and who administers it all the same.
INSERT INTO apitoken.api_token_modules VALUES ('ACC-3003-1122', 'TKN-3003-1001', 'MOD-0001');
SET LOCAL row_security = on;

/*
 * The calls.  Contoso's tokens (ACC-3001-7788) are an Active, a Disabled and a
 * Deleted one, Fabrikam's (ACC-3002-9900) an Active one; of the rest, nothing
 * is known under that id.
 */
CREATE TABLE helper.calls (number integer GENERATED ALWAYS AS IDENTITY, name text, statement text);
INSERT INTO helper.calls (name, statement) VALUES
	('version', 'SELECT api.apitoken_version()'),
	('authenticate, right', format('SELECT api.apitoken_authenticate(%L)', helper.secret('TKN-1671-0642'))),
	('authenticate, wrong', 'SELECT api.apitoken_authenticate(''idt:TKN-1671-0642:wrong'')'),
	('pre_request', 'SELECT api.apitoken_pre_request()'),
	('list', 'SELECT api.apitoken_list(''select=+audit'')'),
	('get Contoso''s', 'SELECT api.apitoken_get(''TKN-1671-0642'')'),
	('get Fabrikam''s', 'SELECT api.apitoken_get(''TKN-3002-1001'')'),
	('get Deleted', 'SELECT api.apitoken_get(''TKN-3001-1005'')'),
	('get unknown', 'SELECT api.apitoken_get(''TKN-9999-9999'')'),
	('disable Contoso''s', 'SELECT api.apitoken_disable(''TKN-1671-0642'')'),
	('disable Fabrikam''s', 'SELECT api.apitoken_disable(''TKN-3002-1001'')'),
	('disable Disabled', 'SELECT api.apitoken_disable(''TKN-3001-1004'')'),
	('disable Deleted', 'SELECT api.apitoken_disable(''TKN-3001-1005'')'),
	('disable unknown', 'SELECT api.apitoken_disable(''TKN-9999-9999'')'),
	('enable Contoso''s', 'SELECT api.apitoken_enable(''TKN-3001-1004'')'),
	('enable Fabrikam''s Active', 'SELECT api.apitoken_enable(''TKN-3002-1001'')'),
	('enable Deleted', 'SELECT api.apitoken_enable(''TKN-3001-1005'')'),
	('enable unknown', 'SELECT api.apitoken_enable(''TKN-9999-9999'')'),
	('delete Contoso''s', 'SELECT api.apitoken_delete(''TKN-1671-0642'')'),
	('delete Fabrikam''s', 'SELECT api.apitoken_delete(''TKN-3002-1001'')'),
	('delete Deleted', 'SELECT api.apitoken_delete(''TKN-3001-1005'')'),
	('delete unknown', 'SELECT api.apitoken_delete(''TKN-9999-9999'')'),
	('update Contoso''s', 'SELECT api.apitoken_update(''TKN-1671-0642'', ''{"name": "New"}'')'),
	('update Fabrikam''s', 'SELECT api.apitoken_update(''TKN-3002-1001'', ''{"name": "New"}'')'),
	('update Deleted', 'SELECT api.apitoken_update(''TKN-3001-1005'', ''{"name": "New"}'')'),
	('update unknown', 'SELECT api.apitoken_update(''TKN-9999-9999'', ''{"name": "New"}'')'),
	('create in Contoso', 'SELECT api.apitoken_create(''{"account": {"id": "ACC-3001-7788"}, "name": "New"}'')'),
	('create in Fabrikam', 'SELECT api.apitoken_create(''{"account": {"id": "ACC-3002-9900"}, "name": "New"}'')'),
	('create in unknown', 'SELECT api.apitoken_create(''{"account": {"id": "ACC-9999-9999"}, "name": "New"}'')'),
	('disable_all of Contoso', 'SELECT api.apitoken_disable_all(''ACC-3001-7788'')'),
	('disable_all of Fabrikam', 'SELECT api.apitoken_disable_all(''ACC-3002-9900'')'),
	('disable_all of unknown', 'SELECT api.apitoken_disable_all(''ACC-9999-9999'')'),
	('disable_all by a query', 'SELECT api.apitoken_disable_all(NULL, ''status=Active'')'),
	('disable_all and hold', 'SELECT api.apitoken_disable_all(''ACC-3001-7788'', '''', hold => true)'),
	('enable_all', 'SELECT api.apitoken_enable_all(''[]'')'),
	('enable_all and release', 'SELECT api.apitoken_enable_all(''[]'', true)'),
	('ensure_disabled Contoso''s', 'SELECT api.apitoken_ensure_disabled(''TKN-1671-0642'')'),
	('ensure_disabled Disabled', 'SELECT api.apitoken_ensure_disabled(''TKN-3001-1004'')'),
	('ensure_disabled Deleted', 'SELECT api.apitoken_ensure_disabled(''TKN-3001-1005'')'),
	('ensure_disabled unknown', 'SELECT api.apitoken_ensure_disabled(''TKN-9999-9999'')'),
	('ensure_disabled and hold', 'SELECT api.apitoken_ensure_disabled(''TKN-1671-0642'', true)'),
	('release Contoso''s', 'SELECT api.apitoken_release(''TKN-1671-0642'')'),
	('release unknown', 'SELECT api.apitoken_release(''TKN-9999-9999'')'),
	('hold_account Contoso', 'SELECT api.apitoken_hold_account(''ACC-3001-7788'')'),
	('hold_account unknown', 'SELECT api.apitoken_hold_account(''ACC-9999-9999'')'),
	('release_account Contoso', 'SELECT api.apitoken_release_account(''ACC-3001-7788'')'),
	('release_account unknown', 'SELECT api.apitoken_release_account(''ACC-9999-9999'')');
SELECT is(array(SELECT 'apitoken_' || split_part(split_part(name, ' ', 1), ',', 1) FROM helper.calls GROUP BY 1 ORDER BY 1),
	array(SELECT DISTINCT proname::text FROM pg_proc WHERE pronamespace = 'api'::regnamespace
		AND proname NOT IN ('apitoken_guard', 'apitoken_actor', 'apitoken_actor_account', 'apitoken_actor_holds', 'apitoken_require', 'apitoken_sync',
			'apitoken_erase_user', 'apitoken_erase_account', 'apitoken_rotate', 'apitoken_revoke', 'apitoken_import', 'apitoken_feed', 'apitoken_trail_prune') ORDER BY 1),
	'every function is called, but for those that ask for no scope: see guard.sql, acting.sql, sync.sql, erase.sql, rotation.sql, revocation.sql, import.sql and feed.sql');

/*
 * What comes of them, for each scope that a caller can have.  The columns are
 * the calls in their order: ok, perm (42501), or the number of a PT error.
 *
 *            ver auth  pre list  get             disable              enable           delete
 *                                Con Fab Del unk Con Fab Dis Del unk  Con Fab Del unk  Con Fab Del unk
 */
CREATE TABLE helper.scopes (scope text, outcomes text);
INSERT INTO helper.scopes VALUES
	('everywhere', 'ok ok 401 ok  ok  ok  ok  ok  404 ok  ok  400 400 404  ok  400 400 404  ok  ok  400 404'
		--  update          create       disable_all
		--  disable_all enable_all ensure_disabled      release  hold    release_account
		--  query hold  ..  release Con Dis Del unk hold Con unk Con unk Con unk
		'   ok  ok  400 404 ok  ok  404  ok  ok  404'
		'   ok  ok   ok  ok   ok  ok  ok  404 ok   ok  404  ok  404 ok  404'),
	('Contoso',    'ok ok 401 ok  ok  ok  404 404 404 ok  404 400 404 404  ok  404 404 404  ok  404 404 404'
		'   ok  404 404 404 ok  404 404  ok  404 404'
		'   403 403  ok  403  ok  ok  404 404 403  403 403  403 403 403 403'),
	('Fabrikam',   'ok ok 401 ok  ok  404 ok  404 404 404 ok  404 404 404  404 400 404 404  404 ok  404 404'
		'   404 ok  404 404 404 ok  404  404 ok  404'
		'   403 404  ok  403  404 404 404 404 403  403 403  403 403 403 403'),
	-- an account that has neither
	('another',    'ok ok 401 ok  ok  404 404 404 404 404 404 404 404 404  404 404 404 404  404 404 404 404'
		'   404 404 404 404 404 404 404  404 404 404'
		'   403 404  ok  403  404 404 404 404 403  403 403  403 403 403 403'),
	('no module',  'ok ok 401 ok  403 403 403 403 403 403 403 403 403 403  403 403 403 403  403 403 403 403'
		'   403 403 403 403 403 403 403  403 403 403'
		'   403 403  403 403  403 403 403 403 403  403 403  403 403 403 403'),
	-- a token that holds none, nor is the one that is asked for
	('itself',     'ok ok 401 ok  ok  403 403 403 403 403 403 403 403 403  403 403 403 403  403 403 403 403'
		'   403 403 403 403 403 403 403  403 403 403'
		'   403 403  403 403  403 403 403 403 403  403 403  403 403 403 403'),
	('nobody',     'ok ok 401 401 401 401 401 401 401 401 401 401 401 401  401 401 401 401  401 401 401 401'
		'   401 401 401 401 401 401 401  401 401 401'
		'   401 401  401 401  401 401 401 401 401  401 401  401 401 401 401'),
	('no EXECUTE', 'perm perm perm perm perm perm perm perm perm perm perm perm perm perm perm perm perm perm perm perm perm perm'
		' perm perm perm perm perm perm perm perm perm perm'
		' perm perm perm perm perm perm perm perm perm perm perm perm perm perm perm');

/*
 * The callers: the session's role, the current role, and what was done before.
 */
CREATE TABLE helper.callers (number integer GENERATED ALWAYS AS IDENTITY, name text, session text, role text, setup text, scope text);
INSERT INTO helper.callers (name, session, role, setup, scope) VALUES
	-- roles by themselves
	('a superuser', NULL, NULL, NULL, 'everywhere'),
	('a trusted role', NULL, 'apitoken_access_trusted', NULL, 'everywhere'),
	('a role with EXECUTE alone', NULL, 'apitoken_access_bare', NULL, 'nobody'),
	('a role with every right to the table but UPDATE', NULL, 'apitoken_access_reader', NULL, 'nobody'),
	('a role with UPDATE of columns', NULL, 'apitoken_access_columns', NULL, 'nobody'),
	('a role without EXECUTE', NULL, 'apitoken_access_outside', NULL, 'no EXECUTE'),
	('a role without EXECUTE, a token acts', NULL, 'apitoken_access_outside', helper.as_token('TKN-0001-0001'), 'no EXECUTE'),
	-- tokens
	('Contoso''s token with access-management', NULL, 'apitoken_access_bare', helper.as_token('TKN-3001-1002'), 'Contoso'),
	('Contoso''s token without', NULL, 'apitoken_access_bare', helper.as_token('TKN-3001-1003'), 'itself'),
	('Contoso''s token with account-management', NULL, 'apitoken_access_bare', helper.as_token('TKN-3001-1006'), 'itself'),
	('Fabrikam''s token with access-management', NULL, 'apitoken_access_bare', helper.as_token('TKN-3002-1001'), 'Fabrikam'),
	('Northwind''s token without', NULL, 'apitoken_access_bare', helper.as_token('TKN-2001-1001'), 'itself'),
	('a Disabled account''s token with access-management', NULL, 'apitoken_access_bare', helper.as_token('TKN-3003-1001'), 'another'),
	('Operations'' token with account-management', NULL, 'apitoken_access_bare', helper.as_token('TKN-0001-0001'), 'everywhere'),
	('Operations'' token with access-management alone', NULL, 'apitoken_access_bare', helper.as_token('TKN-0001-0003'), 'another'),
	('Operations'' token with neither', NULL, 'apitoken_access_bare', helper.as_token('TKN-0001-0002'), 'itself'),
	('a token that was Disabled after it had authenticated', NULL, 'apitoken_access_bare', helper.as_token('TKN-0001-0001')
		|| '; UPDATE apitoken.api_tokens SET status = ''Disabled'' WHERE id = ''TKN-0001-0001''', 'nobody'),
	('a token that was Deleted after it had authenticated', NULL, 'apitoken_access_bare', helper.as_token('TKN-3001-1002')
		|| '; UPDATE apitoken.api_tokens SET status = ''Deleted'' WHERE id = ''TKN-3001-1002''', 'nobody'),
	('a token whose module was withdrawn after it had authenticated', NULL, 'apitoken_access_bare', helper.as_token('TKN-3001-1002')
		|| '; DELETE FROM apitoken.user_group_modules WHERE user_group_id = ''UGR-3001-0001'' AND module_id = ''MOD-0001''', 'itself'),
	-- an actor counts for more than the role
	('a trusted role, Contoso''s token acts', NULL, 'apitoken_access_trusted', helper.as_token('TKN-3001-1002'), 'Contoso'),
	('a superuser, a token without the module acts', NULL, NULL, helper.as_token('TKN-3001-1003'), 'itself'),
	('a superuser, a token that was Disabled acts', NULL, NULL, helper.as_token('TKN-3001-1002')
		|| '; UPDATE apitoken.api_tokens SET status = ''Disabled'' WHERE id = ''TKN-3001-1002''', 'nobody'),
	-- users
	('Contoso''s user with access-management', 'apitoken_access_authenticator', 'apitoken_access_bare', helper.as_user('USR-3001-0001'), 'Contoso'),
	('Contoso''s user without', 'apitoken_access_authenticator', 'apitoken_access_bare', helper.as_user('USR-3001-0002'), 'no module'),
	('Fabrikam''s user with access-management', 'apitoken_access_authenticator', 'apitoken_access_bare', helper.as_user('USR-3002-0001'), 'Fabrikam'),
	('a user of both, with access-management in Fabrikam', 'apitoken_access_authenticator', 'apitoken_access_bare', helper.as_user('USR-3002-0002'), 'Fabrikam'),
	('Northwind''s user with access-management', 'apitoken_access_authenticator', 'apitoken_access_bare', helper.as_user('USR-2001-0001'), 'another'),
	('Operations'' user with account-management', 'apitoken_access_authenticator', 'apitoken_access_bare', helper.as_user('USR-0001-0001'), 'everywhere'),
	('Operations'' user without', 'apitoken_access_authenticator', 'apitoken_access_bare', helper.as_user('USR-0001-0002'), 'no module'),
	('an Invited user', 'apitoken_access_authenticator', 'apitoken_access_bare', helper.as_user('USR-2002-0001'), 'nobody'),
	('a Blocked user with access-management', 'apitoken_access_authenticator', 'apitoken_access_bare', helper.as_user('USR-3001-0003'), 'nobody'),
	('a Disabled user', 'apitoken_access_authenticator', 'apitoken_access_bare', helper.as_user('USR-3003-0001'), 'nobody'),
	('a user who is in no group', 'apitoken_access_authenticator', 'apitoken_access_bare', helper.as_user('USR-3001-0002')
		|| '; DELETE FROM apitoken.user_group_users WHERE user_id = ''USR-3001-0002''', 'no module'),
	('a user who was taken out of the account', 'apitoken_access_authenticator', 'apitoken_access_bare', helper.as_user('USR-3001-0001')
		|| '; DELETE FROM apitoken.user_accounts WHERE user_id = ''USR-3001-0001''', 'no module'),
	('an unknown user', 'apitoken_access_authenticator', 'apitoken_access_bare', helper.as_user('USR-9999-9999'), 'nobody'),
	('a token''s id in place of a user''s', 'apitoken_access_authenticator', 'apitoken_access_bare', helper.as_user('TKN-0001-0001'), 'nobody'),
	('token:id in place of a user''s', 'apitoken_access_authenticator', 'apitoken_access_bare', helper.as_user('token:TKN-0001-0001'), 'nobody'),
	('a user, and a token of another account acts', 'apitoken_access_authenticator', 'apitoken_access_bare',
		helper.as_user('USR-0001-0001') || '; ' || helper.as_token('TKN-3002-1001'), 'Fabrikam'),
	-- claims that say nothing, or are not believed
	('the authenticator without claims', 'apitoken_access_authenticator', 'apitoken_access_bare', NULL, 'nobody'),
	('the authenticator with empty claims', 'apitoken_access_authenticator', 'apitoken_access_bare', 'SELECT set_config(''request.jwt.claims'', '''', true)', 'nobody'),
	('the authenticator with claims of an anonymous request', 'apitoken_access_authenticator', 'apitoken_access_bare',
		'SELECT set_config(''request.jwt.claims'', ''{"role": "anon"}'', true)', 'nobody'),
	('the authenticator with a claim that is a number', 'apitoken_access_authenticator', 'apitoken_access_bare',
		'SELECT set_config(''request.jwt.claims'', ''{"sub": 1}'', true)', 'nobody'),
	('the authenticator with a claim that is null', 'apitoken_access_authenticator', 'apitoken_access_bare',
		'SELECT set_config(''request.jwt.claims'', ''{"sub": null}'', true)', 'nobody'),
	('the authenticator with a claim deeper inside', 'apitoken_access_authenticator', 'apitoken_access_bare',
		'SELECT set_config(''request.jwt.claims'', ''{"user": {"sub": "USR-0001-0001"}}'', true)', 'nobody'),
	('the authenticator with claims that are an array', 'apitoken_access_authenticator', 'apitoken_access_bare',
		'SELECT set_config(''request.jwt.claims'', ''["sub", "USR-0001-0001"]'', true)', 'nobody'),
	('claims in another role''s session', 'apitoken_access_bare', 'apitoken_access_bare', helper.as_user('USR-0001-0001'), 'nobody'),
	('claims in a session that only became the authenticator', 'apitoken_access_reader', 'apitoken_access_authenticator', helper.as_user('USR-0001-0001'), 'nobody'),
	('claims, and the name of no role is believed', 'apitoken_access_authenticator', 'apitoken_access_bare',
		helper.as_user('USR-0001-0001') || '; SET LOCAL apitoken.jwt_authenticator = ''nobody_has_this_name''', 'nobody'),
	('claims, and no role is believed', 'apitoken_access_authenticator', 'apitoken_access_bare',
		helper.as_user('USR-0001-0001') || '; SET LOCAL apitoken.jwt_authenticator = ''''', 'nobody'),
	('claims, and no claim is believed', 'apitoken_access_authenticator', 'apitoken_access_bare',
		helper.as_user('USR-0001-0001') || '; SET LOCAL apitoken.jwt_actor_claim = ''''', 'nobody'),
	('claims, and another claim is believed', 'apitoken_access_authenticator', 'apitoken_access_bare',
		helper.as_user('USR-0001-0001') || '; SET LOCAL apitoken.jwt_actor_claim = ''role''', 'nobody');

/*
 * Every cell of the table.
 */
CREATE TABLE helper.cells AS
	SELECT caller.number AS caller, call.number AS call, caller.name AS caller_name, call.name AS call_name, caller.scope, call.statement, p.*
		FROM helper.callers caller, helper.calls call, helper.probe(call.statement, caller.setup, caller.role, caller.session) p;
SELECT is((SELECT count(*) FROM helper.cells), 51 * 47::bigint, 'the table has so many cells');

SELECT is(
		(SELECT string_agg(CASE WHEN c.code = '42501' THEN 'perm' ELSE replace(c.code, 'PT', '') END, ' ' ORDER BY c.call)
			FROM helper.cells c WHERE c.caller = caller.number),
		(SELECT regexp_replace(s.outcomes, ' +', ' ', 'g') FROM helper.scopes s WHERE s.scope = caller.scope),
		caller.name)
	FROM helper.callers caller ORDER BY caller.number;

-- The titles go with the codes.
SELECT is((SELECT jsonb_object_agg(code, messages) FROM (SELECT code, jsonb_agg(DISTINCT message) AS messages
		FROM helper.cells WHERE code LIKE 'PT%' GROUP BY code) m),
	'{"PT400": ["Bad Request"], "PT401": ["Unauthorized"], "PT403": ["Forbidden"], "PT404": ["Not Found"]}', 'each code has one title');
SELECT is((SELECT jsonb_agg(DISTINCT jsonb_build_array(detail, hint)) FROM helper.cells WHERE code = 'PT403' AND (scope = 'no module' OR call_name !~ 'hold|release|query')),
	'[["The actor holds no module that lets him administer API tokens.", "The module access-management does for the own account''s tokens."]]',
	'403 is the same whatever was asked for');
SELECT is((SELECT jsonb_agg(DISTINCT jsonb_build_array(detail, hint)) FROM helper.cells WHERE code = 'PT401'),
	'[["There is no valid credential.", "Authenticate with the secret of an Active API token."]]', 'and so is 401');

/*
 * Nothing is shown that is not for showing.
 */
SELECT is((SELECT array_agg(c.caller_name || ', ' || c.call_name || ': ' || s) FROM helper.cells c, helper.shown(c.everything, c.statement) s), NULL,
	'no cell shows a digest or a secret');
SELECT is((SELECT array_agg(u.kind) FROM helper.unshown() u WHERE NOT EXISTS (SELECT FROM helper.shown('x' || u.needle || 'x'))), NULL,
	'(what is looked for would be found)');
-- a new token's secret is in the answer to create, and in no other cell
SELECT is((SELECT array_agg(DISTINCT split_part(c.call_name, ' ', 1)) FROM helper.cells c WHERE c.everything ~ 'idt:[^:]+:[A-Za-z0-9_-]{49}'
		AND regexp_replace(c.everything, 'idt:[^:]+:[A-Za-z0-9_-]{49}', '', 'g') <> c.everything
		AND strpos(c.statement, substring(c.everything FROM 'idt:[^:]+:[A-Za-z0-9_-]{49}')) = 0), '{create}', 'a secret is in the answer to create alone');

/*
 * Words that only an account's own rows have.  Those who act in its audits are
 * no secret: their ids and names are part of the documents that they wrote.
 */
CREATE TABLE helper.words AS
	SELECT account_id::text, word FROM (
		SELECT id, unnest(ARRAY[id, name, external_id, pyra_tenant_id::text, technical_support_email, website]) FROM apitoken.accounts
		UNION ALL SELECT account_id, unnest(ARRAY[id::text]) FROM apitoken.user_groups
		UNION ALL SELECT account_id, unnest(ARRAY[id, name, tax_id]) FROM apitoken.buyers
		UNION ALL SELECT account_id, unnest(ARRAY[id, name]) FROM apitoken.api_tokens
		UNION ALL SELECT l.account_id, u.email FROM apitoken.users u JOIN apitoken.user_accounts l ON l.user_id = u.id
	) w (account_id, word)
	WHERE word IS NOT NULL AND length(word) > 6
		-- a user of two accounts is known in both
		AND word <> 'mia@consultants.example';
SELECT is((SELECT count(*) > 40 AND count(DISTINCT account_id) = 6 FROM helper.words), true, '(there are such words)');
CREATE TABLE helper.scope_accounts (scope text, account_id text);
INSERT INTO helper.scope_accounts
	SELECT 'everywhere', id FROM apitoken.accounts
	UNION ALL VALUES ('Contoso', 'ACC-3001-7788'), ('Fabrikam', 'ACC-3002-9900');
SELECT is((SELECT array_agg(c.caller_name || ', ' || c.call_name || ': ' || w.word)
		FROM helper.cells c JOIN helper.callers caller ON caller.number = c.caller, helper.words w
		WHERE strpos(c.everything, w.word) > 0
			-- what he said himself, and what belongs to the token that authenticates
			AND strpos(c.statement || COALESCE(caller.setup, ''), w.word) = 0
			AND NOT (c.call_name = 'authenticate, right' AND w.account_id = 'ACC-3001-7788')
			AND NOT EXISTS (SELECT FROM helper.scope_accounts s WHERE s.scope = c.scope AND s.account_id = w.account_id)
			AND NOT (c.scope = 'itself' AND c.call_name = 'list' AND EXISTS (
				SELECT FROM apitoken.api_tokens t JOIN apitoken.accounts a ON a.id = t.account_id
					WHERE strpos(caller.setup, t.id) > 0 AND w.word IN (a.id, a.name, t.name)))
			AND NOT (c.scope = 'another' AND w.account_id IN ('ACC-0001-0001', 'ACC-2001-3344', 'ACC-3003-1122'))), NULL,
	'no cell shows a word of an account that is not the caller''s');
SELECT is((SELECT count(*) > 100 FROM helper.cells c, helper.words w WHERE c.scope = 'Contoso' AND strpos(c.everything, w.word) > 0
	AND w.account_id = 'ACC-3001-7788'), true, '(there are words of his own)');

-- Whether another account's token, a Deleted one or none at all: apart from the id that was given, there is one answer.
SELECT is((SELECT array_agg(DISTINCT c.caller_name || ', ' || kind.call) FROM (VALUES ('get'), ('disable'), ('enable'), ('delete'), ('update')) kind (call),
			helper.cells c JOIN helper.cells unknown ON unknown.caller = c.caller
		WHERE c.code = 'PT404' AND c.call_name LIKE kind.call || ' %' AND unknown.call_name = kind.call || ' unknown'
			AND regexp_replace(replace(c.everything, c.statement, ''), 'TKN-\d{4}-\d{4}', 'id', 'g')
				IS DISTINCT FROM regexp_replace(replace(unknown.everything, unknown.statement, ''), 'TKN-\d{4}-\d{4}', 'id', 'g')), NULL,
	'a token that is not his, or Deleted, is to the caller one that is not there');
SELECT is((SELECT count(*) > 100 FROM helper.cells WHERE code = 'PT404' AND call_name NOT LIKE '%unknown'), true, '(there are such cells)');
SELECT is((SELECT array_agg(DISTINCT c.caller_name || ', ' || kind.call) FROM (VALUES ('create in'), ('disable_all of')) kind (call),
			helper.cells c JOIN helper.cells unknown ON unknown.caller = c.caller
		WHERE c.code = 'PT404' AND c.call_name LIKE kind.call || ' %' AND unknown.call_name = kind.call || ' unknown'
			AND regexp_replace(replace(c.everything, c.statement, ''), 'ACC-\d{4}-\d{4}', 'id', 'g')
				IS DISTINCT FROM regexp_replace(replace(unknown.everything, unknown.statement, ''), 'ACC-\d{4}-\d{4}', 'id', 'g')), NULL,
	'the same for accounts');

/*
 * What the cells that succeed answer.
 */
SELECT is((SELECT array_agg(DISTINCT c.caller_name || ', ' || c.call_name) FROM helper.cells c
		WHERE c.code = 'ok' AND c.call_name ~ '^(get|disable|enable|update) '
			AND c.result::jsonb ->> 'id' IS DISTINCT FROM substring(c.statement FROM 'TKN-\d{4}-\d{4}')), NULL, 'it is the token that was asked for');
SELECT is((SELECT jsonb_object_agg(scope, ids) FROM (SELECT c.scope, jsonb_agg(DISTINCT id) AS ids
		FROM helper.cells c, jsonb_path_query(c.result::jsonb, '$.data[*].account.id') id
		WHERE c.call_name = 'list' AND c.code = 'ok' AND c.scope IN ('Contoso', 'Fabrikam') GROUP BY c.scope) l),
	'{"Contoso": ["ACC-3001-7788"], "Fabrikam": ["ACC-3002-9900"]}', 'a list has the tokens of the caller''s account alone');
SELECT is((SELECT array_agg(DISTINCT scope) FROM helper.cells c WHERE c.call_name = 'list' AND c.code = 'ok' AND strpos(c.result, '"Deleted"') > 0), '{everywhere}',
	'and Deleted ones for Operations and trusted roles alone');
SELECT is((SELECT array_agg(DISTINCT jsonb_array_length(c.result::jsonb -> 'data') > 0) FROM helper.cells c WHERE c.call_name = 'list' AND c.code = 'ok'), '{t}', '(no list is empty)');

-- Who acted is who is named.
-- (the user who created it is closed the second time)
SELECT is(jsonb_agg(COALESCE(c.result::jsonb #> '{audit,updated,by,id}', c.result::jsonb #> '{audit,updated,by}') ORDER BY c.caller),
	'[null, null, "TKN-3001-1002", "TKN-0001-0001", "TKN-3001-1002", "[Circular Reference]", "USR-0001-0001"]',
	'updated by the actor; by nobody where a trusted role acts by itself')
	FROM helper.cells c WHERE c.call_name = 'disable Contoso''s' AND c.code = 'ok';

/*
 * A role without an actor is trusted with a call for exactly the rights that
 * doing it by hand would need: with all of them it may, and without any one of
 * them it is nobody.
 */
CREATE TABLE helper.asked (call text, statement text, past_row_security boolean, rights text[]);
INSERT INTO helper.asked VALUES
	('disable', 'SELECT api.apitoken_disable(''TKN-1671-0642'')', false, '{SELECT on api_tokens,UPDATE on api_tokens}'),
	('enable', 'SELECT api.apitoken_enable(''TKN-3001-1004'')', false, '{SELECT on api_tokens,UPDATE on api_tokens}'),
	('delete', 'SELECT api.apitoken_delete(''TKN-1671-0642'')', false, '{SELECT on api_tokens,UPDATE on api_tokens}'),
	('disable_all', 'SELECT api.apitoken_disable_all(''ACC-3001-7788'')', false, '{SELECT on api_tokens,UPDATE on api_tokens}'),
	('enable_all', 'SELECT api.apitoken_enable_all(''[]'', true)', false, '{SELECT on api_tokens,UPDATE on api_tokens}'),
	('ensure_disabled', 'SELECT api.apitoken_ensure_disabled(''TKN-1671-0642'', true)', false, '{SELECT on api_tokens,UPDATE on api_tokens}'),
	('release', 'SELECT api.apitoken_release(''TKN-1671-0642'')', false, '{SELECT on api_tokens,UPDATE on api_tokens}'),
	('hold_account', 'SELECT api.apitoken_hold_account(''ACC-3001-7788'')', false, '{SELECT on api_tokens,UPDATE on api_tokens,SELECT on accounts,UPDATE on accounts}'),
	('release_account', 'SELECT api.apitoken_release_account(''ACC-3001-7788'')', false, '{SELECT on api_tokens,UPDATE on api_tokens,SELECT on accounts,
		UPDATE on accounts}'),
	('update', 'SELECT api.apitoken_update(''TKN-1671-0642'', ''{"name": "New"}'')', false, '{SELECT on api_tokens,UPDATE on api_tokens}'),
	('update of modules', 'SELECT api.apitoken_update(''TKN-1671-0642'', ''{"modules": []}'')', true, '{SELECT on accounts,SELECT on user_groups,
		SELECT on user_group_modules,SELECT on modules,SELECT on api_tokens,UPDATE on api_tokens,SELECT on api_token_modules,INSERT on api_token_modules,
		DELETE on api_token_modules}'),
	('rotate', 'SELECT api.apitoken_rotate(''TKN-1671-0642'')', true, '{SELECT on api_tokens,UPDATE on api_tokens,SELECT on accounts,SELECT on user_groups,
		SELECT on user_group_modules,SELECT on modules,SELECT on api_token_modules,INSERT on api_token_secrets,DELETE on api_token_secrets,
		INSERT on api_token_transitions}'),
	('get', 'SELECT api.apitoken_get(''TKN-1671-0642'')', false, '{SELECT on accounts,SELECT on user_groups,SELECT on user_group_modules,SELECT on user_group_users,
		SELECT on user_group_buyers,SELECT on modules,SELECT on users,SELECT on buyers,SELECT on buyer_errors,SELECT on api_tokens,UPDATE on api_tokens,
		SELECT on api_token_modules}'),
	('create', 'SELECT api.apitoken_create(''{"account": {"id": "ACC-0001-0001"}, "name": "New"}'')', true, '{SELECT on accounts,SELECT on user_groups,
		SELECT on user_group_modules,SELECT on modules,SELECT on api_tokens,INSERT on api_tokens,INSERT on api_token_credentials,INSERT on api_token_modules,
		INSERT on api_token_transitions}'),
	('import', format('SELECT api.apitoken_import(''{"tokens": [{"id": "new", "account": {"id": "ACC-0001-0001"}, "name": "New", "digest": "%s"}]}'')', repeat('0', 64)), true,
		'{SELECT on accounts,SELECT on user_groups,SELECT on user_group_modules,SELECT on modules,SELECT on api_tokens,INSERT on api_tokens,INSERT on api_token_credentials,
		INSERT on api_token_foreign_secrets,INSERT on api_token_modules,INSERT on api_token_transitions}');
INSERT INTO helper.asked SELECT 'list', 'SELECT api.apitoken_list(''limit=1'')', past_row_security, rights FROM helper.asked WHERE call = 'get';
UPDATE helper.asked SET rights = (SELECT array_agg(trim(E' \n\t' FROM r)) FROM unnest(rights) r);

-- Calls as a new role that holds those rights, and perhaps USAGE on the schema, and BYPASSRLS.
CREATE FUNCTION helper.with_rights(statement text, rights text[], usage boolean, past_row_security boolean) RETURNS text
LANGUAGE sql
AS $$
	SELECT (helper.probe(statement, concat_ws('; ', 'CREATE ROLE apitoken_access_asked', 'GRANT USAGE ON SCHEMA api TO apitoken_access_asked',
		'GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO apitoken_access_asked',
		CASE WHEN usage THEN 'GRANT USAGE ON SCHEMA apitoken TO apitoken_access_asked' END,
		CASE WHEN past_row_security THEN 'ALTER ROLE apitoken_access_asked BYPASSRLS' END,
		(SELECT string_agg('GRANT ' || replace(r, ' on ', ' ON apitoken.') || ' TO apitoken_access_asked', '; ') FROM unnest(rights) r)), 'apitoken_access_asked')).code
$$;
SELECT is(helper.with_rights(statement, rights, true, past_row_security), 'ok', call || ': a role that could do it by hand may') FROM helper.asked ORDER BY call;
SELECT is((SELECT array_agg(missing) FROM (
			SELECT r AS missing, helper.with_rights(statement, array_remove(rights, r), true, past_row_security) AS code FROM unnest(rights) r
			UNION ALL SELECT 'USAGE', helper.with_rights(statement, rights, false, past_row_security)
			UNION ALL SELECT 'BYPASSRLS', helper.with_rights(statement, rights, true, false) WHERE past_row_security) without
		WHERE code <> 'PT401'), NULL, call || ': not without any one of these rights') FROM helper.asked ORDER BY call;
SELECT is((SELECT array_agg(DISTINCT call) FROM helper.asked
		WHERE helper.with_rights(statement, array_remove(rights, 'UPDATE on api_tokens'), true, true) = 'ok'), '{create,get,hold_account,import,list,release_account}',
	'whom row security does not hold back reads without a right to change');

-- What is granted on all tables does not give rights: it is for row security, too, to let a role give them.
SELECT is(helper.with_rights(statement, (SELECT array_agg(privilege || ' on ' || relname) FROM pg_class, unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,TRIGGER}'::text[]) privilege
		WHERE relnamespace = 'apitoken'::regnamespace AND relkind = 'r'), true, false), CASE WHEN past_row_security THEN 'PT401' ELSE 'ok' END,
	call || ': a role that was granted everything on all tables') FROM helper.asked ORDER BY call;

-- Whoever is trusted with a change is not shown more than he could read.
CREATE FUNCTION helper.shown_to(rights text[]) RETURNS jsonb
LANGUAGE sql
AS $$
	SELECT jsonb_build_object('omitted', d #> '{$meta,omitted}', 'created', d #> '{audit,created}', 'name', d -> 'name') FROM (
		SELECT (helper.probe('SELECT api.apitoken_disable(''TKN-1671-0642'')', concat_ws('; ', 'GRANT USAGE ON SCHEMA apitoken TO apitoken_access_bare',
			(SELECT string_agg('GRANT ' || replace(r, ' on ', ' ON apitoken.') || ' TO apitoken_access_bare', '; ') FROM unnest(rights) r)), 'apitoken_access_bare')).result::jsonb AS d) p
$$;
SELECT is(helper.shown_to('{SELECT on api_tokens,UPDATE on api_tokens}'), '{"omitted": ["account", "audit.created.by", "audit.updated.by", "lastAccessAt", "modules"],
	"name": "Nightly export", "created": {"at": "2025-02-21T18:02:53.773Z"}}', 'what it could not read by hand is left out, and named');
SELECT is(helper.shown_to(rights) -> 'omitted', '[]', 'and nothing is, if it could read all') FROM helper.asked WHERE call = 'get';

/*
 * Claims that are no JSON are an error of whoever set them, and open nothing.
 */
SELECT is((helper.probe('SELECT api.apitoken_get(''TKN-1671-0642'')', 'SELECT set_config(''request.jwt.claims'', ''{"sub"'', true)', 'apitoken_access_bare',
	'apitoken_access_authenticator')).code, 'PT400', 'claims that are no JSON');
SELECT is((helper.probe('SELECT api.apitoken_get(''TKN-1671-0642'')', 'SELECT set_config(''request.jwt.claims'', ''{"sub": 1e400000}'', true)', 'apitoken_access_bare',
	'apitoken_access_authenticator')).code, 'PT400', 'nor claims that jsonb cannot hold');

/*
 * Nothing is granted to PUBLIC, and the functions are all the caller's role needs.
 */
SELECT is((SELECT array_agg(p.oid::regprocedure::text) FROM pg_proc p, aclexplode(COALESCE(p.proacl, acldefault('f', p.proowner))) a
	WHERE a.grantee = 0 AND p.pronamespace IN ('api'::regnamespace, 'apitoken'::regnamespace)), NULL, 'PUBLIC has EXECUTE on no function');
SELECT is((SELECT array_agg(c.oid::regclass::text) FROM pg_class c, aclexplode(c.relacl) a WHERE a.grantee = 0 AND c.relnamespace = 'apitoken'::regnamespace), NULL,
	'and no right to a table or sequence');
SELECT is((SELECT array_agg(t.oid::regtype::text) FROM pg_type t, aclexplode(COALESCE(t.typacl, acldefault('T', t.typowner))) a
	WHERE a.grantee = 0 AND t.typnamespace = 'apitoken'::regnamespace AND t.typtype = 'd'), NULL, 'nor to a type');
SELECT is((SELECT array_agg(a.privilege_type) FROM pg_namespace n, aclexplode(n.nspacl) a WHERE a.grantee = 0 AND n.nspname = 'apitoken'), NULL,
	'nor to the schema of the tables');
SELECT is((SELECT array_agg(c.oid::regclass::text) FROM pg_class c WHERE c.relnamespace = 'apitoken'::regnamespace AND c.relkind = 'r'
	AND (has_table_privilege('apitoken_access_bare', c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
		OR has_any_column_privilege('apitoken_access_bare', c.oid, 'SELECT, INSERT, UPDATE, REFERENCES'))), NULL, 'the role that made all these calls has no right to any table');
SELECT is((helper.probe('SELECT count(*) FROM apitoken.api_tokens', helper.as_token('TKN-0001-0001'), 'apitoken_access_bare')).code, '42501', 'not even when Operations acts');

-- The role is the caller's own again after a call, and after one that failed.
CREATE TABLE helper.roles (moment text, role text);
GRANT USAGE ON SCHEMA helper TO apitoken_access_trusted;
GRANT INSERT ON helper.roles TO apitoken_access_trusted;
SET LOCAL ROLE apitoken_access_trusted;
INSERT INTO helper.roles SELECT 'after a call', current_user FROM api.apitoken_disable('TKN-1671-0642');
DO $$ BEGIN PERFORM api.apitoken_disable('TKN-1671-0642'); EXCEPTION WHEN SQLSTATE 'PT400' THEN INSERT INTO helper.roles VALUES ('after an error', current_user); END $$;
DO $$ BEGIN PERFORM api.apitoken_authenticate('wrong'); EXCEPTION WHEN SQLSTATE 'PT401' THEN INSERT INTO helper.roles VALUES ('after another', current_user); END $$;
SELECT current_setting('search_path') AS search_path \gset
RESET ROLE;
SELECT is((SELECT jsonb_object_agg(moment, role) FROM helper.roles), '{"after a call": "apitoken_access_trusted", "after an error": "apitoken_access_trusted",
	"after another": "apitoken_access_trusted"}', 'the caller is himself again afterwards');
SELECT is(:'search_path'::text, current_setting('search_path'), 'and has his own search path');

SELECT * FROM finish();
ROLLBACK;
