/*
 * The trail: one row for each change of a status, whoever made it and by
 * whatever means, and no way to change or remove one; other events are in
 * events.sql.  What is signalled is tested in notify/run: a notification comes with
 * a COMMIT.
 */
\ir fixtures/life.psql

BEGIN;
SELECT plan(67);

CREATE ROLE apitoken_trail_caller;
CREATE ROLE apitoken_trail_trusted;
CREATE ROLE apitoken_trail_wrapper;
CREATE ROLE apitoken_trail_authenticator NOINHERIT;
GRANT USAGE ON SCHEMA api TO apitoken_trail_caller, apitoken_trail_trusted, apitoken_trail_wrapper;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO apitoken_trail_caller, apitoken_trail_trusted, apitoken_trail_wrapper;
GRANT apitoken_trail_caller TO apitoken_trail_authenticator;
GRANT USAGE ON SCHEMA apitoken TO apitoken_trail_trusted;
GRANT SELECT, UPDATE ON apitoken.api_tokens TO apitoken_trail_trusted;
GRANT EXECUTE ON FUNCTION apitoken.sees_every_account(), apitoken.visible_accounts() TO apitoken_trail_trusted;
SELECT api.apitoken_version() \g /dev/null
SET LOCAL apitoken.jwt_authenticator = 'apitoken_trail_authenticator';
SET LOCAL apitoken.jwt_actor_claim = 'sub';

-- A trusted role's function, for whoever may execute it.
CREATE FUNCTION api.disable_for_all(id text) RETURNS jsonb
LANGUAGE sql SECURITY DEFINER
AS $$
	SELECT api.apitoken_disable(id)
$$;
ALTER FUNCTION api.disable_for_all(text) OWNER TO apitoken_trail_wrapper;
GRANT USAGE ON SCHEMA apitoken TO apitoken_trail_wrapper;
GRANT SELECT, UPDATE ON apitoken.api_tokens TO apitoken_trail_wrapper;

/*
 * Does something in somebody's name, says which rows the trail has gained, in
 * order, and undoes it.  A row is: token account from to actor role address; the
 * event stands for what is no change of the status.
 */
CREATE FUNCTION helper.trail(statement text, setup text DEFAULT NULL, role text DEFAULT NULL, session text DEFAULT NULL) RETURNS text[]
LANGUAGE plpgsql
AS $$
DECLARE
	began timestamptz := clock_timestamp();
	seen text[];
BEGIN
	BEGIN
		IF setup IS NOT NULL THEN
			EXECUTE setup;
		END IF;
		IF session IS NOT NULL THEN
			EXECUTE format('SET LOCAL SESSION AUTHORIZATION %I', session);
		END IF;
		IF role IS NOT NULL THEN
			EXECUTE format('SET LOCAL ROLE %I', role);
		END IF;
		EXECUTE statement;
		SET LOCAL SESSION AUTHORIZATION DEFAULT;
		seen := array(
			SELECT concat_ws(' ', api_token_id, account_id, COALESCE(from_status, '-'), COALESCE(to_status, event), COALESCE(actor_type || ':' || actor_id, '-'),
					database_role, COALESCE(client_address::text, '-'), CASE WHEN at NOT BETWEEN began AND clock_timestamp() THEN 'wrong time: ' || at END)
				FROM apitoken.api_token_transitions WHERE at >= began ORDER BY id);
		RAISE EXCEPTION USING ERRCODE = 'Y0000';
	EXCEPTION WHEN SQLSTATE 'Y0000' THEN
		RETURN seen;
	END;
END
$$;

/*
 * The functions.
 */
