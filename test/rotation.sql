/*
 * Rotation: another secret under the same id, for how long the old one goes on, who
 * may, and what is seen of it.
 */
\ir fixtures/life.psql

BEGIN;
SELECT plan(91);

\set caller apitoken_rotation_caller
\ir fixtures/caller.psql
CREATE TABLE helper.secrets (name text PRIMARY KEY, secret text);
-- rotates a token, and keeps its secret under a name
CREATE FUNCTION helper.rotate(name text, token_id text, overlap interval DEFAULT '0') RETURNS jsonb
LANGUAGE sql
AS $$
	WITH made AS (SELECT api.apitoken_rotate(token_id, overlap) AS document),
		kept AS (INSERT INTO helper.secrets SELECT name, document ->> 'token' FROM made)
	SELECT document FROM made
$$;
\set below `printf "helper.as_token('TKN-3001-1002')"`
\set above `printf "helper.as_token('TKN-0001-0001')"`

/*
 * At once.
 */
CREATE TABLE helper.before AS SELECT api.apitoken_get('TKN-1671-0642') AS document;
INSERT INTO helper.secrets VALUES ('first', helper.secret('TKN-1671-0642'));
SELECT helper.rotate('second', 'TKN-1671-0642') AS rotated \gset
SELECT is(:'rotated'::jsonb - '{audit,token,rotatedAt}'::text[], document - '{audit,token}'::text[], 'the document is as it was') FROM helper.before;
SELECT ok((:'rotated'::jsonb ->> 'rotatedAt')::timestamptz BETWEEN now() - interval '1 ms' AND clock_timestamp(), 'but for rotatedAt, which is now');
SELECT matches(:'rotated'::jsonb ->> 'token', '^idt:TKN-1671-0642:[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}$', 'and the new secret');
SELECT is(api.apitoken_get('TKN-1671-0642') ->> 'token', 'idt:TKN-1671-0642:****', 'which is shown once');
SELECT is(helper.lets_in(secret), CASE name WHEN 'second' THEN 'ok TKN-1671-0642' ELSE 'PT401 There is no valid credential.' END, 'without an overlap: the ' || name) FROM helper.secrets ORDER BY name;
SELECT is(jsonb_agg(jsonb_build_array(from_status, to_status, event, actor_id) ORDER BY id) -> -1, '["Active", "Active", "rotated", null]', 'the trail has it')
	FROM apitoken.api_token_transitions WHERE api_token_id = 'TKN-1671-0642';
SELECT is(count(*), 0::bigint, 'which is no disable') FROM apitoken_monitor.tokens_disabled_last_day;
SELECT is(jsonb_path_query_array(api.apitoken_list(format('token=%s&select=-*,id', secret)), '$.data[*].id'), CASE name WHEN 'second' THEN '["TKN-1671-0642"]'::jsonb ELSE '[]' END, 'a list finds it by the ' || name)
	FROM helper.secrets ORDER BY name;
SELECT is(helper.came(format('SELECT api.apitoken_update(''TKN-1671-0642'', %L) ->> ''name''', jsonb_build_object('token', secret, 'name', 'Sent')), NULL, NULL),
	CASE name WHEN 'second' THEN 'ok Sent' ELSE 'PT400 The member "token" cannot change.' END, 'sent back with the ' || name) FROM helper.secrets ORDER BY name;
SELECT is(array_agg(t ORDER BY t), NULL, 'the secret is stored nowhere') FROM helper.tables_with(:'rotated'::jsonb ->> 'token') t;

/*
 * With an overlap.
 */
