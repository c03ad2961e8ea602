/*
 * Who acts, as an application asks for its own tables: apitoken_actor and its
 * like, alone and in policies.  What other sessions do meanwhile, and what a
 * forger tries, is in actor/run.
 */
\ir fixtures/life.psql

BEGIN;
SELECT plan(74);

CREATE ROLE apitoken_acting_app;
CREATE ROLE apitoken_acting_outside;
CREATE ROLE apitoken_acting_authenticator NOINHERIT;
GRANT USAGE ON SCHEMA api TO apitoken_acting_app, apitoken_acting_outside;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO apitoken_acting_app;
GRANT apitoken_acting_app TO apitoken_acting_authenticator;
SELECT api.apitoken_version() \g /dev/null
SET LOCAL apitoken.jwt_authenticator = 'apitoken_acting_authenticator';
SET LOCAL apitoken.jwt_actor_claim = 'sub';

-- what a statement answers an application in whose transaction somebody acts
CREATE FUNCTION helper.asked(statement text, setup text DEFAULT NULL, session text DEFAULT NULL) RETURNS text
LANGUAGE sql
AS $$
	SELECT COALESCE(result, NULLIF(code, 'ok')) FROM helper.probe(statement, setup, 'apitoken_acting_app', session)
$$;
CREATE FUNCTION helper.asked_as_user(statement text, user_id text, setup text DEFAULT 'SELECT') RETURNS text
LANGUAGE sql
AS $$
	SELECT helper.asked(statement, helper.as_user(user_id) || '; ' || setup, 'apitoken_acting_authenticator')
$$;
-- a JWT that names an account, too
CREATE FUNCTION helper.claims(user_id text, account jsonb) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
	SELECT format('SET LOCAL apitoken.jwt_account_claim = ''tenant''; SELECT set_config(''request.jwt.claims'', %L, true)',
		jsonb_build_object('role', 'web', 'sub', user_id, 'tenant', account)::text)
$$;

/*
 * Tokens
 */
SELECT is(helper.asked('SELECT api.apitoken_actor()', helper.as_token('TKN-3001-1002'))::jsonb,
	'{"type": "token", "id": "TKN-3001-1002", "account": {"id": "ACC-3001-7788"}, "modules": [{"id": "MOD-0001", "code": "access-management"}]}',
	'a token that acts');
SELECT is(helper.asked('SELECT api.apitoken_actor()', helper.as_token('TKN-1671-0642'))::jsonb -> 'modules',
	'[{"id": "MOD-0003", "code": "orders"}, {"id": "MOD-0004", "code": "billing"}]', 'with its modules in the order of their ids');
SELECT is((helper.asked('SELECT api.apitoken_actor()', helper.as_token('TKN-1671-0642'))::jsonb) - 'type',
	helper.asked(helper.as_token('TKN-1671-0642'))::jsonb, 'it is what apitoken_authenticate answers, and the type');
SELECT is(helper.asked('SELECT api.apitoken_actor_account()', helper.as_token('TKN-3002-1001')), 'ACC-3002-9900', 'its account');
SELECT is(helper.asked(format('SELECT api.apitoken_actor_holds(%s)', h.code), helper.as_token('TKN-1671-0642')), h.holds, 'does it hold ' || h.code)
	FROM (VALUES ('''orders''', 'true'), ('''billing''', 'true'), ('''access-management''', 'false'), ('''no such code''', 'false'), ('''''', 'false'), ('NULL', 'false')) h (code, holds);
SELECT is(helper.asked('SELECT api.apitoken_require()', helper.as_token('TKN-1671-0642')), 'ACC-3001-7788', 'required: somebody');
SELECT is(helper.asked('SELECT api.apitoken_require(''orders'')', helper.as_token('TKN-1671-0642')), 'ACC-3001-7788', 'somebody with the module');
SELECT is(helper.asked('SELECT api.apitoken_require(''insights'')', helper.as_token('TKN-1671-0642')), 'PT403', 'a module that it does not hold');

-- disabled since, by this transaction itself
SELECT is(helper.asked(q.question, helper.as_token('TKN-1671-0642') || '; UPDATE apitoken.api_tokens SET status = ''' || s.status || ''' WHERE id = ''TKN-1671-0642'''), q.answer,
		format('%s since: %s', s.status, q.question))
	FROM (VALUES ('Disabled'), ('Deleted')) s (status),
		(VALUES ('SELECT api.apitoken_actor()', NULL), ('SELECT api.apitoken_actor_account()', NULL), ('SELECT api.apitoken_actor_holds(''orders'')', 'false'),
			('SELECT api.apitoken_require()', 'PT401')) q (question, answer);
