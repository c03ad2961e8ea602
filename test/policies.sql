/*
 * Row security, for roles that were granted tables directly: they see what the
 * actor of their transaction may administer, and write of that what gives
 * nobody a right.
 */
\ir fixtures/life.psql

BEGIN;
SELECT plan(257);

CREATE ROLE apitoken_policies_reader;
CREATE ROLE apitoken_policies_writer;
CREATE ROLE apitoken_policies_trusted;
CREATE ROLE apitoken_policies_half;
CREATE ROLE apitoken_policies_authenticator NOINHERIT;
GRANT USAGE ON SCHEMA apitoken TO apitoken_policies_reader, apitoken_policies_writer, apitoken_policies_trusted, apitoken_policies_half;
GRANT SELECT ON ALL TABLES IN SCHEMA apitoken TO apitoken_policies_reader, apitoken_policies_writer, apitoken_policies_trusted, apitoken_policies_half;
GRANT EXECUTE ON FUNCTION apitoken.sees_every_account(), apitoken.visible_accounts()
	TO apitoken_policies_reader, apitoken_policies_writer, apitoken_policies_trusted;
GRANT UPDATE ON apitoken.api_tokens TO apitoken_policies_trusted;
GRANT apitoken_policies_reader TO apitoken_policies_authenticator;
-- may write everything, but UPDATE only columns of the tokens: it is no trusted role
GRANT INSERT, DELETE ON ALL TABLES IN SCHEMA apitoken TO apitoken_policies_writer;
GRANT UPDATE (name, status) ON apitoken.api_tokens TO apitoken_policies_writer;
GRANT UPDATE ON apitoken.buyers, apitoken.user_groups, apitoken.accounts, apitoken.users TO apitoken_policies_writer;

SELECT api.apitoken_rotate('TKN-2001-1001') \g /dev/null
SET LOCAL apitoken.jwt_authenticator = 'apitoken_policies_authenticator';
SET LOCAL apitoken.jwt_actor_claim = 'sub';

/*
 * What is seen: whole rows, compared with those that a superuser finds by hand.
 */
CREATE TABLE helper.visible (relation text, own text);
INSERT INTO helper.visible VALUES
	('accounts', 'id = ANY ($1)'),
	('users', 'id IN (SELECT user_id FROM apitoken.user_accounts WHERE account_id = ANY ($1))'),
	-- reference data
	('modules', 'true'),
	('sellers', 'true'),
	-- for nobody
	('actors', 'false'),
	('api_token_credentials', 'false'),
	('api_token_secrets', 'false'),
	('api_token_foreign_secrets', 'false'),
	('revoked_digests', 'false'),
	('erasures', 'false'),
	('trail_prunings', 'false');
INSERT INTO helper.visible
	SELECT relname, 'account_id = ANY ($1)' FROM pg_class
		WHERE relnamespace = 'apitoken'::regnamespace AND relkind IN ('r', 'p') AND relname NOT IN (SELECT relation FROM helper.visible);
SELECT is((SELECT array_agg(relname::text ORDER BY relname) FROM pg_class WHERE relnamespace = 'apitoken'::regnamespace AND relkind = 'r' AND NOT relrowsecurity),
	NULL, 'every table has row security');

CREATE FUNCTION helper.rows(relation text, condition text, accounts text[]) RETURNS jsonb
LANGUAGE plpgsql
AS $$
DECLARE
	found jsonb;
BEGIN
	EXECUTE format('SELECT jsonb_agg(to_jsonb(t) ORDER BY to_jsonb(t)::text COLLATE "C") FROM apitoken.%I t WHERE %s', relation, condition)
		INTO found USING accounts;
	RETURN COALESCE(found, '[]');