SELECT helper.rotate('third', 'TKN-1671-0642', '7 days') AS rotated \gset
SELECT ok((:'rotated'::jsonb ->> 'oldSecretUntil')::timestamptz BETWEEN now() + interval '7 days' - interval '1 ms' AND clock_timestamp() + interval '7 days', 'until when is told');
SELECT is(helper.lets_in(secret), CASE name WHEN 'first' THEN 'PT401 There is no valid credential.' ELSE 'ok TKN-1671-0642' END, 'in the overlap: the ' || name) FROM helper.secrets ORDER BY name;
SELECT is(api.apitoken_disable('TKN-1671-0642') ->> 'status', 'Disabled', 'it is disabled');
SELECT is(helper.lets_in(secret), 'PT401 There is no valid credential.', 'then neither counts: the ' || name) FROM helper.secrets ORDER BY name;
SELECT is(api.apitoken_enable('TKN-1671-0642') ->> 'status', 'Active', 'and is enabled');
SELECT is(helper.lets_in(secret), 'ok TKN-1671-0642', 'then both do: the ' || name) FROM helper.secrets WHERE name <> 'first' ORDER BY name;

-- which of the two is used
SELECT is(to_jsonb(v) - '{rotated_at,old_secret_until}'::text[], '{"account_id": "ACC-3001-7788", "api_token_id": "TKN-1671-0642", "name": "Nightly export", "status": "Active",
	"new_secret_access_at": null, "old_secret_access_at": null, "last_used": null, "new_secret_access_address": null, "old_secret_access_address": null}', 'a view has it') FROM apitoken_monitor.tokens_in_rotation v;
SELECT api.apitoken_authenticate(secret) FROM helper.secrets WHERE name = 'second' \g /dev/null
SELECT is(to_json(v) ->> 'last_used', 'old', 'the old one was used') FROM apitoken_monitor.tokens_in_rotation v;
SELECT ok(last_access_at BETWEEN now() - interval '1 ms' AND clock_timestamp() + interval '1 ms', 'lastAccessAt is of whichever') FROM apitoken.api_token_credentials WHERE api_token_id = 'TKN-1671-0642';
SELECT pg_sleep(0.002), api.apitoken_authenticate(secret) FROM helper.secrets WHERE name = 'third' \g /dev/null
SELECT is(to_json(v) ->> 'last_used', 'new', 'then the new one') FROM apitoken_monitor.tokens_in_rotation v;
SELECT set_config('apitoken.actor', '', true) \g /dev/null

-- its time is over, by the clock
UPDATE apitoken.api_tokens SET old_secret_until = clock_timestamp() - interval '1 ms' WHERE id = 'TKN-1671-0642';
SELECT is(helper.lets_in(secret), CASE name WHEN 'third' THEN 'ok TKN-1671-0642' ELSE 'PT401 There is no valid credential.' END, 'after the overlap: the ' || name) FROM helper.secrets ORDER BY name;
SELECT is(count(*), 0::bigint, 'nor does the view have it') FROM apitoken_monitor.tokens_in_rotation;
UPDATE apitoken.api_tokens SET old_secret_until = clock_timestamp() + interval '1 day' WHERE id = 'TKN-1671-0642';

-- never more than two
SELECT helper.rotate('fourth', 'TKN-1671-0642', '1 hour') \g /dev/null
SELECT is(helper.lets_in(secret), CASE WHEN name IN ('third', 'fourth') THEN 'ok TKN-1671-0642' ELSE 'PT401 There is no valid credential.' END, 'rotated again: the ' || name) FROM helper.secrets ORDER BY name;
SELECT is(array_agg(number ORDER BY number), '{2,3}', 'the others are kept nowhere') FROM apitoken.api_token_secrets WHERE api_token_id = 'TKN-1671-0642';

-- who acts by a secret that ends meanwhile
SAVEPOINT acting;
SELECT api.apitoken_authenticate(secret) FROM helper.secrets WHERE name = 'third' \g /dev/null
SELECT is(api.apitoken_get('TKN-1671-0642', '-*,+id') ->> 'id', 'TKN-1671-0642', 'the old secret acts');
SELECT is(api.apitoken_actor() ->> 'id', 'TKN-1671-0642', 'for an application as well');
UPDATE apitoken.api_tokens SET old_secret_until = NULL WHERE id = 'TKN-1671-0642';
SELECT helper.refused($$SELECT api.apitoken_get('TKN-1671-0642')$$, 'PT401', 'until it ends');
SELECT is(api.apitoken_actor(), NULL, 'for an application as well');
ROLLBACK TO acting;

