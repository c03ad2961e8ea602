/*
 * Tokens that expire: who says when, and what becomes of it.  No moment is waited
 * for: ends are set, by hand where they are over.
 */
\ir fixtures/life.psql

BEGIN;
SELECT plan(86);
SET LOCAL TimeZone = 'Asia/Kolkata';

\set caller apitoken_expiry_caller
\ir fixtures/caller.psql
-- a moment in the documented form, and the whole milliseconds that are stored
CREATE FUNCTION helper.moment(at timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
	SELECT to_char(date_trunc('milliseconds', at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;
\set below `printf "helper.as_token('TKN-3001-1002')"`
\set above `printf "helper.as_token('TKN-0001-0001')"`

/*
 * What can be said.
 */
SELECT is(helper.came(format($$SELECT api.apitoken_create('{"account": {"id": "ACC-3001-7788"}, "name": "New", "expiresAt": %s}') ->> 'expiresAt'$$, given)), expected, 'create: ' || given) FROM (VALUES
	('"2999-12-31T23:59:59.999Z"', 'PT401 There is no valid credential.')) AS c (given, expected);
SELECT is(helper.came(format($$SELECT COALESCE(api.apitoken_create('{"account": {"id": "ACC-3001-7788"}, "name": "New", "expiresAt": %s}') ->> 'expiresAt', 'none')$$, given), :below), expected, 'create: ' || given) FROM (VALUES
	('"2999-12-31T23:59:59.999Z"', 'ok 2999-12-31T23:59:59.999Z'),
	('"2999-12-31T23:59:59.9999Z"', 'ok 2999-12-31T23:59:59.999Z'),
	('"2999-12-31"', 'ok 2999-12-31T00:00:00.000Z'),
	('"2999-12-31T00:00:00+02:00"', 'ok 2999-12-30T22:00:00.000Z'),
	('"9999-12-31T23:59:59.999Z"', 'ok 9999-12-31T23:59:59.999Z'),
	('null', 'ok none'),
	('"9999-12-31T23:59:59-01:00"', 'PT400 The member "expiresAt" is not a date.'),
	('"2999-02-30"', 'PT400 The member "expiresAt" is not a date.'),
	('"tomorrow"', 'PT400 The member "expiresAt" is not a date.'),
	('"infinity"', 'PT400 The member "expiresAt" is not a date.'),
	('""', 'PT400 The member "expiresAt" is not a date.'),
	('32503680000', 'PT400 The member "expiresAt" is not a date.'),
	('{}', 'PT400 The member "expiresAt" is not a date.'),
	('"2026-01-01T00:00:00.000Z"', 'PT400 The member "expiresAt" is in the past.'),
	('"1999-12-31T23:59:59.999Z"', 'PT400 The member "expiresAt" is in the past.')) AS c (given, expected);
SELECT is(to_jsonb(f), '{"code": "PT400", "message": "Bad Request", "detail": "The member \"expiresAt\" is in the past.", "hint": "Give a moment to come; apitoken_disable() ends a token now."}'::jsonb, 'what is said')
	FROM helper.failure($$SELECT api.apitoken_update('TKN-1671-0642', '{"name": "New", "expiresAt": "2026-01-01"}')$$) f;
SELECT is(name, 'Nightly export', 'nothing is changed then') FROM apitoken.api_tokens WHERE id = 'TKN-1671-0642';

/*
 * Where it is shown, and where not.
 */
CREATE TABLE helper.before AS SELECT api.apitoken_get('TKN-1671-0642') AS document;
SELECT is(api.apitoken_get('TKN-1671-0642', '-expiresAt'), document, 'it makes no difference where there is none') FROM helper.before;
SELECT is(api.apitoken_update('TKN-1671-0642', '{"expiresAt": null}'), document, 'null where there is none changes nothing, the updated event neither') FROM helper.before;
SELECT is(api.apitoken_update('TKN-1671-0642', '{"expiresAt": "2999-01-01T00:00:00.000Z"}') - 'audit', (document - 'audit') || '{"expiresAt": "2999-01-01T00:00:00.000Z"}', 'it is new in the document')
	FROM helper.before;
SELECT is(api.apitoken_get('TKN-1671-0642', '-*,+id') #> '{$meta,omitted}' ? 'expiresAt', true, 'and named where it is left out');
SELECT is(api.apitoken_list('order=expiresAt&limit=1&select=-*,expiresAt') -> 'data', '[{"$meta": {"omitted": ["account", "audit", "description", "href", "icon", "id", "lastAccessAt", "modules", "name", "status", "token"]}, "expiresAt": "2999-01-01T00:00:00.000Z"}]',
	'lists order by it, and select it');
SELECT is(jsonb_path_query_array(api.apitoken_list(query || '&select=-*,id'), '$.data[*].id'), expected::jsonb, 'lists: ' || query) FROM (VALUES
	('ne(expiresAt,null())', '["TKN-1671-0642"]'), ('lt(expiresAt,2999-01-02)', '["TKN-1671-0642"]'), ('lt(expiresAt,2999-01-01)', '[]'),
	('expiresAt=2999-01-01T00:00:00.000Z', '["TKN-1671-0642"]')) AS c (query, expected);
SELECT is(api.apitoken_update('TKN-1671-0642', api.apitoken_get('TKN-1671-0642') || '{"name": "Sent"}') ->> 'expiresAt', '2999-01-01T00:00:00.000Z', 'sent back: it stays');
SELECT is(api.apitoken_update('TKN-1671-0642', '{"name": "Nightly export"}') ->> 'expiresAt', '2999-01-01T00:00:00.000Z', 'not supplied: it stays');
SELECT is(api.apitoken_update('TKN-1671-0642', '{"expiresAt": null}') - 'audit', document - 'audit', 'null: it is gone') FROM helper.before;

/*
 * Past it.
 */
UPDATE apitoken.api_tokens SET expires_at = clock_timestamp() - interval '1 ms' WHERE id IN ('TKN-1671-0642', 'TKN-3001-1004');
SELECT is(to_jsonb(f), to_jsonb(u), 'it does not authenticate, like any unknown one')
	FROM helper.failure(format('SELECT api.apitoken_authenticate(%L)', helper.secret('TKN-1671-0642'))) f, helper.failure($$SELECT api.apitoken_authenticate('idt:TKN-9999-9999:x')$$) u;
SELECT is(api.apitoken_get('TKN-1671-0642') ->> 'status', 'Active', 'its status is what it was');
SELECT is(to_jsonb(f), '{"code": "PT400", "message": "Bad Request", "detail": "The API token \"TKN-3001-1004\" has expired.", "hint": "Give it a later end first, its member expiresAt."}'::jsonb, 'it is not enabled')
	FROM helper.failure($$SELECT api.apitoken_enable('TKN-3001-1004')$$) f;
SELECT is(helper.came($$UPDATE apitoken.api_tokens SET status = 'Active' WHERE id = 'TKN-3001-1004' RETURNING id$$, NULL, NULL), 'PT400 The API token "TKN-3001-1004" has expired.', 'nor by hand');
SELECT is(helper.came($$SELECT api.apitoken_enable('TKN-3001-1004')$$, helper.as_token('TKN-3002-1001')), 'PT404 There is no API token "TKN-3001-1004" that you may administer.',
	'nobody else is told');
SELECT is(api.apitoken_update('TKN-3001-1004', api.apitoken_get('TKN-3001-1004') || '{"name": "Sent"}') ->> 'name', 'Sent', 'its document can be sent back');
SELECT is(api.apitoken_disable_all('ACC-3001-7788', 'id=TKN-1671-0642'), '["TKN-1671-0642"]', 'it is disabled like any other');
SELECT is(api.apitoken_enable_all('["TKN-1671-0642"]'), '[]', 'which is not taken back');
SELECT is(api.apitoken_update('TKN-1671-0642', '{"expiresAt": "2999-01-01"}') ->> 'status', 'Disabled', 'with another end');
SELECT is(api.apitoken_enable_all('["TKN-1671-0642"]'), '["TKN-1671-0642"]', 'it is');
SELECT is(helper.came(format($$SELECT api.apitoken_authenticate(%L) ->> 'id'$$, helper.secret('TKN-1671-0642')), NULL, NULL), 'ok TKN-1671-0642', 'and authenticates');

-- by the clock, not by the transaction's beginning
SAVEPOINT acting;
UPDATE apitoken.api_tokens SET expires_at = '2999-01-01' WHERE id = 'TKN-3001-1002';
SELECT api.apitoken_authenticate(helper.secret('TKN-3001-1002')) \g /dev/null
SELECT is(api.apitoken_get('TKN-1671-0642') ->> 'id', 'TKN-1671-0642', 'a token acts until its end');
UPDATE apitoken.api_tokens SET expires_at = clock_timestamp() - interval '1 ms' WHERE id = 'TKN-3001-1002';
SELECT is((SELECT code FROM helper.failure(call)), 'PT401', 'and not after it: ' || call) FROM unnest(ARRAY[$$SELECT api.apitoken_get('TKN-1671-0642')$$,
	$$SELECT api.apitoken_list()$$, $$SELECT api.apitoken_disable('TKN-1671-0642')$$, $$SELECT api.apitoken_guard()$$,
	format('SELECT api.apitoken_authenticate(%L)', helper.secret('TKN-3001-1002'))]) call;
ROLLBACK TO acting;

/*
 * Nobody gives more time than he has.
 */
UPDATE apitoken.api_tokens SET expires_at = '2100-01-01' WHERE id IN ('TKN-3001-1002', 'TKN-0001-0001');
SELECT is(helper.came(call, actor), expected, format('%s: %s', who, call)) FROM (VALUES
	('itself', :below, $$SELECT api.apitoken_update('TKN-3001-1002', '{"expiresAt": "2100-01-02"}')$$, 'PT403 The actor expires before that.'),
	('itself', :below, $$SELECT api.apitoken_update('TKN-3001-1002', '{"expiresAt": null}')$$, 'PT403 The actor expires before that.'),
	('itself', :below, $$SELECT api.apitoken_update('TKN-3001-1002', '{"expiresAt": "2099-01-01"}') ->> 'expiresAt'$$, 'ok 2099-01-01T00:00:00.000Z'),
	('another', :below, $$SELECT api.apitoken_update('TKN-3001-1004', '{"expiresAt": "2100-01-02"}')$$, 'PT403 The actor expires before that.'),
	('another', :below, $$SELECT api.apitoken_update('TKN-3001-1004', '{"expiresAt": "2099-01-01"}') ->> 'expiresAt'$$, 'ok 2099-01-01T00:00:00.000Z'),
	('one that has no end', :below, $$SELECT api.apitoken_update('TKN-3001-1003', '{"expiresAt": "2200-01-01"}') ->> 'expiresAt'$$, 'ok 2200-01-01T00:00:00.000Z'),
	('a new one', :below, $$SELECT api.apitoken_create('{"account": {"id": "ACC-3001-7788"}, "name": "New", "expiresAt": "2100-01-02"}')$$, 'PT403 The actor expires before that.'),
	('a new one', :below, $$SELECT api.apitoken_create('{"account": {"id": "ACC-3001-7788"}, "name": "New"}') ->> 'expiresAt'$$, 'ok ' || helper.moment('2100-01-01')),
	('above', :above, $$SELECT api.apitoken_update('TKN-0001-0001', '{"expiresAt": null}')$$, 'PT403 The actor expires before that.'),
	('above', :above, $$SELECT api.apitoken_update('TKN-3001-1004', '{"expiresAt": "2100-01-02"}')$$, 'PT403 The actor expires before that.')) AS c (who, actor, call, expected);
SELECT is(helper.came($$SELECT api.apitoken_update('TKN-3001-1004', '{"expiresAt": "2100-01-02"}') ->> 'expiresAt'$$, NULL, NULL), 'ok 2100-01-02T00:00:00.000Z', 'a trusted role does');

-- Nor to what is held.
SAVEPOINT held;
SELECT api.apitoken_ensure_disabled('TKN-3001-1004', true) \g /dev/null
SELECT is(helper.came(call, actor), expected, format('held: %s', call)) FROM (VALUES
	(:below, $$SELECT api.apitoken_update('TKN-3001-1004', '{"expiresAt": "2099-01-01"}')$$, 'PT403 The API token "TKN-3001-1004" is held.'),
	(:above, $$SELECT api.apitoken_update('TKN-3001-1004', '{"expiresAt": "2099-01-01"}') ->> 'expiresAt'$$, 'ok 2099-01-01T00:00:00.000Z')) AS c (actor, call, expected);
SELECT api.apitoken_release('TKN-3001-1004'), api.apitoken_hold_account('ACC-3001-7788') \g /dev/null
SELECT is(helper.came(call, actor), expected, format('of a held account: %s', call)) FROM (VALUES
	(:below, $$SELECT api.apitoken_update('TKN-3001-1004', '{"expiresAt": "2099-01-01"}')$$, 'PT403 The account "ACC-3001-7788" is held.'),
	(:below, $$SELECT api.apitoken_update('TKN-1671-0642', '{"expiresAt": "2099-01-01"}') ->> 'expiresAt'$$, 'ok 2099-01-01T00:00:00.000Z'),
	(:above, $$SELECT api.apitoken_update('TKN-3001-1004', '{"expiresAt": "2099-01-01"}') ->> 'expiresAt'$$, 'ok 2099-01-01T00:00:00.000Z')) AS c (actor, call, expected);
ROLLBACK TO held;

/*
 * The longest lifetime.
 */
UPDATE apitoken.api_tokens SET expires_at = NULL WHERE id IN ('TKN-3001-1002', 'TKN-0001-0001', 'TKN-1671-0642');
SELECT is((SELECT count(*) FROM apitoken_monitor.tokens_beyond_lifetime), 0::bigint, 'without a bound nothing is beyond it');
SET LOCAL apitoken.max_lifetime = '30d';
UPDATE apitoken.accounts SET max_token_lifetime = '1 month 10 days' WHERE id = 'ACC-3002-9900';
UPDATE apitoken.accounts SET max_token_lifetime = '1 day' WHERE id = 'ACC-3001-7788';
SELECT ok((made ->> 'expiresAt')::timestamptz BETWEEN now() - interval '1 ms' + lifetime AND clock_timestamp() + lifetime, format('a new one of %s ends after %s', account, lifetime))
	FROM (VALUES ('ACC-0001-0001', interval '30 days'), ('ACC-3002-9900', interval '30 days'), ('ACC-3001-7788', interval '1 day')) AS c (account, lifetime),
		api.apitoken_create(jsonb_build_object('account', jsonb_build_object('id', account), 'name', 'New')) made;
SELECT is(helper.came($$SELECT api.apitoken_create('{"account": {"id": "ACC-3001-7788"}, "name": "New", "expiresAt": "2999-01-01"}')$$, NULL, NULL),
	'PT400 The member "expiresAt" is later than the longest lifetime allows.', 'none is later, whoever asks');
SELECT alike(hint, 'The latest end is ____-__-__T__:__:__.___Z.', 'and he is told what is')
	FROM helper.failure($$SELECT api.apitoken_create('{"account": {"id": "ACC-3001-7788"}, "name": "New", "expiresAt": "2999-01-01"}')$$);
SELECT is(expires_at, NULL, 'those that are there keep what they have') FROM apitoken.api_tokens WHERE id = 'TKN-1671-0642';
SELECT is(api.apitoken_update('TKN-1671-0642', '{"expiresAt": null, "name": "Same"}') ->> 'name', 'Same', 'also where it is sent back');
SELECT is(helper.came(call, NULL, NULL), expected, call) FROM (VALUES
	(format($$SELECT api.apitoken_update('TKN-1671-0642', '{"expiresAt": "%s"}')$$, helper.moment(now() + interval '2 days')), 'PT400 The member "expiresAt" is later than the longest lifetime allows.'),
	(format($$SELECT api.apitoken_update('TKN-1671-0642', '{"expiresAt": "%s"}') ->> 'expiresAt'$$, helper.moment(now() + interval '12 hours')), 'ok ' || helper.moment(now() + interval '12 hours'))) AS c (call, expected);
SELECT is(api.apitoken_update('TKN-1671-0642', jsonb_build_object('expiresAt', helper.moment(now() + interval '12 hours'))) ->> 'expiresAt', helper.moment(now() + interval '12 hours'),
	'one that is older is brought nearer to it');
SELECT is(helper.came(format($$SELECT api.apitoken_update('TKN-1671-0642', '{"expiresAt": "%s"}')$$, helper.moment(now() + interval '13 hours')), NULL, NULL),
	'PT400 The member "expiresAt" is later than the longest lifetime allows.', 'and not away from it again');
UPDATE apitoken.api_tokens SET expires_at = created_at + interval '1 hour' WHERE id = 'TKN-3001-1003';
UPDATE apitoken.api_tokens SET expires_at = '2999-01-01Z' WHERE id = 'TKN-3001-1004';
SELECT is(jsonb_agg(jsonb_build_array(api_token_id, expires_at, latest_end) ORDER BY api_token_id), jsonb_build_array(
		jsonb_build_array('TKN-1671-0642', date_trunc('milliseconds', now() + interval '12 hours'), timestamptz '2025-02-22 18:02:53.773Z'),
		jsonb_build_array('TKN-3001-1002', NULL, timestamptz '2025-03-02 10:00:00Z'),
		jsonb_build_array('TKN-3001-1004', timestamptz '2999-01-01Z', timestamptz '2025-03-04 10:00:00Z'),
		jsonb_build_array('TKN-3002-1001', NULL, timestamptz '2025-05-01 10:00:00Z')), 'a view lists them, and no others, a Deleted one neither')
	FROM apitoken_monitor.tokens_beyond_lifetime WHERE account_id IN ('ACC-3001-7788', 'ACC-3002-9900');
SELECT helper.refused(format('UPDATE apitoken.accounts SET max_token_lifetime = %L WHERE id = ''ACC-3001-7788''', given), '23514', 'an account has no lifetime of ' || given)
	FROM unnest('{0,-1 day,1001 years}'::text[]) given;
RESET apitoken.max_lifetime;
SELECT is((SELECT context || ' ' || unit || ' ' || boot_val FROM pg_settings WHERE name = 'apitoken.max_lifetime'), 'superuser s 0', 'only a superuser bounds every account''s, and nobody does by default');

/*
 * By hand: nobody whom row security binds.
 */
CREATE ROLE apitoken_expiry_careless;
GRANT USAGE ON SCHEMA api, apitoken TO apitoken_expiry_careless;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO apitoken_expiry_careless;
GRANT SELECT ON ALL TABLES IN SCHEMA apitoken TO apitoken_expiry_careless;
GRANT EXECUTE ON FUNCTION apitoken.sees_every_account(), apitoken.visible_accounts() TO apitoken_expiry_careless;
GRANT UPDATE (expires_at) ON apitoken.api_tokens TO apitoken_expiry_careless;
GRANT UPDATE (max_token_lifetime) ON apitoken.accounts TO apitoken_expiry_careless;
SELECT is((helper.probe(statement || ' RETURNING id', helper.as_token(actor), 'apitoken_expiry_careless')).code, expected, format('%s by hand: %s', actor, statement)) FROM (VALUES
	('TKN-3001-1002', $$UPDATE apitoken.api_tokens SET expires_at = '2999-01-01' WHERE id = 'TKN-1671-0642'$$, '42501'),
	('TKN-3001-1002', $$UPDATE apitoken.accounts SET max_token_lifetime = NULL WHERE id = 'ACC-3001-7788'$$, '42501'),
	('TKN-0001-0001', $$UPDATE apitoken.api_tokens SET expires_at = '2999-01-01' WHERE id = 'TKN-1671-0642'$$, '42501'),
	('TKN-0001-0001', $$UPDATE apitoken.accounts SET max_token_lifetime = NULL WHERE id = 'ACC-3001-7788'$$, '42501')) AS c (actor, statement, expected);

/*
 * What a nightly mail is made from.
 */
UPDATE apitoken.api_tokens SET expires_at = CASE id WHEN 'TKN-1671-0642' THEN now() + interval '6 days' WHEN 'TKN-3001-1003' THEN now() + interval '8 days'
	WHEN 'TKN-3001-1002' THEN now() - interval '1 day' WHEN 'TKN-3001-1004' THEN now() - interval '2 days' WHEN 'TKN-3001-1005' THEN now() - interval '3 days' END;
SELECT is(jsonb_agg(to_jsonb(v)), jsonb_build_array(jsonb_build_object('account_id', 'ACC-3001-7788', 'api_token_id', 'TKN-1671-0642', 'name', 'Same',
		'expires_at', (now() + interval '6 days')::timestamptz(3), 'last_access_at', timestamptz '2026-01-31 22:59:58.421Z', 'creator_type', 'user', 'creator_id', 'USR-3001-0001')),
	'tokens_expiring, within a week')
	FROM apitoken_monitor.tokens_expiring v WHERE expires_at < now() + interval '7 days';
SELECT is(jsonb_agg(jsonb_build_array(api_token_id, status) ORDER BY api_token_id), '[["TKN-3001-1002", "Active"], ["TKN-3001-1004", "Disabled"]]', 'tokens_expired, but for Deleted ones')
	FROM apitoken_monitor.tokens_expired;

SELECT * FROM finish();
ROLLBACK;
