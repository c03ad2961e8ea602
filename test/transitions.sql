/*
 * The life of a token: which call leads from which status to which, and what
 * happens when a module is withdrawn.
 */
\ir fixtures/life.psql

BEGIN;
SELECT plan(135);

CREATE ROLE apitoken_transitions_caller;
GRANT USAGE ON SCHEMA api TO apitoken_transitions_caller;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO apitoken_transitions_caller;

/*
 * Every call on every status.  The state afterwards is the status, how many
 * rows the trail has gained, and whether the updated event is another one.
 */
CREATE FUNCTION helper.state(token_id text) RETURNS text
LANGUAGE sql STABLE
AS $$
	SELECT format('%s trail+%s%s', t.status,
			(SELECT count(*) FROM apitoken.api_token_transitions WHERE api_token_id = token_id AND database_role <> 'web'),
			CASE WHEN t.updated_at = '2025-06-01T00:00:00Z' AND t.updated_by_id IS NULL THEN '' ELSE ' updated' END)
		FROM apitoken.api_tokens t WHERE t.id = token_id
$$;
-- The call, then the state, all undone.
CREATE FUNCTION helper.step(setup text, role text, call text, token_id text) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
	answer text := 'ok';
	seen text;
BEGIN
	BEGIN
		IF setup IS NOT NULL THEN
			EXECUTE setup;
		END IF;
		BEGIN
			EXECUTE format('SET LOCAL ROLE %I', role);
			EXECUTE call;
		EXCEPTION WHEN OTHERS THEN
			answer := SQLSTATE;
		END;
		RESET ROLE;
		seen := helper.state(token_id);
		RAISE EXCEPTION USING ERRCODE = 'Y0000';
	EXCEPTION WHEN SQLSTATE 'Y0000' THEN
		RETURN answer || ' ' || seen;
	END;
END
$$;

UPDATE apitoken.api_tokens SET updated_at = '2025-06-01T00:00:00Z', updated_by_type = NULL, updated_by_id = NULL;
CREATE TABLE helper.steps (number integer GENERATED ALWAYS AS IDENTITY, status text, call text, everywhere text, own text);
INSERT INTO helper.steps (status, call, everywhere, own) VALUES
	('Active', 'SELECT api.apitoken_disable(%L)', 'ok Disabled trail+1 updated', 'ok Disabled trail+1 updated'),
	('Active', 'SELECT api.apitoken_enable(%L)', 'PT400 Active trail+0', 'PT400 Active trail+0'),
	('Active', 'SELECT api.apitoken_delete(%L)', 'ok Deleted trail+1 updated', 'ok Deleted trail+1 updated'),
	('Active', 'SELECT api.apitoken_get(%L)', 'ok Active trail+0', 'ok Active trail+0'),
	('Active', $$ SELECT api.apitoken_update(%L, '{"name": "New"}') $$, 'ok Active trail+1 updated', 'ok Active trail+1 updated'),
	('Active', $$ SELECT api.apitoken_update(%L, '{}') $$, 'ok Active trail+0', 'ok Active trail+0'),
	('Active', 'SELECT api.apitoken_authenticate(helper.secret(%L))', 'ok Active trail+0', 'ok Active trail+0'),
	('Active', $$ SELECT api.apitoken_disable_all('ACC-3001-7788'), %L $$, 'ok Disabled trail+1 updated', 'ok Disabled trail+1 updated'),
	('Disabled', 'SELECT api.apitoken_disable(%L)', 'PT400 Disabled trail+0', 'PT400 Disabled trail+0'),
	('Disabled', 'SELECT api.apitoken_enable(%L)', 'ok Active trail+1 updated', 'ok Active trail+1 updated'),
	('Disabled', 'SELECT api.apitoken_delete(%L)', 'ok Deleted trail+1 updated', 'ok Deleted trail+1 updated'),
	('Disabled', 'SELECT api.apitoken_get(%L)', 'ok Disabled trail+0', 'ok Disabled trail+0'),
	('Disabled', $$ SELECT api.apitoken_update(%L, '{"name": "New"}') $$, 'ok Disabled trail+1 updated', 'ok Disabled trail+1 updated'),
	('Disabled', $$ SELECT api.apitoken_update(%L, '{}') $$, 'ok Disabled trail+0', 'ok Disabled trail+0'),
	('Disabled', 'SELECT api.apitoken_authenticate(helper.secret(%L))', 'PT401 Disabled trail+0', 'PT401 Disabled trail+0'),
	('Disabled', $$ SELECT api.apitoken_disable_all('ACC-3001-7788'), %L $$, 'ok Disabled trail+0', 'ok Disabled trail+0'),
	('Deleted', 'SELECT api.apitoken_disable(%L)', 'PT400 Deleted trail+0', 'PT404 Deleted trail+0'),
	('Deleted', 'SELECT api.apitoken_enable(%L)', 'PT400 Deleted trail+0', 'PT404 Deleted trail+0'),
	('Deleted', 'SELECT api.apitoken_delete(%L)', 'PT400 Deleted trail+0', 'PT404 Deleted trail+0'),
	('Deleted', 'SELECT api.apitoken_get(%L)', 'ok Deleted trail+0', 'PT404 Deleted trail+0'),
	('Deleted', $$ SELECT api.apitoken_update(%L, '{"name": "New"}') $$, 'PT400 Deleted trail+0', 'PT404 Deleted trail+0'),
	('Deleted', $$ SELECT api.apitoken_update(%L, '{}') $$, 'PT400 Deleted trail+0', 'PT404 Deleted trail+0'),
	('Deleted', 'SELECT api.apitoken_authenticate(helper.secret(%L))', 'PT401 Deleted trail+0', 'PT401 Deleted trail+0'),
	('Deleted', $$ SELECT api.apitoken_disable_all('ACC-3001-7788'), %L $$, 'ok Deleted trail+0', 'ok Deleted trail+0');