/*
 * What is wrong.
 */
SELECT is(to_jsonb(f), '{"code": "PT400", "message": "Bad Request", "detail": "The argument \"overlap\" is negative.", "hint": "It is at most 604800 seconds, as apitoken.max_rotation_overlap has it."}'::jsonb, 'what is said')
	FROM helper.failure($$SELECT api.apitoken_rotate('TKN-1671-0642', '-1 ms')$$) f;
SELECT is(helper.came(call, actor, role), expected, call) FROM (VALUES
	($$SELECT api.apitoken_rotate('TKN-1671-0642', '7 days 1 second')$$, NULL, NULL, 'PT400 The argument "overlap" is too long.'),
	($$SELECT api.apitoken_rotate('TKN-1671-0642', '1 month')$$, NULL, NULL, 'PT400 The argument "overlap" is too long.'),
	($$SELECT api.apitoken_rotate('TKN-1671-0642', '178000000 years')$$, NULL, NULL, 'PT400 The argument "overlap" is too long.'),
	($$SELECT api.apitoken_rotate('TKN-1671-0642', '-290000 years')$$, NULL, NULL, 'PT400 The argument "overlap" is negative.'),
	($$SELECT api.apitoken_rotate('TKN-1671-0642', '1 day -25 hours')$$, NULL, NULL, 'PT400 The argument "overlap" is negative.'),
	($$SELECT api.apitoken_rotate('TKN-1671-0642', NULL) ->> 'oldSecretUntil' IS NULL$$, NULL, NULL, 'ok true'),
	($$SELECT api.apitoken_rotate('TKN-3001-1005')$$, NULL, NULL, 'PT400 The API token "TKN-3001-1005" is Deleted.'),
	($$SELECT api.apitoken_rotate('TKN-3001-1004') ->> 'status'$$, NULL, NULL, 'ok Disabled'),
	($$SELECT api.apitoken_rotate('')$$, NULL, NULL, 'PT400 The argument "id" is null or empty.'),
	($$SELECT api.apitoken_rotate('TKN-9999-9999')$$, NULL, NULL, 'PT404 There is no API token "TKN-9999-9999" that you may administer.'),
	($$SELECT api.apitoken_rotate('TKN-1671-0642')$$, NULL, 'apitoken_rotation_caller', 'PT401 There is no valid credential.'),
	($$SELECT api.apitoken_rotate('TKN-3002-1001')$$, :below, 'apitoken_rotation_caller', 'PT404 There is no API token "TKN-3002-1001" that you may administer.')) AS c (call, actor, role, expected);

/*
 * Who may: who could give the token all that it has.
 */
SELECT is(helper.came(format($$SELECT api.apitoken_rotate(%L) ->> 'id'$$, token), actor), expected, format('%s rotates %s', who, token)) FROM (VALUES
	('a token', :below, 'TKN-1671-0642', 'PT403 The actor does not hold the module "MOD-0003", and so cannot give it.'),
	('a token', :below, 'TKN-3001-1002', 'PT403 An API token does not rotate itself here.'),
	('a token above', :above, 'TKN-1671-0642', 'ok TKN-1671-0642'),
	('a token above', :above, 'TKN-0001-0001', 'PT403 An API token does not rotate itself here.'),
	('one without a module', helper.as_token('TKN-3001-1003'), 'TKN-1671-0642', 'PT403 The actor holds no module that lets him administer API tokens.'),
	('one without a module', helper.as_token('TKN-3001-1003'), 'TKN-3001-1003', 'PT403 An API token does not rotate itself here.')) AS c (who, actor, token, expected);