END
$$;
CREATE TABLE helper.viewers (number integer GENERATED ALWAYS AS IDENTITY, name text, session text, role text, setup text, accounts text[]);
INSERT INTO helper.viewers (name, session, role, setup, accounts) VALUES
	('nobody', NULL, 'apitoken_policies_reader', NULL, '{}'),
	('Contoso''s token', NULL, 'apitoken_policies_reader', helper.as_token('TKN-3001-1002'), '{ACC-3001-7788}'),
	('Contoso''s token without the module', NULL, 'apitoken_policies_reader', helper.as_token('TKN-3001-1003'), '{}'),
	('a token that was Disabled', NULL, 'apitoken_policies_reader', helper.as_token('TKN-3001-1002')
		|| '; UPDATE apitoken.api_tokens SET status = ''Disabled'' WHERE id = ''TKN-3001-1002''', '{}'),
	('Fabrikam''s user', 'apitoken_policies_authenticator', 'apitoken_policies_reader', helper.as_user('USR-3002-0001'), '{ACC-3002-9900}'),
	('claims that are not believed', NULL, 'apitoken_policies_reader', helper.as_user('USR-0001-0001'), '{}'),
	-- NULL: every account
	('Operations', NULL, 'apitoken_policies_reader', helper.as_token('TKN-0001-0001'), NULL),
	('a trusted role', NULL, 'apitoken_policies_trusted', NULL, NULL),
	('a trusted role, Fabrikam''s token acts', NULL, 'apitoken_policies_trusted', helper.as_token('TKN-3002-1001'), '{ACC-3002-9900}');
SELECT is(p.result::jsonb,
		helper.rows(v.relation, CASE WHEN viewer.accounts IS NULL AND v.own <> 'false' THEN 'true' ELSE v.own END, viewer.accounts),
		format('%s: %s', viewer.name, v.relation))
	FROM helper.viewers viewer, helper.visible v,
		helper.probe(format('SELECT COALESCE(jsonb_agg(to_jsonb(t) ORDER BY to_jsonb(t)::text COLLATE "C"), ''[]'') FROM apitoken.%I t', v.relation),
			viewer.setup, viewer.role, viewer.session) p
	ORDER BY viewer.number, v.relation;
SELECT is((SELECT count(*) FROM helper.visible v WHERE helper.rows(v.relation, 'true', NULL) <> '[]'), 18::bigint, '(no table is empty)');
SELECT is((SELECT array_agg(v.relation) FROM helper.visible v WHERE v.own LIKE '%$1%' AND helper.rows(v.relation, v.own, '{ACC-3001-7788}') IN ('[]', helper.rows(v.relation, 'true', NULL))),
	'{buyer_errors}', '(nor is one Contoso''s alone, but for buyers'' errors)');

-- what the policies ask
SELECT is(p.result, asked.answer, 'asked for: ' || asked.name)
	FROM (VALUES (1, 'nobody', 'false {}'), (2, 'Contoso''s token', 'false {ACC-3001-7788}'), (3, 'a token that was Disabled', 'false {}'), (4, 'Operations', 'true {ACC-0001-0001}'),
			(5, 'a trusted role', 'true {}')) asked (number, name, answer)
	JOIN helper.viewers viewer ON viewer.name = asked.name,
	helper.probe('SELECT apitoken.sees_every_account() || '' '' || apitoken.visible_accounts()::text', viewer.setup, viewer.role, viewer.session) p
	ORDER BY asked.number;

SELECT is((helper.probe('SELECT count(*) FROM apitoken.api_tokens', helper.as_token('TKN-3001-1002'), 'apitoken_policies_half')).code, '42501',
	'without the right to ask, nothing is seen at all');
SELECT is((helper.probe('SELECT count(*) FROM apitoken.api_tokens', helper.as_token('TKN-3001-1002') || '; SET LOCAL row_security = off', 'apitoken_policies_reader')).code, '42501',
	'it cannot be switched off by him whom it is for');