SELECT is(helper.trail(made.statement, made.setup, made.role, made.session), made.trail, made.description)
	FROM (VALUES
		(1, 'disable, by a superuser', 'SELECT api.apitoken_disable(''TKN-1671-0642'')', NULL, NULL, NULL,
			ARRAY['TKN-1671-0642 ACC-3001-7788 Active Disabled - postgres -']),
		(2, 'by a trusted role', 'SELECT api.apitoken_disable(''TKN-1671-0642'')', NULL, 'apitoken_trail_trusted', NULL,
			ARRAY['TKN-1671-0642 ACC-3001-7788 Active Disabled - apitoken_trail_trusted -']),
		(3, 'by a token: the role is the caller''s, not the owner''s', 'SELECT api.apitoken_disable(''TKN-1671-0642'')', helper.as_token('TKN-3001-1002'), 'apitoken_trail_caller', NULL,
			ARRAY['TKN-1671-0642 ACC-3001-7788 Active Disabled token:TKN-3001-1002 apitoken_trail_caller -']),
		(4, 'by a user', 'SELECT api.apitoken_disable(''TKN-1671-0642'')', helper.as_user('USR-3001-0001'), 'apitoken_trail_caller', 'apitoken_trail_authenticator',
			ARRAY['TKN-1671-0642 ACC-3001-7788 Active Disabled user:USR-3001-0001 apitoken_trail_caller -']),
		(5, 'by a user of Operations', 'SELECT api.apitoken_disable(''TKN-3002-1001'')', helper.as_user('USR-0001-0001'), 'apitoken_trail_caller', 'apitoken_trail_authenticator',
			ARRAY['TKN-3002-1001 ACC-3002-9900 Active Disabled user:USR-0001-0001 apitoken_trail_caller -']),
		(6, 'by a function of a trusted role: the role is that one', 'SELECT api.disable_for_all(''TKN-1671-0642'')', NULL, 'apitoken_trail_caller', NULL,
			ARRAY['TKN-1671-0642 ACC-3001-7788 Active Disabled - apitoken_trail_wrapper -']),
		(7, 'a token, itself', 'SELECT api.apitoken_disable(''TKN-3001-1002'')', helper.as_token('TKN-3001-1002'), 'apitoken_trail_caller', NULL,
			ARRAY['TKN-3001-1002 ACC-3001-7788 Active Disabled token:TKN-3001-1002 apitoken_trail_caller -']),
		(8, 'enable', 'SELECT api.apitoken_enable(''TKN-3001-1004'')', helper.as_token('TKN-3001-1002'), 'apitoken_trail_caller', NULL,
			ARRAY['TKN-3001-1004 ACC-3001-7788 Disabled Active token:TKN-3001-1002 apitoken_trail_caller -']),
		(9, 'delete of an Active one', 'SELECT api.apitoken_delete(''TKN-1671-0642'')', helper.as_token('TKN-3001-1002'), 'apitoken_trail_caller', NULL,
			ARRAY['TKN-1671-0642 ACC-3001-7788 Active Deleted token:TKN-3001-1002 apitoken_trail_caller -']),
		(10, 'delete of a Disabled one', 'SELECT api.apitoken_delete(''TKN-3001-1004'')', helper.as_token('TKN-3001-1002'), 'apitoken_trail_caller', NULL,
			ARRAY['TKN-3001-1004 ACC-3001-7788 Disabled Deleted token:TKN-3001-1002 apitoken_trail_caller -']),
		(11, 'disable_all', 'SELECT api.apitoken_disable_all(''ACC-2001-3344'')', helper.as_token('TKN-0001-0001'), 'apitoken_trail_caller', NULL,
			ARRAY['TKN-2001-1001 ACC-2001-3344 Active Disabled token:TKN-0001-0001 apitoken_trail_caller -']),
		(12, 'an update', 'SELECT api.apitoken_update(''TKN-1671-0642'', ''{"name": "New", "modules": []}'')', helper.as_token('TKN-3001-1002'), 'apitoken_trail_caller', NULL,
			ARRAY['TKN-1671-0642 ACC-3001-7788 - module_taken token:TKN-3001-1002 apitoken_trail_caller -', 'TKN-1671-0642 ACC-3001-7788 - module_taken token:TKN-3001-1002 apitoken_trail_caller -',
				'TKN-1671-0642 ACC-3001-7788 - changed token:TKN-3001-1002 apitoken_trail_caller -']),
		(13, 'an authentication', helper.as_token('TKN-1671-0642'), NULL, 'apitoken_trail_caller', NULL, '{}'),
		(14, 'a get', 'SELECT api.apitoken_get(''TKN-1671-0642'')', NULL, NULL, NULL, '{}'),
		(15, 'there and back', 'SELECT api.apitoken_disable(''TKN-1671-0642''), api.apitoken_enable(''TKN-3001-1004'')', NULL, NULL, NULL,
			ARRAY['TKN-1671-0642 ACC-3001-7788 Active Disabled - postgres -', 'TKN-3001-1004 ACC-3001-7788 Disabled Active - postgres -']),
		(16, 'a refused transition', 'DO $d$ BEGIN PERFORM api.apitoken_enable(''TKN-1671-0642''); EXCEPTION WHEN OTHERS THEN NULL; END $d$', NULL, NULL, NULL, '{}'),
		(17, 'one that was undone', 'DO $d$ BEGIN PERFORM api.apitoken_disable(''TKN-1671-0642''); RAISE ''x''; EXCEPTION WHEN OTHERS THEN NULL; END $d$', NULL, NULL, NULL, '{}'),
		-- by hand
		(20, 'by hand', 'UPDATE apitoken.api_tokens SET status = ''Disabled'' WHERE id = ''TKN-1671-0642''', NULL, 'apitoken_trail_trusted', NULL,
			ARRAY['TKN-1671-0642 ACC-3001-7788 Active Disabled - apitoken_trail_trusted -']),
		(21, 'by hand, by a superuser', 'UPDATE apitoken.api_tokens SET status = ''Disabled'' WHERE id = ''TKN-1671-0642''', NULL, NULL, NULL,
			ARRAY['TKN-1671-0642 ACC-3001-7788 Active Disabled - postgres -']),
		(22, 'by hand, a token acts', 'UPDATE apitoken.api_tokens SET status = ''Disabled'' WHERE id = ''TKN-1671-0642''', helper.as_token('TKN-3001-1002'), 'apitoken_trail_trusted', NULL,
			ARRAY['TKN-1671-0642 ACC-3001-7788 Active Disabled token:TKN-3001-1002 apitoken_trail_trusted -']),
		(23, 'by hand, many', 'UPDATE apitoken.api_tokens SET status = ''Disabled'' WHERE account_id = ''ACC-3001-7788'' AND status <> ''Deleted''', NULL, 'apitoken_trail_trusted', NULL,
			ARRAY['TKN-1671-0642 ACC-3001-7788 Active Disabled - apitoken_trail_trusted -', 'TKN-3001-1002 ACC-3001-7788 Active Disabled - apitoken_trail_trusted -',
				'TKN-3001-1003 ACC-3001-7788 Active Disabled - apitoken_trail_trusted -']),
		(24, 'by hand, the status that it has', 'UPDATE apitoken.api_tokens SET status = status', NULL, 'apitoken_trail_trusted', NULL, '{}'),
		(25, 'by hand, another column', 'UPDATE apitoken.api_tokens SET name = ''New'' WHERE id = ''TKN-1671-0642''', NULL, 'apitoken_trail_trusted', NULL,
			ARRAY['TKN-1671-0642 ACC-3001-7788 - changed - apitoken_trail_trusted -']),
		(26, 'by hand, on conflict', 'INSERT INTO apitoken.api_tokens (account_id, id, name) VALUES (''ACC-3001-7788'', ''TKN-1671-0642'', ''x'')
			ON CONFLICT (id) DO UPDATE SET status = ''Disabled''', NULL, NULL, NULL, ARRAY['TKN-1671-0642 ACC-3001-7788 Active Disabled - postgres -']),
		(27, 'by hand, to Deleted', 'UPDATE apitoken.api_tokens SET status = ''Deleted'' WHERE id = ''TKN-3001-1004''', NULL, NULL, NULL,
			ARRAY['TKN-3001-1004 ACC-3001-7788 Disabled Deleted - postgres -']),
		(28, 'a row that is added by hand', 'INSERT INTO apitoken.api_tokens (account_id, id, name) VALUES (''ACC-3001-7788'', ''TKN-9'', ''x'')', NULL, NULL, NULL,
			ARRAY['TKN-9 ACC-3001-7788 - Active - postgres -']),
		(29, 'by a restore, which brings the trail with it', 'INSERT INTO apitoken.api_tokens (account_id, id, name) VALUES (''ACC-3001-7788'', ''TKN-9'', ''x'')',
			'SET LOCAL row_security = off', NULL, NULL, '{}')
	) made (number, description, statement, setup, role, session, trail)
	ORDER BY number;