INSERT INTO apitoken.api_token_modules VALUES ('ACC-3001-7788', 'TKN-3001-1002', 'MOD-0003'), ('ACC-3001-7788', 'TKN-3001-1002', 'MOD-0004');
SELECT is(helper.came($$SELECT api.apitoken_rotate('TKN-1671-0642') ->> 'id'$$, :below), 'ok TKN-1671-0642', 'a token that holds as much does');
CREATE ROLE apitoken_rotation_authenticator;
GRANT apitoken_rotation_caller TO apitoken_rotation_authenticator;
SET LOCAL apitoken.jwt_authenticator = 'apitoken_rotation_authenticator';
SET LOCAL apitoken.jwt_actor_claim = 'sub';
SELECT is((helper.probe($$SELECT api.apitoken_rotate('TKN-1671-0642') ->> 'id'$$, helper.as_user('USR-3001-0001'), 'apitoken_rotation_caller', 'apitoken_rotation_authenticator')).result, 'TKN-1671-0642',
	'a user who administers the account does');
SELECT is((helper.probe($$SELECT api.apitoken_rotate('TKN-0001-0001') ->> 'id'$$, helper.as_user('USR-3001-0001'), 'apitoken_rotation_caller', 'apitoken_rotation_authenticator')).code, 'PT404', 'and no other');

SET LOCAL apitoken.self_rotation = on;
SELECT is(helper.came(format($$SELECT api.apitoken_rotate(%L) ->> 'id'$$, token), helper.as_token(token)), 'ok ' || token, 'where it is let, a token rotates itself: ' || token)
	FROM unnest('{TKN-3001-1002,TKN-3001-1003,TKN-0001-0001}'::text[]) token;
SELECT is(helper.came($$SELECT api.apitoken_rotate('TKN-1671-0642') ->> 'id'$$, helper.as_token('TKN-3001-1003')), 'PT403 The actor holds no module that lets him administer API tokens.', 'and no other');
UPDATE apitoken.api_tokens SET expires_at = '2999-01-01' WHERE id = 'TKN-3001-1003';
SELECT is(helper.came($$SELECT api.apitoken_rotate('TKN-3001-1003') ->> 'expiresAt'$$, helper.as_token('TKN-3001-1003')), 'ok 2999-01-01T00:00:00.000Z', 'never beyond its end');

-- nor by the old secret beyond that one's
SAVEPOINT again;
SELECT api.apitoken_rotate('TKN-3001-1003', '1 day') ->> 'token' AS present \gset
SELECT is(helper.came($$SELECT api.apitoken_rotate('TKN-3001-1003', '1 hour') ->> 'id'$$, format('SELECT api.apitoken_authenticate(%L)', secret)), expected, 'by itself, with its ' || which)
	FROM (VALUES ('old secret', helper.secret('TKN-3001-1003'), 'PT403 The actor has authenticated with an old secret.'), ('present one', :'present', 'ok TKN-3001-1003')) AS c (which, secret, expected);
ROLLBACK TO again;

-- nobody who has less time gets at a secret that has more
UPDATE apitoken.api_tokens SET expires_at = '2998-12-31' WHERE id IN ('TKN-3001-1002', 'TKN-0001-0001');
SELECT is(helper.came($$SELECT api.apitoken_rotate('TKN-3001-1003') ->> 'id'$$, actor), expected, format('%s that ends sooner', actor)) FROM (VALUES
	(:below, 'PT403 The actor expires before that.'), (:above, 'PT403 The actor expires before that.'), (NULL, 'PT401 There is no valid credential.')) AS c (actor, expected);
SELECT is(helper.came($$SELECT api.apitoken_rotate('TKN-3001-1003') ->> 'id'$$, NULL, NULL), 'ok TKN-3001-1003', 'a trusted role does');
UPDATE apitoken.api_tokens SET expires_at = '2999-01-01' WHERE id IN ('TKN-3001-1002', 'TKN-0001-0001');
SELECT is(helper.came($$SELECT api.apitoken_rotate('TKN-3001-1003') ->> 'id'$$, actor), 'ok TKN-3001-1003', format('%s that ends with it', actor)) FROM unnest(ARRAY[:below, :above]) actor;
UPDATE apitoken.api_tokens SET expires_at = NULL WHERE id IN ('TKN-3001-1002', 'TKN-0001-0001');