SELECT is((helper.probe($$ SELECT count(*) FROM apitoken.api_tokens t JOIN apitoken.accounts a ON a.id = t.account_id WHERE a.name = 'Fabrikam' $$,
	helper.as_token('TKN-3001-1002'), 'apitoken_policies_reader')).result, '0', 'a join with a foreign account finds nothing');
CREATE FUNCTION pg_temp.look(text) RETURNS boolean
LANGUAGE plpgsql COST 0.0001
AS $$
BEGIN
	IF $1 <> 'ACC-3001-7788' THEN
		RAISE EXCEPTION 'seen: %', $1;
	END IF;
	RETURN true;
END
$$;
SELECT is((helper.probe('SELECT count(*) FROM apitoken.api_tokens WHERE pg_temp.look(account_id)', helper.as_token('TKN-3001-1002'), 'apitoken_policies_reader')).code, 'ok',
	'a condition of his own does not see them either, however cheap it is');

/*
 * What is written.
 */
CREATE FUNCTION helper.written(statement text, setup text, role text) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
	rows integer;
	outcome text;
BEGIN
	BEGIN
		IF setup IS NOT NULL THEN
			EXECUTE setup;
		END IF;
		EXECUTE format('SET LOCAL ROLE %I', role);
		EXECUTE statement;
		GET DIAGNOSTICS rows = ROW_COUNT;
		RAISE EXCEPTION USING ERRCODE = 'Y0000';
	EXCEPTION
		WHEN SQLSTATE 'Y0000' THEN outcome := rows || ' rows';
		WHEN OTHERS THEN outcome := SQLSTATE;
	END;
	RETURN outcome;