GRANT USAGE ON SCHEMA helper TO apitoken_transitions_caller;

SELECT is(helper.step(who.setup, who.role, format(s.call, token.id), token.id),
		CASE who.sees_all WHEN true THEN s.everywhere ELSE s.own END, format('%s, %s: %s', who.name, s.status, s.call))
	FROM (VALUES (1, 'a trusted role', 'postgres', NULL, true),
			(2, 'Operations', 'apitoken_transitions_caller', helper.as_token('TKN-0001-0001'), true),
			(3, 'its account', 'apitoken_transitions_caller', helper.as_token('TKN-3001-1002'), false))
		who (number, name, role, setup, sees_all),
	helper.steps s
	JOIN (VALUES ('Active', 'TKN-1671-0642'), ('Disabled', 'TKN-3001-1004'), ('Deleted', 'TKN-3001-1005'))
		token (status, id) USING (status)
	ORDER BY who.number, s.number;

-- How the refused ones are explained.
SELECT is(jsonb_build_array(f.code, f.message, f.detail, f.hint),
		jsonb_build_array('PT400', 'Bad Request', format('The API token "%s" is %s.', refused.id, refused.status), refused.hint),
		format('%s of a token that is %s', refused.call, refused.status))
	FROM (VALUES
		(1, 'api.apitoken_enable(%L)', 'TKN-1671-0642', 'Active', 'Only a Disabled API token can be enabled.'),
		(2, 'api.apitoken_disable(%L)', 'TKN-3001-1004', 'Disabled', 'Only an Active API token can be disabled.'),
		(3, 'api.apitoken_disable(%L)', 'TKN-3001-1005', 'Deleted', 'Only an Active API token can be disabled.'),
		(4, 'api.apitoken_enable(%L)', 'TKN-3001-1005', 'Deleted', 'Only a Disabled API token can be enabled.'),
		(5, 'api.apitoken_delete(%L)', 'TKN-3001-1005', 'Deleted', 'Only an Active or Disabled API token can be deleted.'),
		(6, 'api.apitoken_update(%L, ''{}'')', 'TKN-3001-1005', 'Deleted', 'Only an Active or Disabled API token can be updated.'))
		refused (number, call, id, status, hint),
	helper.failure(format('SELECT ' || refused.call, refused.id)) f
	ORDER BY refused.number;