SELECT is(helper.asked('SELECT api.apitoken_actor_holds(''orders'')', helper.as_token('TKN-1671-0642') || '; DELETE FROM apitoken.api_token_modules WHERE module_id = ''MOD-0003'''),
	'false', 'a module that was taken away since');

/*
 * Nobody
 */
SELECT is(helper.asked('SELECT api.apitoken_actor()'), NULL, 'nobody acts');
SELECT is(helper.asked('SELECT api.apitoken_actor_account()'), NULL, 'for no account');
SELECT is(helper.asked('SELECT api.apitoken_actor_holds(''orders'')'), 'false', 'and holds nothing');
SELECT is(helper.asked('SELECT api.apitoken_require()'), 'PT401', 'required');
SELECT is((helper.probe('SELECT api.apitoken_actor()')).result, NULL, 'nor is a superuser by himself anybody');
SELECT is((helper.probe('SELECT api.apitoken_require()')).code, 'PT401', 'required, too');
SELECT is((helper.probe(format('SELECT api.%s', f), helper.as_token('TKN-1671-0642'), 'apitoken_acting_outside')).code, '42501', 'without EXECUTE: ' || f)
	FROM unnest('{apitoken_actor(),apitoken_actor_account(),apitoken_actor_holds(NULL),apitoken_require()}'::text[]) f;

/*
 * Users
 */
SELECT is(helper.asked_as_user('SELECT api.apitoken_actor()', 'USR-3001-0002')::jsonb,
	'{"type": "user", "id": "USR-3001-0002", "account": {"id": "ACC-3001-7788"}, "modules": [{"id": "MOD-0003", "code": "orders"}, {"id": "MOD-0004", "code": "billing"}]}',
	'a user of one account acts for it, with the modules of his groups');
SELECT is(helper.asked_as_user('SELECT api.apitoken_actor_holds(''orders'')', 'USR-3001-0002'), 'true', 'he holds one');
SELECT is(helper.asked_as_user('SELECT api.apitoken_actor_holds(''access-management'')', 'USR-3001-0002'), 'false', 'and not another');
SELECT is(helper.asked_as_user('SELECT api.apitoken_actor_account()', 'USR-3001-0003'), NULL, 'a Blocked one is nobody');
SELECT is(helper.asked_as_user('SELECT api.apitoken_actor()', 'USR-9999-9999'), NULL, 'nor is an unknown one anybody');
SELECT is(helper.asked_as_user('SELECT api.apitoken_actor_account()', 'USR-3001-0002', 'UPDATE apitoken.users SET status = ''Disabled'' WHERE id = ''USR-3001-0002'''), NULL,
	'nor one who was disabled since');
SELECT is(helper.asked('SELECT api.apitoken_actor()', helper.as_user('USR-3001-0002')), NULL, 'claims that are not believed make nobody');
SELECT is(helper.asked_as_user('SELECT api.apitoken_actor() ->> ''id''', 'USR-0001-0001', helper.as_token('TKN-1671-0642')), 'TKN-1671-0642', 'a token that has authenticated goes before');
SELECT is(helper.asked_as_user('SELECT api.apitoken_actor()', 'USR-3001-0002', 'DELETE FROM apitoken.user_group_users WHERE user_id = ''USR-3001-0002''')::jsonb,
	'{"type": "user", "id": "USR-3001-0002", "modules": []}', 'a user who is in no group acts for no account');

-- of two accounts, Contoso (billing) and Fabrikam (access-management, orders)
SELECT is(helper.asked_as_user('SELECT api.apitoken_actor()', 'USR-3002-0002')::jsonb, '{"type": "user", "id": "USR-3002-0002", "modules": []}', 'until he has chosen, no account');
SELECT is(helper.asked_as_user('SELECT api.apitoken_actor_account()', 'USR-3002-0002'), NULL, 'which is null');
SELECT is(helper.asked_as_user('SELECT api.apitoken_actor_holds(''orders'')', 'USR-3002-0002'), 'false', 'and no module');
SELECT is(helper.asked_as_user('SELECT api.apitoken_require()', 'USR-3002-0002'), 'PT403', 'required: he is known, and not nobody');
SELECT is(helper.asked_as_user('SELECT api.apitoken_actor_account() || '' '' || api.apitoken_actor_holds(''orders'') || '' '' || api.apitoken_actor_holds(''billing'')', 'USR-3002-0002',
		format('SET LOCAL apitoken.account = %L', c.account)), c.answer, 'chosen by the setting: ' || c.account)
	FROM (VALUES ('ACC-3002-9900', 'ACC-3002-9900 true false'), ('ACC-3001-7788', 'ACC-3001-7788 false true'), ('ACC-0001-0001', NULL), ('no such account', NULL)) c (account, answer);