END
$$;
SELECT is(ARRAY[helper.written(w.statement, NULL, 'apitoken_policies_writer'), helper.written(w.statement, helper.as_token('TKN-3001-1002'), 'apitoken_policies_writer'),
		helper.written(w.statement, helper.as_token('TKN-0001-0001'), 'apitoken_policies_writer')], w.outcomes, w.statement)
	-- what comes of it: nobody acts, Contoso does, Operations does
	FROM (VALUES
		(1, $$ UPDATE apitoken.buyers SET name = 'New' WHERE id = 'BUY-3001-0001' $$, '{0 rows,1 rows,1 rows}'::text[]),
		(2, $$ UPDATE apitoken.buyers SET name = 'New' WHERE id = 'BUY-3002-0001' $$, '{0 rows,0 rows,1 rows}'),
		(3, $$ UPDATE apitoken.buyers SET name = 'New' $$, '{0 rows,2 rows,3 rows}'),
		(4, $$ UPDATE apitoken.accounts SET name = 'New' $$, '{0 rows,1 rows,6 rows}'),
		(5, $$ UPDATE apitoken.api_tokens SET name = 'New' WHERE account_id = 'ACC-3001-7788' $$, '{0 rows,5 rows,5 rows}'),
		(6, $$ UPDATE apitoken.api_tokens SET name = 'New' WHERE account_id = 'ACC-3002-9900' $$, '{0 rows,0 rows,1 rows}'),
		(7, $$ UPDATE apitoken.api_tokens SET status = 'Disabled' WHERE id = 'TKN-3002-1001' $$, '{0 rows,0 rows,1 rows}'),
		(8, $$ DELETE FROM apitoken.user_group_modules WHERE account_id = 'ACC-3002-9900' $$, '{0 rows,0 rows,0 rows}'),
		(9, $$ DELETE FROM apitoken.user_group_users WHERE user_group_id = 'UGR-3001-0002' $$, '{0 rows,0 rows,0 rows}'),
		(10, $$ DELETE FROM apitoken.api_token_modules $$, '{0 rows,0 rows,0 rows}'),
		(11, $$ INSERT INTO apitoken.buyers (account_id, id, name) VALUES ('ACC-3001-7788', 'BUY-9', 'New') $$, '{42501,1 rows,1 rows}'),
		(12, $$ INSERT INTO apitoken.buyers (account_id, id, name) VALUES ('ACC-3002-9900', 'BUY-9', 'New') $$, '{42501,42501,1 rows}'),
		(13, $$ INSERT INTO apitoken.api_tokens (account_id, id, name) VALUES ('ACC-3001-7788', 'TKN-9', 'New') $$, '{42501,42501,42501}'),
		(14, $$ INSERT INTO apitoken.api_tokens (account_id, id, name) VALUES ('ACC-3002-9900', 'TKN-9', 'New') $$, '{42501,42501,42501}'),
		(15, $$ INSERT INTO apitoken.api_token_modules VALUES ('ACC-3002-9900', 'TKN-3002-1001', 'MOD-0003') $$, '{42501,42501,42501}'),
		(16, $$ INSERT INTO apitoken.user_group_users VALUES ('ACC-3002-9900', 'UGR-3002-0001', 'USR-3002-0002') ON CONFLICT DO NOTHING $$, '{42501,42501,42501}'),
		(17, $$ INSERT INTO apitoken.api_token_transitions (account_id, api_token_id, to_status, database_role) VALUES ('ACC-3002-9900', 'TKN-3002-1001', 'Active', 'x') $$, '{42501,42501,42501}'),
		(18, $$ INSERT INTO apitoken.api_token_credentials VALUES ('ACC-3001-7788', 'TKN-9', sha256('')) $$, '{42501,42501,42501}'),
		(19, $$ DELETE FROM apitoken.api_token_credentials $$, '{0 rows,0 rows,0 rows}'),
		(20, $$ INSERT INTO apitoken.actors VALUES ('user', 'nobody') $$, '{42501,42501,42501}'),
		(21, $$ DELETE FROM apitoken.actors $$, '{0 rows,0 rows,0 rows}'),
		(22, $$ UPDATE apitoken.buyers SET account_id = 'ACC-3002-9900' WHERE id = 'BUY-3001-0002' $$, '{0 rows,23001,23001}'),
		(23, $$ UPDATE apitoken.api_tokens SET icon = 'x' $$, '{42501,42501,42501}'),
		(24, $$ DELETE FROM apitoken.buyers WHERE id = 'BUY-3001-0002' $$, '{0 rows,1 rows,1 rows}'),
		(25, $$ DELETE FROM apitoken.buyers WHERE id = 'BUY-3002-0001' $$, '{0 rows,0 rows,1 rows}'),
		(26, $$ INSERT INTO apitoken.user_accounts VALUES ('ACC-3001-7788', 'USR-3002-0001') $$, '{42501,42501,42501}'),
		(27, $$ UPDATE apitoken.users SET status = 'Active' $$, '{0 rows,0 rows,0 rows}'),
		(28, $$ INSERT INTO apitoken.accounts (id, type, name) VALUES ('ACC-9', 'Operations', 'New') $$, '{42501,42501,42501}'),
		(29, $$ DELETE FROM apitoken.modules WHERE id = 'MOD-0005' $$, '{0 rows,0 rows,0 rows}'),
		-- whose name is in an audit is shown with it: of another account's user for Operations alone
		(30, $$ UPDATE apitoken.accounts SET created_by_type = 'user', created_by_id = 'USR-3002-0001' WHERE id = 'ACC-3001-7788' $$, '{0 rows,42501,42501}'),
		(31, $$ UPDATE apitoken.accounts SET name = name, created_by_id = created_by_id WHERE id = 'ACC-3001-7788' $$, '{0 rows,1 rows,1 rows}'),
		(32, $$ UPDATE apitoken.accounts SET updated_by_type = 'token', updated_by_id = 'TKN-3001-1002', updated_at = now() WHERE id = 'ACC-3001-7788' $$, '{0 rows,1 rows,42501}'),
		(33, $$ UPDATE apitoken.accounts SET created_at = '1990-01-01' WHERE id = 'ACC-3001-7788' $$, '{0 rows,42501,42501}'),
		(34, $$ UPDATE apitoken.accounts SET created_by_type = 'token', created_by_id = 'TKN-3001-1002' WHERE id = 'ACC-3001-7788' $$, '{0 rows,42501,42501}'),
		(35, $$ UPDATE apitoken.accounts SET held_at = now() WHERE id = 'ACC-3001-7788' $$, '{0 rows,42501,42501}'),
		(36, $$ INSERT INTO apitoken.buyers (account_id, id, name, created_by_type, created_by_id) VALUES ('ACC-3001-7788', 'BUY-9', 'New', 'user', 'USR-3002-0001') $$, '{42501,42501,42501}'),
		(37, $$ INSERT INTO apitoken.buyers (account_id, id, name, created_by_type, created_by_id) VALUES ('ACC-3001-7788', 'BUY-9', 'New', 'token', 'TKN-3001-1002') $$, '{42501,1 rows,42501}'),
		(38, $$ INSERT INTO apitoken.buyers (account_id, id, name, updated_at, updated_by_type, updated_by_id) VALUES ('ACC-3001-7788', 'BUY-9', 'New', now(), 'user', 'USR-3001-0001') $$, '{42501,42501,42501}')
	) w (number, statement, outcomes)
	ORDER BY w.number;