-- A Deleted token is not found in the words in which an unknown one is not.
SELECT is(to_jsonb(p) - 'everything' - 'result', jsonb_build_object('code', 'PT404', 'message', 'Not Found',
		'detail', format('There is no API token "%s" that you may administer.', target.id),
		'hint', 'Check the id, and in whose name you call.'), format(call, target.id))
	FROM unnest(ARRAY['SELECT api.apitoken_get(%L)', 'SELECT api.apitoken_disable(%L)', 'SELECT api.apitoken_enable(%L)',
			'SELECT api.apitoken_delete(%L)', 'SELECT api.apitoken_update(%L, ''{}'')']) WITH ORDINALITY calls (call, place),
		(VALUES ('TKN-3001-1005'), ('TKN-9999-9999')) target (id),
		helper.probe(format(call, target.id), helper.as_token('TKN-3001-1002'), 'apitoken_transitions_caller') p
	ORDER BY calls.place, target.id;

-- null and nothing for an id
SELECT is(to_jsonb(f), '{"code": "PT400", "message": "Bad Request", "detail": "The argument \"id\" is null or empty.",
		"hint": "Give the id of the resource, for example TKN-1671-0642."}'::jsonb, call)
	FROM unnest(ARRAY['api.apitoken_get(NULL)', 'api.apitoken_get('''')', 'api.apitoken_enable(NULL)', 'api.apitoken_enable('''')',
			'api.apitoken_delete(NULL)', 'api.apitoken_delete('''')']) call,
		helper.failure('SELECT ' || call) f;

/*
 * Who changed it, and when.
 */
SAVEPOINT whole;
SELECT api.apitoken_authenticate(helper.secret('TKN-3001-1002')) \g /dev/null
CREATE TABLE helper.answer AS SELECT api.apitoken_disable('TKN-1671-0642') AS document;
SELECT is(document ->> 'status', 'Disabled', 'disable answers the new status') FROM helper.answer;
SELECT is(document #>> '{audit,updated,by,id}', 'TKN-3001-1002', 'updated by the token that acted') FROM helper.answer;
SELECT ok((document #>> '{audit,updated,at}')::timestamptz BETWEEN now() - interval '1 ms' AND clock_timestamp(), 'just now') FROM helper.answer;
SELECT is(api.apitoken_get('TKN-1671-0642'), document, 'get answers the same') FROM helper.answer;
SELECT is(d - 'audit', (document || '{"status": "Active"}') - 'audit', 'enable answers the same, Active') FROM helper.answer, api.apitoken_enable('TKN-1671-0642') d;
SELECT is(d #>> '{audit,updated,at}' > document #>> '{audit,updated,at}', true, 'updated again') FROM helper.answer, api.apitoken_get('TKN-1671-0642') d
	WHERE pg_sleep(0.002) IS NOT NULL;
ROLLBACK TO whole;

SELECT is((d #> '{audit,updated}') - 'at', '{}', 'a trusted role is nobody that an audit could name') FROM api.apitoken_enable('TKN-3001-1004') d;
SELECT is((SELECT jsonb_build_array(updated_by_type, updated_by_id) FROM apitoken.api_tokens WHERE id = 'TKN-3001-1004'), '[null, null]', 'nor has the row');
ROLLBACK TO whole;

SELECT is(pg_typeof(api.apitoken_delete('TKN-1671-0642'))::text, 'void', 'delete answers nothing');
SELECT is((SELECT jsonb_build_array(t.status, t.name, t.description, (SELECT count(*) FROM apitoken.api_token_modules WHERE api_token_id = t.id))
	FROM apitoken.api_tokens t WHERE id = 'TKN-1671-0642'),
	'["Deleted", "Nightly export", "Reads the orders of the day for the data warehouse", 2]', 'the row stays');
SELECT is(api.apitoken_get('TKN-1671-0642') ->> 'status', 'Deleted', 'a trusted role sees it');
ROLLBACK TO whole;

/*
 * Deleted is for good, also by hand.
 */
SELECT is(to_jsonb(f), '{"code": "23001", "message": "a deleted API token stays deleted", "detail": "The API token is TKN-3001-1005.",
		"hint": "Create a new API token."}'::jsonb, 'by hand to ' || status)
	FROM unnest('{Active,Disabled}'::text[]) status,
		helper.failure(format('UPDATE apitoken.api_tokens SET status = %L WHERE id = ''TKN-3001-1005''', status)) f;
SELECT helper.refused($$ UPDATE apitoken.api_tokens SET status = 'Blocked' WHERE id = 'TKN-1671-0642' $$, '23514', 'there is no other status');

/*
 * All of an account at once.
 */