SELECT is(array(SELECT regexp_replace(t, 'TKN-\d{4}-\d{4} ', 'new ') FROM unnest(helper.trail(
		'SELECT api.apitoken_create(''{"account": {"id": "ACC-3001-7788"}, "name": "New"}'')', helper.as_token('TKN-3001-1002'), 'apitoken_trail_caller')) t),
	ARRAY['new ACC-3001-7788 - Active token:TKN-3001-1002 apitoken_trail_caller -'], 'create');

/*
 * A caller's trigger on the tokens that changes another token's status: that
 * change is his as well.
 */
CREATE FUNCTION helper.also() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
	UPDATE apitoken.api_tokens SET status = 'Disabled' WHERE id = 'TKN-3001-1003' AND status = 'Active' AND NEW.id <> id;
	RETURN NULL;
END
$$;
SAVEPOINT without;
CREATE TRIGGER also AFTER UPDATE OF status ON apitoken.api_tokens FOR EACH ROW EXECUTE FUNCTION helper.also();
SELECT is(array(SELECT t FROM unnest(helper.trail('SELECT api.apitoken_disable(''TKN-1671-0642'')', helper.as_token('TKN-3001-1002'), 'apitoken_trail_caller')) t ORDER BY t),
	ARRAY['TKN-1671-0642 ACC-3001-7788 Active Disabled token:TKN-3001-1002 apitoken_trail_caller -',
		'TKN-3001-1003 ACC-3001-7788 Active Disabled token:TKN-3001-1002 apitoken_trail_caller -'], 'what a trigger changes meanwhile');