SELECT is(helper.asked_as_user('SELECT api.apitoken_actor_account()', 'USR-3001-0002', 'SET LOCAL apitoken.account = ''ACC-3002-9900'''), NULL,
	'one that is not his is not his, though he has but one');
SELECT is(helper.asked('SELECT api.apitoken_actor_account()', helper.as_token('TKN-1671-0642') || '; SET LOCAL apitoken.account = ''ACC-3002-9900'''), 'ACC-3001-7788', 'a token has nothing to choose');
SELECT is(helper.asked('SELECT api.apitoken_actor_account()', helper.claims('USR-3002-0002', c.claim) || '; SET LOCAL apitoken.account = ' || quote_literal(c.setting), 'apitoken_acting_authenticator'),
		c.answer, format('the JWT says %s, the setting %s', c.claim, c.setting))
	FROM (VALUES ('"ACC-3001-7788"'::jsonb, '', 'ACC-3001-7788'), ('"ACC-3001-7788"', 'ACC-3002-9900', 'ACC-3001-7788'), ('"ACC-0001-0001"', 'ACC-3002-9900', NULL),
		('null', 'ACC-3002-9900', 'ACC-3002-9900'), ('1', '', NULL)) c (claim, setting, answer);

/*
 * The calls act for the same account.
 */
-- one may administer both accounts, the other every account as well, but in Operations alone
INSERT INTO apitoken.user_accounts (account_id, user_id) VALUES ('ACC-3002-9900', 'USR-0001-0001');
INSERT INTO apitoken.user_group_users VALUES ('ACC-3001-7788', 'UGR-3001-0001', 'USR-3002-0002'), ('ACC-3002-9900', 'UGR-3002-0001', 'USR-0001-0001');
CREATE FUNCTION helper.called(statement text, user_id text, claim jsonb, account text) RETURNS text
LANGUAGE sql
AS $$
	SELECT helper.asked(statement, format('%s; SET LOCAL apitoken.account = %L', helper.claims(user_id, claim), account), 'apitoken_acting_authenticator')