SAVEPOINT all_at_once;
CREATE SEQUENCE helper.updates;
CREATE FUNCTION helper.count_update() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
	PERFORM nextval('helper.updates');
	RETURN NULL;
END
$$;
CREATE TRIGGER count_update AFTER UPDATE ON apitoken.api_tokens FOR EACH STATEMENT EXECUTE FUNCTION helper.count_update();
-- ids in another order than the rows'; one of another collation's first
SELECT helper.add_token('ACC-3001-7788', id) FROM unnest('{tkn,TKN-9000-0001,TKN-0000-0001,é,Z}'::text[]) id \g /dev/null

SELECT api.apitoken_authenticate(helper.secret('TKN-3001-1002')) \g /dev/null
SELECT is(api.apitoken_disable_all('ACC-3001-7788'),
	'["TKN-0000-0001", "TKN-1671-0642", "TKN-3001-1002", "TKN-3001-1003", "TKN-9000-0001", "Z", "tkn", "é"]',
	'disable_all answers the ids of those that were Active, sorted by bytes');
SELECT is((SELECT last_value FROM helper.updates), 2::bigint, 'one statement changed them, and one looked for what came in between');
RESET ROLE;
SELECT is((SELECT jsonb_object_agg(status, n) FROM (SELECT status, count(*) AS n FROM apitoken.api_tokens WHERE account_id = 'ACC-3001-7788' GROUP BY status) s),
	'{"Disabled": 9, "Deleted": 1}', 'none of the account is Active');
SELECT is((SELECT array_agg(DISTINCT status) FROM apitoken.api_tokens WHERE account_id = 'ACC-3002-9900'), '{Active}', 'those of another account are');
SELECT is((SELECT array_agg(DISTINCT updated_by_type || ' ' || updated_by_id) FROM apitoken.api_tokens WHERE account_id = 'ACC-3001-7788' AND status = 'Disabled'
	AND updated_at >= now() - interval '1 ms'), '{token TKN-3001-1002}', 'updated by the token that acted, which is one of them');
SELECT is((SELECT count(*) FROM apitoken.api_tokens WHERE updated_at = '2025-06-01T00:00:00Z' AND account_id = 'ACC-3001-7788'), 2::bigint,
	'the Disabled and the Deleted one were not updated');
SELECT is((SELECT array_agg(api_token_id || ' ' || from_status || ' ' || to_status || ' ' || actor_id ORDER BY api_token_id)
		FROM apitoken.api_token_transitions WHERE database_role <> 'web' AND event = 'disabled'),
	(SELECT array_agg(id || ' Active Disabled TKN-3001-1002' ORDER BY id COLLATE "C")
		FROM unnest('{TKN-0000-0001,TKN-1671-0642,TKN-3001-1002,TKN-3001-1003,TKN-9000-0001,Z,tkn,é}'::text[]) id), 'one row of the trail each');
SELECT helper.refused($$ SELECT api.apitoken_disable_all('ACC-3001-7788') $$, 'PT401', 'the token that acted has disabled itself');
ROLLBACK TO all_at_once;

SELECT is(api.apitoken_disable_all('ACC-3002-9900'), '["TKN-3002-1001"]', 'an account with one');
SELECT is(api.apitoken_disable_all('ACC-3002-9900'), '[]', 'and then with none');
SELECT is(api.apitoken_disable_all('ACC-2002-5566'), '[]', 'an account without tokens');
SELECT is(to_jsonb(f), jsonb_build_object('code', 'PT404', 'message', 'Not Found',
		'detail', 'There is no account "ACC-9999-9999" whose API tokens you may administer.', 'hint', 'Check the id, and in whose name you call.'),
		'an unknown account')
	FROM helper.failure($$ SELECT api.apitoken_disable_all('ACC-9999-9999') $$) f;
SELECT is(to_jsonb(f), jsonb_build_object('code', 'PT400', 'message', 'Bad Request', 'detail', 'The argument "account_id" is null or empty.',
		'hint', 'Give the id of the resource, for example ACC-3001-7788.'), 'no account')
	FROM helper.failure($$ SELECT api.apitoken_disable_all('') $$) f;
SELECT helper.refused($$ SET LOCAL transaction_read_only = on; SELECT api.apitoken_disable_all('ACC-3001-7788') $$, '25006', 'a read-only transaction');
ROLLBACK TO all_at_once;