ROLLBACK TO without;

/*
 * A token's history, as docs/trail.md has it.
 */
SELECT api.apitoken_authenticate(helper.secret('TKN-3001-1002')) \g /dev/null
SELECT api.apitoken_create('{"account": {"id": "ACC-3001-7788"}, "name": "Short-lived"}') ->> 'id' AS id \gset
SELECT api.apitoken_disable(:'id') \g /dev/null
SELECT api.apitoken_enable(:'id') \g /dev/null
SELECT api.apitoken_update(:'id', '{"name": "Shorter-lived"}') \g /dev/null
SELECT api.apitoken_disable(:'id') \g /dev/null
SELECT api.apitoken_delete(:'id') \g /dev/null
SELECT is(array(SELECT concat_ws(' ', event, from_status, to_status, actor_type, actor_id, database_role, client_address) FROM (
		SELECT at, event, from_status, to_status, actor_type, actor_id, database_role, client_address
			FROM apitoken.api_token_transitions
			WHERE api_token_id = :'id' ORDER BY id) history),
	ARRAY['created Active token TKN-3001-1002 postgres', 'disabled Active Disabled token TKN-3001-1002 postgres', 'enabled Disabled Active token TKN-3001-1002 postgres',
		'changed token TKN-3001-1002 postgres', 'disabled Active Disabled token TKN-3001-1002 postgres', 'deleted Disabled Deleted token TKN-3001-1002 postgres'], 'a history, in order');
SELECT is((SELECT array_agg(at ORDER BY id) = array_agg(at ORDER BY at) AND count(DISTINCT at) = 6 FROM apitoken.api_token_transitions WHERE api_token_id = :'id'), true,
	'each with a time of its own, though of one transaction');
SELECT is((SELECT to_status FROM apitoken.api_token_transitions t WHERE api_token_id = k.id ORDER BY t.id DESC LIMIT 1), k.status,
	'the trail ends in the status that it has: ' || k.id) FROM apitoken.api_tokens k WHERE account_id = 'ACC-3001-7788' AND id <> :'id' ORDER BY k.id;
ROLLBACK TO without;

-- It is found by an index, with the account or without.
SET LOCAL enable_seqscan = off;
SELECT is((SELECT bool_or(line ~ 'api_token_transitions_token_idx') FROM helper.explain('SELECT * FROM apitoken.api_token_transitions WHERE api_token_id = ''TKN-1671-0642'' ORDER BY id') line),
	true, 'a token''s history is found by the token alone');
SET LOCAL enable_seqscan = on;
SELECT is((SELECT array_agg(indexrelid::regclass::text ORDER BY 1) FROM pg_index WHERE indrelid = 'apitoken.api_token_credentials'::regclass),
	'{apitoken.api_token_credentials_pkey}', 'and a credential by its one key');

/*
 * Rows are only ever added.
 */
