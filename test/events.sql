/*
 * The trail of everything: each kind of event, by a call and by hand, has one row,
 * with what was before and what is now; what changes nothing has none.
 */
\ir fixtures/life.psql

BEGIN;
SELECT plan(69);

CREATE ROLE apitoken_events_caller;
GRANT USAGE ON SCHEMA api TO apitoken_events_caller;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO apitoken_events_caller;

/*
 * Does something in somebody's name, says which events the trail has gained, in order,
 * and undoes it: event, token, statuses, details without moments of now.
 */
CREATE FUNCTION helper.events(statement text, setup text DEFAULT NULL) RETURNS text[]
LANGUAGE plpgsql
AS $$
DECLARE
	before bigint;
	seen text[];
BEGIN
	BEGIN
		IF setup IS NOT NULL THEN
			EXECUTE setup;
		END IF;
		before := (SELECT COALESCE(max(id), 0) FROM apitoken.api_token_transitions);
		EXECUTE statement;
		seen := array(
			SELECT concat_ws(' ', event, api_token_id, COALESCE(from_status, '-'), COALESCE(to_status, '-'),
					regexp_replace(details::text, to_char(now() AT TIME ZONE 'UTC', '"\""YYYY-MM-DD') || '[^"]*"', '"now"'))
				FROM apitoken.api_token_transitions WHERE id > before ORDER BY id);
		RAISE EXCEPTION USING ERRCODE = 'Y0000';
	EXCEPTION WHEN SQLSTATE 'Y0000' THEN
		RETURN seen;
	END;
END
$$;