$$;
CREATE TABLE helper.calls (number integer GENERATED ALWAYS AS IDENTITY, call text, statement text);
INSERT INTO helper.calls (call, statement) VALUES
	('list', $$ SELECT string_agg(DISTINCT left(d #>> '{account,id}', 8), ' ') FROM jsonb_array_elements(api.apitoken_list('limit=1000') -> 'data') d $$),
	('get', $$ SELECT api.apitoken_get('TKN-1671-0642') ->> 'status' $$),
	('disable', $$ SELECT api.apitoken_disable('TKN-1671-0642') ->> 'status' $$),
	('update', $$ SELECT api.apitoken_update('TKN-1671-0642', '{"name": "New"}') ->> 'name' $$),
	('create', $$ SELECT api.apitoken_create('{"account": {"id": "ACC-3001-7788"}, "name": "New"}') ->> 'name' $$),
	('disable_all', $$ SELECT left(api.apitoken_disable_all('ACC-3001-7788')::text, 0) || 'done' $$),
	('guard', $$ SELECT 'done' FROM (SELECT api.apitoken_guard('billing')) g $$);
SELECT is(array(SELECT c.call || ': ' || helper.called(c.statement, b.user_id, b.claim, b.account) FROM helper.calls c ORDER BY c.number), b.answers,
		format('%s calls, the JWT says %s, the setting %L', b.user_id, b.claim, b.account))
	FROM (VALUES
		(1, 'USR-3002-0002', '"ACC-3001-7788"'::jsonb, '', '{list: ACC-3001,get: Active,disable: Disabled,update: New,create: New,disable_all: done,guard: done}'::text[]),
		(2, 'USR-3002-0002', '"ACC-3002-9900"', '', '{list: ACC-3002,get: PT404,disable: PT404,update: PT404,create: PT404,disable_all: PT404,guard: PT403}'),
		(3, 'USR-3002-0002', '"ACC-3002-9900"', 'ACC-3001-7788', '{list: ACC-3002,get: PT404,disable: PT404,update: PT404,create: PT404,disable_all: PT404,guard: PT403}'),
		(4, 'USR-3002-0002', '"ACC-0001-0001"', 'ACC-3001-7788', '{list: PT403,get: PT403,disable: PT403,update: PT403,create: PT403,disable_all: PT403,guard: PT403}'),
		(5, 'USR-3002-0002', 'null', 'ACC-3002-9900', '{list: ACC-3002,get: PT404,disable: PT404,update: PT404,create: PT404,disable_all: PT404,guard: PT403}'),
		(6, 'USR-3002-0002', 'null', '', '{list: ACC-3001 ACC-3002,get: Active,disable: Disabled,update: New,create: New,disable_all: done,guard: done}'),
		(7, 'USR-0001-0001', '"ACC-3002-9900"', '', '{list: ACC-3002,get: PT404,disable: PT404,update: PT404,create: PT404,disable_all: PT404,guard: PT403}'),
		(8, 'USR-0001-0001', '"ACC-0001-0001"', '', '{list: ACC-0001 ACC-2001 ACC-3001 ACC-3002 ACC-3003,get: Active,disable: Disabled,update: New,create: New,disable_all: done,guard: done}')) b (number, user_id, claim, account, answers)
	ORDER BY b.number;

/*
 * In policies
 */
CREATE TABLE helper.orders (id integer PRIMARY KEY, account_id text NOT NULL, item text);
INSERT INTO helper.orders VALUES (1, 'ACC-3001-7788', 'bags'), (2, 'ACC-3001-7788', 'cups'), (3, 'ACC-3002-9900', 'toys');
ALTER TABLE helper.orders ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT ON helper.orders TO apitoken_acting_app;
GRANT USAGE ON SCHEMA helper TO apitoken_acting_app;
CREATE POLICY tenant ON helper.orders USING (account_id = (SELECT api.apitoken_actor_account()) AND (SELECT api.apitoken_actor_holds('orders')));
SELECT is(helper.asked('SELECT string_agg(item, '','' ORDER BY id) FROM helper.orders', helper.as_token(o.token)), o.items, 'a policy shows ' || o.token || ' what is its account''s')
	FROM (VALUES ('TKN-1671-0642', 'bags,cups'), ('TKN-3002-1001', NULL), ('TKN-2001-1001', NULL)) o (token, items);
SELECT is(helper.asked('INSERT INTO helper.orders VALUES (4, ''ACC-3002-9900'', ''x'') RETURNING id', helper.as_token('TKN-1671-0642')), '42501', 'and lets it write nothing else');
ALTER POLICY tenant ON helper.orders USING (account_id = (SELECT api.apitoken_require('orders')));
SELECT is(helper.asked('SELECT string_agg(item, '','' ORDER BY id) FROM helper.orders', helper.as_token('TKN-1671-0642')), 'bags,cups', 'with apitoken_require, the same');
SELECT is(helper.asked('SELECT string_agg(item, '','' ORDER BY id) FROM helper.orders', helper.as_token('TKN-3002-1001')), 'PT403', 'but no module is PT403');
SELECT is(helper.asked('SELECT string_agg(item, '','' ORDER BY id) FROM helper.orders'), 'PT401', 'and nobody PT401');

-- as a subquery it is asked once a statement, and an index finds the rows
INSERT INTO helper.orders SELECT n, 'ACC-3002-9900', 'toys' FROM generate_series(10, 2000) n;
CREATE INDEX orders_account_id_idx ON helper.orders (account_id);
ANALYZE helper.orders;
CREATE FUNCTION helper.times_asked() RETURNS bigint
LANGUAGE sql
AS $$
	SELECT COALESCE(sum(calls), 0)::bigint FROM pg_stat_xact_user_functions WHERE schemaname = 'api' AND funcname = 'apitoken_actor_account'
$$;
SET LOCAL track_functions = 'all';
ALTER POLICY tenant ON helper.orders USING (account_id = (SELECT api.apitoken_actor_account()));
SELECT is(helper.asked('SELECT string_agg(line, '' '') FROM helper.explain(''SELECT count(*) FROM helper.orders'') line WHERE line ~ ''Index Cond: \(account_id = ''', helper.as_token('TKN-1671-0642')) IS NULL,
	false, 'an index on the column is used');
SELECT helper.times_asked() AS before \gset
SELECT is(helper.asked('SELECT count(*) FROM helper.orders WHERE item <> ''pens''', helper.as_token('TKN-3002-1001')), '1992', '(many rows are looked at)');
SELECT is(helper.times_asked() - :before, 1::bigint, 'and who acts is asked once');

SELECT * FROM finish();
ROLLBACK;