SELECT is(to_jsonb(f), jsonb_build_object('code', '23001', 'message', 'such rows are only ever added',
		'detail', format('%s on apitoken.api_token_transitions is refused.', split_part(statement, ' ', 1)), 'hint', ''), 'the owner: ' || statement)
	FROM unnest(ARRAY[
			'UPDATE apitoken.api_token_transitions SET database_role = ''x''',
			'UPDATE apitoken.api_token_transitions SET at = at WHERE false',
			'DELETE FROM apitoken.api_token_transitions',
			'DELETE FROM apitoken.api_token_transitions WHERE false',
			'TRUNCATE apitoken.api_token_transitions',
			'TRUNCATE apitoken.api_token_transitions RESTART IDENTITY CASCADE']) statement,
		helper.failure(statement) f;
SELECT is(array(SELECT helper.outcome(statement)), '{23001}', 'the owner, by a detour: ' || statement)
	FROM unnest(ARRAY[
			'TRUNCATE apitoken.accounts CASCADE',
			'TRUNCATE apitoken.actors CASCADE',
			'INSERT INTO apitoken.api_token_transitions (account_id, id, api_token_id, to_status, database_role) OVERRIDING SYSTEM VALUE
				SELECT account_id, id, api_token_id, to_status, ''x'' FROM apitoken.api_token_transitions ON CONFLICT (account_id, id) DO UPDATE SET database_role = ''x''']) statement;
SELECT is(helper.outcome($$ DELETE FROM apitoken.api_tokens WHERE id = 'TKN-1671-0642' $$), '23001', 'a token that has a trail is not removed');
SELECT is(helper.outcome($$ DELETE FROM apitoken.users WHERE id = 'USR-3001-0002' $$), '23503', 'nor a user who is in it');
SELECT is(helper.outcome($$ INSERT INTO apitoken.api_token_transitions (account_id, id, api_token_id, to_status, database_role)
	VALUES ('ACC-3001-7788', 1, 'TKN-1671-0642', 'Active', 'x') $$), '428C9', 'nobody numbers a row');
SELECT is(helper.outcome($$ INSERT INTO apitoken.api_token_transitions (account_id, api_token_id, to_status, database_role, actor_type, actor_id)
	VALUES ('ACC-3001-7788', 'TKN-1671-0642', 'Active', 'x', 'user', 'USR-9999-9999') $$), '23503', 'nor is there a row of an actor who does not exist');

CREATE FUNCTION helper.tried(statement text, setup text, role text) RETURNS text
LANGUAGE sql
AS $$
	SELECT (helper.probe(statement, setup, role)).code
$$;
SELECT is(array(SELECT DISTINCT helper.tried(statement, helper.as_token('TKN-0001-0001'), role)), '{42501}', format('%s: %s', role, statement))
	FROM unnest('{apitoken_trail_caller,apitoken_trail_trusted}'::text[]) role, unnest(ARRAY[
			'UPDATE apitoken.api_token_transitions SET database_role = ''x''',
			'DELETE FROM apitoken.api_token_transitions',
			'TRUNCATE apitoken.api_token_transitions',
			'INSERT INTO apitoken.api_token_transitions (account_id, api_token_id, to_status, database_role) VALUES (''ACC-3001-7788'', ''TKN-1671-0642'', ''Active'', ''x'')',
			'SELECT * FROM apitoken.api_token_transitions',
			'ALTER TABLE apitoken.api_token_transitions DISABLE TRIGGER keep_trail']) statement;
SELECT helper.tried('SET LOCAL session_replication_role = replica', NULL, 'apitoken_trail_trusted') AS code \gset
SELECT is(:'code'::text, '42501', 'triggers are not switched off by the trusted role');

/*
 * The trigger's function, out of its place.
 */
SELECT is((SELECT f.code FROM helper.failure('SELECT apitoken.log_transition()') f), '39P01', 'it is for triggers');
CREATE TABLE helper.other (account_id text, id text, status text);
INSERT INTO helper.other VALUES ('ACC-3001-7788', 'TKN-1671-0642', 'Active');
CREATE TRIGGER early BEFORE UPDATE ON helper.other FOR EACH ROW EXECUTE FUNCTION apitoken.log_transition();
SELECT is((SELECT f.code FROM helper.failure('UPDATE helper.other SET status = ''Disabled''') f), '39P01', 'after the update of a row');
SELECT is(helper.tried('CREATE TEMPORARY TABLE t (account_id text, id text, status text);
		CREATE TRIGGER t AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION apitoken.log_transition()', NULL, 'apitoken_trail_trusted'), '42501',
	'nobody puts it on a table of his own, to forge a row');

SELECT * FROM finish();
ROLLBACK;