SELECT is(helper.events(statement, setup), events, description)
	FROM (VALUES
		(1, 'disable', 'SELECT api.apitoken_disable(''TKN-1671-0642'')', NULL, ARRAY['disabled TKN-1671-0642 Active Disabled']),
		(2, 'enable', 'SELECT api.apitoken_enable(''TKN-3001-1004'')', NULL, ARRAY['enabled TKN-3001-1004 Disabled Active']),
		(3, 'delete', 'SELECT api.apitoken_delete(''TKN-3001-1004'')', NULL, ARRAY['deleted TKN-3001-1004 Disabled Deleted']),
		(4, 'a new name, description and icon', $c$SELECT api.apitoken_update('TKN-1671-0642', '{"name": "New", "description": null, "icon": "/n.png"}')$c$, NULL,
			ARRAY['changed TKN-1671-0642 - - {"icon": {"to": "/n.png", "from": "/icons/export.png"}, "name": {"to": "New", "from": "Nightly export"}, "description": {"to": null, "from": "Reads the orders of the day for the data warehouse"}}']),
		(5, 'the name that it has', $c$SELECT api.apitoken_update('TKN-1671-0642', '{"name": "Nightly export"}')$c$, NULL, '{}'),
		(6, 'an end', $c$SELECT api.apitoken_update('TKN-1671-0642', '{"expiresAt": "2999-01-01T00:00:00.000Z"}')$c$, NULL,
			ARRAY['expiry_changed TKN-1671-0642 - - {"expiresAt": {"to": "2999-01-01T00:00:00.000Z", "from": null}}']),
		(7, 'another end, and a name', $c$SELECT api.apitoken_update('TKN-1671-0642', '{"expiresAt": null, "name": "New"}')$c$,
			$c$UPDATE apitoken.api_tokens SET expires_at = '2999-01-01Z' WHERE id = 'TKN-1671-0642'$c$,
			ARRAY['expiry_changed TKN-1671-0642 - - {"expiresAt": {"to": null, "from": "2999-01-01T00:00:00.000Z"}}', 'changed TKN-1671-0642 - - {"name": {"to": "New", "from": "Nightly export"}}']),
		(34, 'networks', $c$SELECT api.apitoken_update('TKN-1671-0642', '{"allowedNetworks": ["192.0.2.0/24", "2001:DB8::/32"]}')$c$, $c$UPDATE apitoken.api_tokens SET allowed_networks = '{10.0.0.0/8}' WHERE id = 'TKN-1671-0642'$c$,
			ARRAY['networks_changed TKN-1671-0642 - - {"allowedNetworks": {"to": ["192.0.2.0/24", "2001:db8::/32"], "from": ["10.0.0.0/8"]}}']),
		(35, 'by hand: networks', $c$UPDATE apitoken.api_tokens SET allowed_networks = '{10.0.0.0/8}', name = 'New' WHERE id = 'TKN-1671-0642'$c$, NULL,
			ARRAY['networks_changed TKN-1671-0642 - - {"allowedNetworks": {"to": ["10.0.0.0/8"], "from": null}}', 'changed TKN-1671-0642 - - {"name": {"to": "New", "from": "Nightly export"}}']),
		(8, 'modules given and taken', $c$SELECT api.apitoken_update('TKN-1671-0642', '{"modules": [{"id": "MOD-0001"}, {"id": "MOD-0003"}]}')$c$, NULL,
			ARRAY['module_taken TKN-1671-0642 - - {"module": {"id": "MOD-0004"}}', 'module_given TKN-1671-0642 - - {"module": {"id": "MOD-0001"}}']),
		(9, 'the modules that it has', $c$SELECT api.apitoken_update('TKN-1671-0642', '{"modules": [{"id": "MOD-0004"}, {"id": "MOD-0003"}]}')$c$, NULL, '{}'),
		(10, 'a withdrawal from the default group', $c$DELETE FROM apitoken.user_group_modules WHERE user_group_id = 'UGR-3001-0001' AND module_id = 'MOD-0004'$c$, NULL,
			ARRAY['module_taken TKN-1671-0642 - - {"module": {"id": "MOD-0004"}}']),
		(11, 'a hold', 'SELECT api.apitoken_ensure_disabled(''TKN-1671-0642'', true)', NULL,
			ARRAY['disabled TKN-1671-0642 Active Disabled', 'held TKN-1671-0642 - - {"heldAt": {"to": "now", "from": null}}']),
		(12, 'a hold of what is held', 'SELECT api.apitoken_ensure_disabled(''TKN-1671-0642'', true)', 'SELECT api.apitoken_ensure_disabled(''TKN-1671-0642'', true)', '{}'),
		(13, 'a release', 'SELECT api.apitoken_release(''TKN-1671-0642'')', 'SELECT api.apitoken_ensure_disabled(''TKN-1671-0642'', true)',
			ARRAY['released TKN-1671-0642 - - {"heldAt": {"to": null, "from": "now"}}']),
		(14, 'a release of what is not held', 'SELECT api.apitoken_release(''TKN-1671-0642'')', NULL, '{}'),
		(15, 'all of an account, held', 'SELECT api.apitoken_disable_all(''ACC-2001-3344'', '''', true)', NULL,
			ARRAY['held TKN-2001-1001 - - {"heldAt": {"to": "now", "from": null}}', 'disabled TKN-2001-1001 Active Disabled', 'held TKN-2001-1002 - - {"heldAt": {"to": "now", "from": null}}']),
		(16, 'and back', 'SELECT api.apitoken_enable_all(''["TKN-2001-1001"]'', true)', 'SELECT api.apitoken_disable_all(''ACC-2001-3344'', '''', true)',
			ARRAY['released TKN-2001-1001 - - {"heldAt": {"to": null, "from": "now"}}', 'enabled TKN-2001-1001 Disabled Active']),
		(17, 'a rotation', 'SELECT api.apitoken_rotate(''TKN-1671-0642'')', NULL, ARRAY['rotated TKN-1671-0642 Active Active']),
		(18, 'a rotation of one that is revoked', 'SELECT api.apitoken_rotate(''TKN-1671-0642'')', 'SELECT api.apitoken_revoke(ARRAY[helper.secret(''TKN-1671-0642'')])',
			ARRAY['rotated TKN-1671-0642 Disabled Disabled {"revokedAt": {"to": null, "from": "now"}}']),
		(19, 'a revocation', 'SELECT api.apitoken_revoke(ARRAY[helper.secret(''TKN-1671-0642'')])', NULL, ARRAY['revoked TKN-1671-0642 Active Disabled']),
		(20, 'of a Disabled one''s', 'SELECT api.apitoken_revoke(ARRAY[helper.secret(''TKN-3001-1004'')])', NULL,
			ARRAY['revoked TKN-3001-1004 Disabled Disabled {"revokedAt": {"to": "now", "from": null}}']),
		(21, 'of an old one', 'SELECT api.apitoken_revoke(ARRAY[helper.secret(''TKN-1671-0642'')])',
			'DO $d$ BEGIN PERFORM api.apitoken_rotate(''TKN-1671-0642'', ''1 day''); UPDATE apitoken.api_tokens SET old_secret_until = ''2999-01-01Z'' WHERE id = ''TKN-1671-0642''; END $d$',
			ARRAY['revoked TKN-1671-0642 Active Active {"oldSecretUntil": {"to": null, "from": "2999-01-01T00:00:00.000Z"}}']),
		(22, 'of what is revoked', 'SELECT api.apitoken_revoke(ARRAY[helper.secret(''TKN-1671-0642'')])', 'SELECT api.apitoken_revoke(ARRAY[helper.secret(''TKN-1671-0642'')])', '{}'),
		-- by hand
		(30, 'by hand: disable', 'UPDATE apitoken.api_tokens SET status = ''Disabled'' WHERE id = ''TKN-1671-0642''', NULL, ARRAY['disabled TKN-1671-0642 Active Disabled']),
		(31, 'by hand: a name', 'UPDATE apitoken.api_tokens SET name = ''New'' WHERE id = ''TKN-1671-0642''', NULL,
			ARRAY['changed TKN-1671-0642 - - {"name": {"to": "New", "from": "Nightly export"}}']),
		(32, 'by hand: what it has', 'UPDATE apitoken.api_tokens SET name = name, status = status, expires_at = expires_at, icon = icon', NULL, '{}'),
		(33, 'by hand: everything at once', 'UPDATE apitoken.api_tokens SET name = ''New'', status = ''Disabled'', expires_at = ''2999-01-01Z'', held_at = ''2999-01-01Z'' WHERE id = ''TKN-3003-1001''', NULL,
			ARRAY['held TKN-3003-1001 - - {"heldAt": {"to": "2999-01-01T00:00:00.000Z", "from": null}}', 'expiry_changed TKN-3003-1001 - - {"expiresAt": {"to": "2999-01-01T00:00:00.000Z", "from": null}}',
				'changed TKN-3003-1001 - - {"name": {"to": "New", "from": "Toys"}}', 'disabled TKN-3003-1001 Active Disabled']),
		(34, 'by hand: a secret''s number', 'UPDATE apitoken.api_tokens SET secret_number = 7 WHERE id = ''TKN-3003-1001''', NULL, ARRAY['rotated TKN-3003-1001 Active Active']),
		(35, 'by hand: revoked, and disabled with it', 'UPDATE apitoken.api_tokens SET revoked_at = ''2999-01-01Z'', status = ''Disabled'' WHERE id = ''TKN-3003-1001''', NULL,
			ARRAY['revoked TKN-3003-1001 Active Disabled']),
		(36, 'by hand: a module', 'INSERT INTO apitoken.api_token_modules VALUES (''ACC-3001-7788'', ''TKN-1671-0642'', ''MOD-0001'')', NULL,
			ARRAY['module_given TKN-1671-0642 - - {"module": {"id": "MOD-0001"}}']),
		(37, 'by hand: another in its place', 'UPDATE apitoken.api_token_modules SET module_id = ''MOD-0001'' WHERE api_token_id = ''TKN-3001-1003''', NULL,
			ARRAY['module_taken TKN-3001-1003 - - {"module": {"id": "MOD-0003"}}', 'module_given TKN-3001-1003 - - {"module": {"id": "MOD-0001"}}']),
		(38, 'by hand: none', 'DELETE FROM apitoken.api_token_modules WHERE api_token_id = ''TKN-3001-1003''', NULL, ARRAY['module_taken TKN-3001-1003 - - {"module": {"id": "MOD-0003"}}']),
		(39, 'by hand: a token', 'INSERT INTO apitoken.api_tokens (account_id, id, name, status) VALUES (''ACC-3001-7788'', ''TKN-9'', ''x'', ''Disabled'')', NULL, ARRAY['created TKN-9 - Disabled']),
		(40, 'a restore of a token and its module', 'INSERT INTO apitoken.api_tokens (account_id, id, name) VALUES (''ACC-3001-7788'', ''TKN-9'', ''x'');
			INSERT INTO apitoken.api_token_modules VALUES (''ACC-3001-7788'', ''TKN-9'', ''MOD-0001'')', 'SET LOCAL row_security = off', '{}')
	) AS made (number, description, statement, setup, events)
	ORDER BY number;

/*
 * The views: what happened to a status, and everything.
 */
SELECT api.apitoken_update('TKN-1671-0642', '{"name": "New"}'), api.apitoken_rotate('TKN-1671-0642'), api.apitoken_disable('TKN-1671-0642') \g /dev/null
SELECT is(array(SELECT concat_ws(' ', from_status, to_status, reason) FROM apitoken_monitor.token_transitions WHERE api_token_id = 'TKN-1671-0642' ORDER BY id),
	'{Active,Active Active rotation,Active Disabled}', 'token_transitions is of the status, as it was');
SELECT is(array(SELECT event FROM apitoken_monitor.token_events WHERE api_token_id = 'TKN-1671-0642' ORDER BY id), '{created,changed,rotated,disabled}',
	'token_events has all, rows of version 1.0 included');
SELECT is(array(SELECT DISTINCT event FROM apitoken_monitor.token_events WHERE database_role = 'web' ORDER BY 1), '{created,deleted,disabled}', 'which say by their statuses what happened');

/*
 * Who, and from where.
 */
SELECT is(session_role, session_user::text, 'the session''s role') FROM apitoken.api_token_transitions WHERE event = 'rotated';
SET LOCAL request.headers = '{"x-apitoken-client": "203.0.113.7", "x-request-id": "abc-1"}';
SELECT api.apitoken_enable('TKN-1671-0642') \g /dev/null
SELECT is(jsonb_build_array(client_address, request_id), '[null, null]', 'anybody can set the headers: they are not believed') FROM apitoken.api_token_transitions ORDER BY id DESC LIMIT 1;
SET LOCAL apitoken.proxy_authenticator = 'postgres';
CREATE FUNCTION helper.origin(headers text) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('request.headers', headers, true);
	UPDATE apitoken.api_tokens SET name = CASE name WHEN 'A' THEN 'B' ELSE 'A' END WHERE id = 'TKN-1671-0642';
	RETURN (SELECT jsonb_build_array(client_address, request_id) FROM apitoken.api_token_transitions ORDER BY id DESC LIMIT 1);
END $$;
SELECT is(helper.origin(headers), origin::jsonb, 'a proxy that is believed says ' || headers)
	FROM (VALUES
		('{"x-apitoken-client": "203.0.113.7", "x-request-id": "abc-1"}', '["203.0.113.7", "abc-1"]'),
		('{"x-apitoken-client": "2001:db8::1"}', '["2001:db8::1", null]'),
		('{"x-apitoken-client": "10.0.0.0/8"}', '[null, null]'),
		('{"x-apitoken-client": "203.0.113.7/32"}', '[null, null]'),
		('{"x-request-id": "/a/idt:TKN-1671-0642:3q2-7wQ"}', '[null, "/a/idt:TKN-1671-0642:****"]'),
		('{"x-apitoken-client": "nowhere", "x-request-id": "a b"}', '[null, null]'),
		('{}', '[null, null]')) AS said (headers, origin);
SELECT is(helper.origin('{"x-request-id": "' || repeat('x.', 50) || 'x"}'), '[null, null]', 'an id of a request has an end');
SELECT is(helper.origin('{"x-request-id": "idt:' || repeat('x.', 47) || ':"}'), '[null, null]', 'also one in which a secret is masked');

/*
 * Why: a reason that whoever makes the call gives.
 */
CREATE FUNCTION helper.reasons(statement text) RETURNS text[]
LANGUAGE plpgsql
AS $$
DECLARE
	before bigint := (SELECT max(id) FROM apitoken.api_token_transitions);
	seen text[];
BEGIN
	BEGIN
		EXECUTE statement;
		seen := array(SELECT event || ' ' || COALESCE(reason, '-') FROM apitoken.api_token_transitions WHERE id > before ORDER BY id);
		RAISE EXCEPTION USING ERRCODE = 'Y0000';
	EXCEPTION WHEN SQLSTATE 'Y0000' THEN
		RETURN seen;
	END;
END
$$;
SELECT is(helper.reasons('SELECT ' || call), reasons, call)
	FROM (VALUES
		(1, 'api.apitoken_disable(''TKN-3001-1002'')', '{disabled -}'::text[]),
		(2, 'api.apitoken_disable(''TKN-3001-1002'', ''-account'')', '{disabled -}'),
		(3, 'api.apitoken_disable(id => ''TKN-3001-1002'', fields => NULL)', '{disabled -}'),
		(4, 'api.apitoken_disable(''TKN-3001-1002'', NULL, ''leaked'')', '{disabled leaked}'),
		(5, 'api.apitoken_disable(id => ''TKN-3001-1002'', reason => ''leaked'', fields => ''-account'')', '{disabled leaked}'),
		(6, 'api.apitoken_disable(''TKN-3001-1002'', NULL, reason => NULL)', '{disabled -}'),
		(7, 'api.apitoken_delete(''TKN-3001-1002'')', '{deleted -}'),
		(8, 'api.apitoken_delete(''TKN-3001-1002'', ''not needed any more'')', '{deleted not needed any more}'),
		(9, 'api.apitoken_disable_all(''ACC-2001-3344'', '''', reason => ''an incident'')', '{disabled an incident}'),
		(10, 'api.apitoken_revoke(ARRAY[helper.secret(''TKN-3001-1002'')], ''in a repository'')', '{revoked in a repository}'),
		(11, 'api.apitoken_disable(''TKN-3001-1002'', NULL, reason => repeat(''é'', 500))', ARRAY['disabled ' || repeat('é', 500)])) AS given (number, call, reasons)
	ORDER BY number;
SELECT is(helper.reasons(format('SELECT api.apitoken_disable(''TKN-3001-1002'', NULL, reason => %L)', 'found ' || helper.secret('TKN-3001-1002'))),
	'{disabled found idt:TKN-3001-1002:****}', 'a secret in it is masked');
SELECT is(to_jsonb(f), '{"code": "PT400", "message": "Bad Request", "detail": "The argument \"reason\" is too long.", "hint": "Give at most 500 characters. Tabs and line breaks are allowed; other control characters, characters that change the direction of writing and invisible ones are not."}'::jsonb, 'too long: ' || call)
	FROM unnest(ARRAY['api.apitoken_disable(''TKN-3001-1002'', NULL, reason => repeat(''x'', 501))', 'api.apitoken_revoke(''{}'', repeat(''x'', 501))',
			'api.apitoken_disable_all(''ACC-2001-3344'', '''', reason => repeat(''x'', 501))']) AS call, helper.failure('SELECT ' || call) f;
SELECT is((helper.failure(format('SELECT api.apitoken_revoke(''{}'', %L)', reason))).detail, 'The argument "reason" has a character that is not allowed.', 'what hides, or changes, what is shown: ' || ascii(right(reason, 1)))
	FROM unnest(ARRAY[E'a\u001b', E'a\u202e', E'a\u200b']) reason;
SELECT api.apitoken_update('TKN-3001-1002', jsonb_build_object('description', 'see ' || replace(helper.secret('TKN-3001-1003'), 'idt:', 'idt%3A')), '-*') \g /dev/null
SELECT is((SELECT details::text ~ substr(helper.secret('TKN-3001-1003'), 20, 20) FROM apitoken.api_token_transitions ORDER BY id DESC LIMIT 1), false, 'a secret in a description is not told');

/*
 * By which transaction a row came is not for anybody to say.
 */
INSERT INTO apitoken.api_token_transitions (account_id, api_token_id, to_status, database_role, xid) VALUES ('ACC-3001-7788', 'TKN-1671-0642', 'Active', 'x', '1');
SELECT is(xid, pg_current_xact_id(), 'a row is this transaction''s, whatever it was given') FROM apitoken.api_token_transitions WHERE database_role = 'x';

SELECT * FROM finish();
ROLLBACK;