/*
 * Taking a module from the default group takes it from the account.
 */
CREATE FUNCTION helper.holders(account text, module text) RETURNS text[]
LANGUAGE sql STABLE
AS $$
	SELECT array_agg(h ORDER BY h COLLATE "C") FROM (
		SELECT user_group_id::text FROM apitoken.user_group_modules WHERE account_id = account AND module_id = module
		UNION ALL SELECT api_token_id::text FROM apitoken.api_token_modules WHERE account_id = account AND module_id = module) s (h)
$$;
SAVEPOINT all_held;
SELECT is(helper.holders('ACC-3001-7788', 'MOD-0003'), '{TKN-1671-0642,TKN-3001-1003,TKN-3001-1004,UGR-3001-0001,UGR-3001-0002}', 'a module and who has it');
DELETE FROM apitoken.user_group_modules WHERE user_group_id = 'UGR-3001-0002' AND module_id = 'MOD-0003';
SELECT is(helper.holders('ACC-3001-7788', 'MOD-0003'), '{TKN-1671-0642,TKN-3001-1003,TKN-3001-1004,UGR-3001-0001}', 'taken from one group that is not the default one');
ROLLBACK TO all_held;
DELETE FROM apitoken.user_group_modules WHERE user_group_id = 'UGR-3001-0001' AND module_id = 'MOD-0003';
SELECT is(helper.holders('ACC-3001-7788', 'MOD-0003'), NULL, 'taken from the default group, nobody of the account has it');
SELECT is(helper.holders('ACC-3002-9900', 'MOD-0003'), '{UGR-3002-0001}', 'another account has');
SELECT is(helper.holders('ACC-3001-7788', 'MOD-0004'), '{TKN-1671-0642,UGR-3001-0001,UGR-3001-0002,UGR-3001-0003}', 'and has its other modules');
SELECT is(jsonb_path_query_array(api.apitoken_get('TKN-1671-0642'), '$.modules[*].id'), '["MOD-0004"]', 'the token''s document shows it');
ROLLBACK TO all_held;
UPDATE apitoken.user_group_modules SET module_id = 'MOD-0006' WHERE user_group_id = 'UGR-3001-0001' AND module_id = 'MOD-0003';
SELECT is(helper.holders('ACC-3001-7788', 'MOD-0003'), NULL, 'replaced in the default group by another');
SELECT is(helper.holders('ACC-3001-7788', 'MOD-0006'), '{UGR-3001-0001}', 'which nobody has but that group');
ROLLBACK TO all_held;
SELECT api.apitoken_authenticate(helper.secret('TKN-3001-1002')) \g /dev/null
DELETE FROM apitoken.user_group_modules WHERE account_id = 'ACC-3001-7788' AND module_id = 'MOD-0001';
SELECT helper.refused($$ SELECT api.apitoken_disable('TKN-1671-0642') $$, 'PT403', 'a token without its module may not administer any more');

ROLLBACK TO all_held;

/*
 * A trigger of somebody's keeps every row of the table as it is.  A call says
 * that it could not do what it is for; it neither goes on trying, nor answers
 * as if it had.
 */
CREATE FUNCTION helper.keep_row() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
	RETURN NULL;
END
$$;
CREATE TRIGGER keep_row BEFORE UPDATE ON apitoken.api_tokens FOR EACH ROW EXECUTE FUNCTION helper.keep_row();
-- a statement each: a timeout comes once, where a call goes on trying
SET LOCAL statement_timeout = '10min';
SELECT is((SELECT f.code <> '57014' FROM helper.failure($$ SELECT api.apitoken_disable('TKN-1671-0642') $$) f), true, 'disable: kept by a trigger');
SELECT is((SELECT f.code <> '57014' FROM helper.failure($$ SELECT api.apitoken_enable('TKN-3001-1004') $$) f), true, 'enable: kept by a trigger');
SELECT is((SELECT f.code <> '57014' FROM helper.failure($$ SELECT api.apitoken_delete('TKN-1671-0642') $$) f), true, 'delete: kept by a trigger');
SELECT is((SELECT f.code <> '57014' FROM helper.failure($$ SELECT api.apitoken_update('TKN-1671-0642', '{"name": "New"}') $$) f), true, 'update: kept by a trigger');

SELECT * FROM finish();
ROLLBACK;