-- what is held
SELECT api.apitoken_ensure_disabled('TKN-3001-1004', true) \g /dev/null
SELECT is(helper.came($$SELECT api.apitoken_rotate('TKN-3001-1004') ->> 'id'$$, actor), expected, 'held: ' || actor) FROM (VALUES
	(:below, 'PT403 The API token "TKN-3001-1004" is held.'), (:above, 'ok TKN-3001-1004')) AS c (actor, expected);
SELECT api.apitoken_hold_account('ACC-3001-7788') \g /dev/null
SELECT is(helper.came($$SELECT api.apitoken_rotate('TKN-1671-0642') ->> 'id'$$, actor), expected, 'of a held account: ' || actor) FROM (VALUES
	(:below, 'PT403 The account "ACC-3001-7788" is held.'), (helper.as_token('TKN-3001-1003'), 'PT403 The actor holds no module that lets him administer API tokens.'), (:above, 'ok TKN-1671-0642')) AS c (actor, expected);
SELECT is(helper.came($$SELECT api.apitoken_rotate('TKN-3001-1003') ->> 'id'$$, helper.as_token('TKN-3001-1003')), 'PT403 The account "ACC-3001-7788" is held.', 'nor itself');
SELECT api.apitoken_release_account('ACC-3001-7788') \g /dev/null

-- the longest lifetime counts from the rotation on
UPDATE apitoken.api_tokens SET expires_at = now() + interval '10 days' WHERE id = 'TKN-3001-1002';
SET LOCAL apitoken.max_lifetime = '30d';
SELECT helper.refused(format('SELECT api.apitoken_update(''TKN-3001-1002'', %L)', jsonb_build_object('expiresAt', now() + interval '29 days')), 'PT400', 'an old token is not prolonged');
SELECT is(count(*), 1::bigint, 'and is beyond its lifetime') FROM apitoken_monitor.tokens_beyond_lifetime WHERE api_token_id = 'TKN-3001-1002';
SELECT helper.rotate('other', 'TKN-3001-1002') \g /dev/null
SELECT is(helper.came(format('SELECT api.apitoken_update(''TKN-3001-1002'', %L) ? ''expiresAt''', jsonb_build_object('expiresAt', to_char(now() + interval '29 days', 'YYYY-MM-DD'))), NULL, NULL), 'ok true', 'one that was rotated is');
SELECT is(count(*), 0::bigint, 'and it is not') FROM apitoken_monitor.tokens_beyond_lifetime WHERE api_token_id = 'TKN-3001-1002';

/*
 * By hand: an actor who may change rows does not say which secrets count.
 */
GRANT USAGE ON SCHEMA apitoken TO apitoken_rotation_caller;
GRANT SELECT ON ALL TABLES IN SCHEMA apitoken TO apitoken_rotation_caller;
GRANT EXECUTE ON FUNCTION apitoken.sees_every_account(), apitoken.visible_accounts() TO apitoken_rotation_caller;
GRANT UPDATE (secret_number, rotated_at, old_secret_until, revoked_at) ON apitoken.api_tokens TO apitoken_rotation_caller;
SELECT is((helper.probe(format('UPDATE apitoken.api_tokens SET %s WHERE id = ''TKN-1671-0642'' RETURNING id', change), format('SELECT api.apitoken_authenticate(%L)', secret), 'apitoken_rotation_caller')).code, '42501', 'by hand: ' || change)
	FROM helper.secrets, unnest(ARRAY['secret_number = 2', 'rotated_at = NULL', 'old_secret_until = ''2999-01-01''', 'revoked_at = now()']) change WHERE name = 'other';
SELECT is((helper.probe('SELECT count(*) FROM apitoken.api_token_secrets', format('SELECT api.apitoken_authenticate(%L)', secret), 'apitoken_rotation_caller')).result, '0', 'digests are nobody''s to read') FROM helper.secrets WHERE name = 'other';

SELECT * FROM finish();
ROLLBACK;