-- A trusted role writes the tokens of all.
SELECT is(helper.written($$ UPDATE apitoken.api_tokens SET name = 'New' $$, NULL, 'apitoken_policies_trusted'), '11 rows', 'a trusted role writes every token');
SELECT is(helper.written($$ UPDATE apitoken.api_tokens SET name = 'New' $$, helper.as_token('TKN-3002-1001'), 'apitoken_policies_trusted'), '1 rows', 'unless somebody acts: his');

-- But not what it was not there for: who made them, when, and what is held.
SELECT is((helper.probe(format('UPDATE apitoken.%s SET %s WHERE id = %L', relation, change, id), 'GRANT UPDATE ON apitoken.accounts, apitoken.buyers TO apitoken_policies_trusted;
		UPDATE apitoken.api_tokens SET status = ''Disabled'', held_at = now() WHERE id = ''TKN-3001-1002''; UPDATE apitoken.accounts SET held_at = now() WHERE id = ''ACC-3001-7788''',
		'apitoken_policies_trusted')).message, wanted, format('a trusted role by hand: %s of %s', change, relation))
	FROM (VALUES
		('api_tokens', 'TKN-3001-1002', 'created_by_type = ''user'', created_by_id = ''USR-0001-0001''', 'column "created_by_id" of relation "api_tokens" is not changed by hand'),
		('api_tokens', 'TKN-3001-1002', 'created_at = ''1990-01-01''', 'column "created_at" of relation "api_tokens" is not changed by hand'),
		('api_tokens', 'TKN-3001-1002', 'updated_at = ''1999-01-01'', updated_by_type = ''user'', updated_by_id = ''USR-0001-0001''', 'column "updated_by_id" of relation "api_tokens" is not changed by hand'),
		('api_tokens', 'TKN-3001-1002', 'status = ''Active'', held_at = NULL', 'column "held_at" of relation "api_tokens" is not changed by hand'),
		('accounts', 'ACC-3001-7788', 'held_at = NULL', 'column "held_at" of relation "accounts" is not changed by hand'),
		('buyers', 'BUY-3001-0001', 'updated_at = ''1999-01-01'', updated_by_type = ''user'', updated_by_id = ''USR-0001-0001''', 'column "updated_by_id" of relation "buyers" is not changed by hand')
	) c (relation, id, change, wanted);
SELECT is(helper.outcome($$ UPDATE apitoken.api_tokens SET created_by_type = 'user', created_by_id = 'USR-0001-0001', created_at = '1990-01-01', held_at = NULL WHERE id = 'TKN-3001-1002' $$), 'ok',
	'the owner may');

SELECT * FROM finish();
ROLLBACK;
